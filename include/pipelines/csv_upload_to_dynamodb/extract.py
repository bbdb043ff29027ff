"""A CSV file that landed in S3 into chunks of good rows in the lake, and a file of the others."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from include.core.arrivals.registry import hold
from include.core.arrivals.shares import rows_a_task
from include.core.arrivals.versions import fetch
from include.core.csv.faults import Counts
from include.core.failpoints import failpoint
from include.core.runs.quarantine import (
    allowed_rejects,
    count_codes,
    read_rejected,
    refuse_rejects,
    set_aside,
)
from include.core.snapshot.database import connect_duckdb
from include.core.snapshot.load_csv import CsvFile, load_rows
from include.pipelines.csv_upload_to_dynamodb.chunks import store_chunks
from include.pipelines.csv_upload_to_dynamodb.items import key_column
from include.pipelines.csv_upload_to_dynamodb.ordered_rows import OrderedRows
from include.pipelines.csv_upload_to_dynamodb.stage_events import StageEvent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from duckdb import DuckDBPyConnection

    from include.contracts.uploads import ItemUpload
    from include.core.arrivals.claim import ReceivedFile
    from include.core.csv.faults import Reject
    from include.pipelines.csv_upload_to_dynamodb.chunks import Chunk, ChunkFile, ExtractedFile
    from include.pipelines.csv_upload_to_dynamodb.resources import ItemResources

PIPELINE: Final = "csv_upload_to_dynamodb"

_COPY: Final = "upload"
RELATION: Final = "upload"
"""What the file is called in DuckDB."""


def extract(
    upload: ItemUpload, file: ReceivedFile, *, files: int, resources: ItemResources
) -> ExtractedFile:
    """Cut a file's good rows into chunks, in order of key, so that no two chunks' ids overlap.

    A row whose key an earlier row has is a duplicate when it is an exact copy; with other values
    all rows of the key are rejected.

    Arguments:
        upload: the contract.
        file: which, of those that the run has claimed.
        files: how many files the run has; they share the number of chunks that a run may have.
        resources: what the task works with.

    Raises:
        ArrivalBusyError: another run holds the file.
        ArrivalError: the file is not what arrived.
        DeliveryRefusedError: the contract has more columns than a statement can name.
        InputFileError: the whole file breaks its contract.
        RejectLimitError: more rows were rejected than the dataset allows.
        WorkerExhaustedError: no disk or memory is left.
    """
    began = time.time()
    claim = hold(resources.connect, PIPELINE, file, resources.run)
    failpoint("extract.held")
    if claim.held is None:
        return _extracted(file, began=began, done=claim.counts)
    resources.items(upload)  # which refuses, before anything is read, what could not be written
    folder, rejects = resources.folder, resources.folder / "rejects.jsonl"
    fetch(resources.landing.client, file, folder / _COPY)
    failpoint("extract.fetched")
    source = CsvFile(path=folder / _COPY, name=file["key"], contract=upload.contract)
    with connect_duckdb(folder, memory=resources.memory) as connection:
        with set_aside(rejects, file=file["key"], version=file["version_id"]) as add:
            counts, rows = read_items(connection, source, folder=folder, on_reject=add)
        known: ChunkFile = {
            "bucket": file["bucket"],
            "key": file["key"],
            "version_id": file["version_id"],
            "order": claim.file_order or file["order"],
            "token": claim.held.token,
            "rejects_left": _rejects_left(upload, counts, rejects),
        }
        rows.drop_loaded()
        size = rows_a_task(upload.chunk_rows, counts.kept, files=files)
        stored = store_chunks(rows, size, index=file["index"], resources=resources)
        chunks: list[Chunk] = [{**chunk, "index": file["index"], "file": known} for chunk in stored]
    extracted = _extracted(file, began=began, counts=counts, chunks=chunks)
    if counts.rejected:
        hand_over = resources.hand_over(file["index"])
        extracted["rejects"] = hand_over.put("rejects.jsonl", rejects)
        extracted["rejects_by_code"] = count_codes(rejects)
    failpoint("extract.rejects_stored")
    resources.events.send(_events(known, chunks, rejects))
    failpoint("extract.events_sent")
    return extracted


def read_items(
    connection: DuckDBPyConnection,
    source: CsvFile,
    *,
    folder: Path,
    on_reject: Callable[[Reject], None],
) -> tuple[Counts, OrderedRows]:
    """Read a file to its end, and give its good rows in order of key, one a key.

    Arguments:
        connection: where the rows are put.
        source: the file, whose contract is one of items.
        folder: for the rows on their way, about the size of the decompressed file.
        on_reject: as for load_rows.

    Raises:
        InputFileError: the file breaks its contract.
    """
    rows = source.open()
    load_rows(connection, RELATION, source, rows, folder=folder, on_reject=on_reject)
    key = key_column(source.contract)
    return rows.counts, OrderedRows(connection, RELATION, rows.columns, key=key)


def _extracted(
    file: ReceivedFile,
    *,
    began: float,
    done: dict[str, Any] | None = None,
    counts: Counts | None = None,
    chunks: Sequence[Chunk] = (),
) -> ExtractedFile:
    counts = counts or Counts()
    return {
        "index": file["index"],
        "chunks": list(chunks),
        "counts": {
            "read": counts.read - counts.filtered,
            "rejected": counts.rejected,
            "duplicate": counts.duplicate,
        },
        "rejects": None,
        "rejects_by_code": {},
        "began": began,
        "done": done,
    }


def _rejects_left(upload: ItemUpload, counts: Counts, rejects: Path) -> int:
    read = counts.read - counts.filtered
    refuse_rejects(upload.name, upload.rejects, read=read, rejects_file=rejects)
    return allowed_rejects(upload.rejects, read=read) - counts.rejected


def _events(file: ChunkFile, chunks: Sequence[Chunk], rejects: Path) -> Iterator[StageEvent]:
    for chunk in chunks:
        yield StageEvent(
            stage="extracted",
            file=file,
            chunk=chunk["number"],
            rows=chunk["rows"],
            ids=(chunk["first_id"], chunk["last_id"]),
        )
    lines = [row.line for row in read_rejected(rejects) if row.line is not None]
    if lines:
        yield StageEvent(
            stage="rejected",
            file=file,
            rows=len(lines),
            lines=(min(lines), max(lines)),
            counts=count_codes(rejects),
        )

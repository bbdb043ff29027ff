"""A CSV file that landed in S3 into chunks of good rows in the lake, and a file of the others."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from include.core.arrivals.registry import hold
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
from include.pipelines.csv_upload_to_dynamodb.chunks import chunk_rows, store_chunks
from include.pipelines.csv_upload_to_dynamodb.dealing import cut_file
from include.pipelines.csv_upload_to_dynamodb.items import key_column
from include.pipelines.csv_upload_to_dynamodb.stage_events import StageEvent

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from include.contracts.uploads import ItemUpload
    from include.core.aws.objects import Stored
    from include.pipelines.csv_upload_to_dynamodb.places import Places

PIPELINE: Final = "csv_upload_to_dynamodb"

_COPY: Final = "upload"


def extract(
    upload: ItemUpload, file: dict[str, Any], *, files: int, places: Places
) -> dict[str, Any]:
    """Cut a file's good rows into chunks, in order of key, so that no two chunks' ids overlap.

    A row whose key has stood before is a duplicate when it is an exact copy; with other values
    all rows of the key are rejected.

    Arguments:
        upload: the contract.
        file: as the run has received it.
        files: how many files the run has; they share the number of chunks that a run may have.
        places: where the task reads and writes; its events name the run that has claimed the file.

    Returns:
        index, chunks, counts (read, rejected, duplicate), rejects (key and sha256, or None),
        rejects_by_code, began (seconds of the epoch), and done: what tally gave back for a file
        that is done already and has no chunks, else None. A chunk has index (the file's), number
        (from 0), key and sha256 of its rows, rows (how many), first_id, last_id, and file:
        bucket, key, version_id, order, token, and rejects_left (how many more it may reject).

    Raises:
        ArrivalBusyError: another run holds the file.
        ArrivalError: the file is not what arrived.
        DeliveryRefusedError: the contract has more columns than a statement can name.
        InputFileError: the whole file breaks its contract.
        RejectLimitError: more rows were rejected than the dataset allows.
    """
    key = key_column(upload.contract)
    began = time.time()
    run = places.events
    claim = hold(places.connect, PIPELINE, file, dag_id=run.dag_id, run_id=run.run_id)
    failpoint("extract.held")
    if claim.held is None:
        return _extracted(file, began=began, done=claim.counts)
    places.items(upload)  # which refuses, before anything is read, what could not be written
    known = {name: file[name] for name in ("bucket", "key", "version_id")}
    known |= {"order": claim.file_order or file["order"], "token": claim.held.token}
    place, folder = places.hand_over(file["index"]), places.folder
    rejects = folder / "rejects.jsonl"
    fetch(places.landing, file, folder / _COPY)
    failpoint("extract.fetched")
    with set_aside(rejects, file=file["key"], version=file["version_id"]) as add:
        counts, cuts = cut_file(
            folder / _COPY,
            name=file["key"],
            contract=upload.contract,
            key=key,
            size_of=lambda rows: chunk_rows(upload, rows, files=files),
            folder=folder,
            on_reject=add,
        )
    known["rejects_left"] = _rejects_left(upload, counts, rejects)
    chunks = [{"index": file["index"], "file": known, **cut} for cut in store_chunks(cuts, place)]
    stored = place.put("rejects.jsonl", rejects) if counts.rejected else None
    failpoint("extract.rejects_stored")
    places.events.tell(_events(known, chunks, rejects))
    failpoint("extract.told")
    return _extracted(
        file,
        began=began,
        counts=counts,
        chunks=chunks,
        rejects=stored,
        by_code=count_codes(rejects),
    )


def _extracted(  # noqa: PLR0913 -- what extract comes back with, in full or for a done file
    file: dict[str, Any],
    *,
    began: float,
    done: dict[str, Any] | None = None,
    counts: Counts | None = None,
    chunks: Sequence[dict[str, Any]] = (),
    rejects: Stored | None = None,
    by_code: dict[str, int] | None = None,
) -> dict[str, Any]:
    counts = counts or Counts()
    return {
        "index": file["index"],
        "chunks": list(chunks),
        "counts": {
            "read": counts.read - counts.filtered,
            "rejected": counts.rejected,
            "duplicate": counts.duplicate,
        },
        "rejects": rejects,
        "rejects_by_code": by_code or {},
        "began": began,
        "done": done,
    }


def _rejects_left(upload: ItemUpload, counts: Counts, rejects: Path) -> int:
    read = counts.read - counts.filtered
    refuse_rejects(upload.name, upload.rejects, read=read, rejects_file=rejects)
    return allowed_rejects(upload.rejects, read=read) - counts.rejected


def _events(
    file: dict[str, Any], chunks: Sequence[dict[str, Any]], rejects: Path
) -> Iterator[StageEvent]:
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

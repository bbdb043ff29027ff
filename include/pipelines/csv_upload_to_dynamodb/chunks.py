"""Chunks of a file on their way from one task to the next: rows as texts, in the lake.

A chunk is a range of the key, so that no two have an id in common. It is a Parquet file: the line
where each row begins in the file, then each column's text or null, in order of the contract's
columns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

from include.core.arrivals.registry import HeldFile
from include.core.aws.objects import Stored
from include.core.failpoints import failpoint
from include.pipelines.csv_upload_to_dynamodb.ordered_rows import read_range

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from contextlib import AbstractContextManager

    from include.core.arrivals.resources import Resources
    from include.pipelines.csv_upload_to_dynamodb.ordered_rows import OrderedRows, Row


class ChunkFile(HeldFile):
    """The file of a chunk: what its tasks need of it.

    order is the file_version of its items, and rejects_left how many more rows each chunk may
    reject.
    """

    order: str
    rejects_left: int


class StoredChunk(Stored):
    """The rows of a chunk in the lake; number is from 0, rows how many."""

    number: int
    rows: int
    first_id: str
    last_id: str


class Chunk(StoredChunk):
    """A part of a file's good rows, as tasks exchange it in JSON; index is the file's."""

    index: int
    file: ChunkFile


class TransformedChunk(Chunk):
    """A chunk whose items are in the lake."""

    items: Stored
    rejected: int
    rejects: Stored | None
    rejects_by_code: dict[str, int]


class LoadedChunk(TransformedChunk):
    """A chunk whose items are in the table: what became of how many."""

    inserted: int
    updated: int
    unchanged: int
    superseded: int


class ObservedChunk(TypedDict):
    """A chunk whose ids were looked up in the table.

    found items are of the file, superseded ones of a newer file; missing_ids are the first of the
    missing, in order of key.
    """

    index: int
    number: int
    extracted: int
    rejected: int
    found: int
    superseded: int
    missing: int
    missing_ids: list[str]
    rejects: Stored | None
    rejects_by_code: dict[str, int]
    rejects_left: int


class _EveryExtractedFile(TypedDict):
    index: int
    chunks: list[Chunk]
    counts: dict[str, int]
    rejects: Stored | None
    rejects_by_code: dict[str, int]
    began: float
    done: dict[str, Any] | None


class ExtractedFile(_EveryExtractedFile, total=False):
    """A file that was read to its end, as tasks exchange it in JSON.

    counts are read, rejected and duplicate; began is in seconds of the epoch. done is the result
    that the registry has of a file that is done already and has no chunks. observed has the chunk
    of a file that has one only, where the same task has written it.
    """

    observed: list[ObservedChunk]


def chunks_to_write(files: Iterable[ExtractedFile]) -> list[Chunk]:
    """The chunks of the files that take_in has not written."""
    return [chunk for file in files if not file.get("observed") for chunk in file["chunks"]]


def store_chunks(
    rows: OrderedRows, size: int, *, index: int, resources: Resources
) -> Iterator[StoredChunk]:
    """Store the rows of a file in chunks of so many, one at a time."""
    hand_over, local = resources.hand_over(index), resources.folder / "chunk.parquet"
    for number, part in enumerate(rows.ranges(size)):
        rows.write(part, local)
        stored = hand_over.put(f"rows/{number:04}.parquet", local)
        local.unlink()
        failpoint("extract.chunk_stored")
        yield {
            "number": number,
            **stored,
            "rows": part.rows,
            "first_id": part.first_key,
            "last_id": part.last_key,
        }


def open_chunk(chunk: Chunk, resources: Resources) -> AbstractContextManager[Iterator[Row]]:
    """The rows of a chunk, in order of key."""
    local = resources.hand_over(chunk["index"]).get(chunk, "rows.parquet")
    return read_range(local, folder=resources.folder, memory=resources.memory)

"""Chunks of a file on their way from one task to the next: rows as texts, in the lake.

A row is a JSON array: the line where it begins in the file, then each column's text or null, in
order of the contract's columns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypedDict

from include.core.arrivals.versions import FileName
from include.core.aws.json_lines import read_lines
from include.core.aws.objects import HandOver, Stored
from include.core.failpoints import failpoint

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from include.contracts.uploads import ItemUpload
    from include.pipelines.csv_upload_to_dynamodb.dealing import Cut

# Airflow maps a task at most 1,024 times (core.max_map_length).
_CHUNKS_A_RUN: Final = 1000


class ChunkFile(FileName):
    """The file of a chunk: what its tasks need of it.

    order is the file_version of its items, token that of the claim, and rejects_left how many more
    rows each chunk may reject.
    """

    order: str
    token: int
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


class ExtractedFile(TypedDict):
    """A file that was read to its end, as tasks exchange it in JSON.

    counts are read, rejected and duplicate; began is in seconds of the epoch. done is the result
    that the registry has of a file that is done already and has no chunks.
    """

    index: int
    chunks: list[Chunk]
    counts: dict[str, int]
    rejects: Stored | None
    rejects_by_code: dict[str, int]
    began: float
    done: dict[str, Any] | None


def chunk_rows(upload: ItemUpload, rows: int, *, files: int) -> int:
    """How many rows a chunk has, so that a run of so many files has not too many chunks."""
    chunks = max(_CHUNKS_A_RUN // files, 1)
    return max(upload.chunk_rows, -(-rows // chunks))


def store_chunks(cuts: Iterable[Cut], hand_over: HandOver) -> Iterator[StoredChunk]:
    """Store chunks, one at a time."""
    for number, cut in enumerate(cuts):
        stored = hand_over.put(f"rows/{number:04}.jsonl.gz", cut.path)
        failpoint("extract.chunk_stored")
        yield {
            "number": number,
            **stored,
            "rows": cut.rows,
            "first_id": cut.first_id,
            "last_id": cut.last_id,
        }


def chunk_lines(chunk: Chunk, hand_over: HandOver) -> Iterator[list[Any]]:
    """The rows of a chunk."""
    return read_lines(hand_over.get(chunk, "rows.jsonl.gz"))

"""Chunks of a file: rows as texts, in the lake, on their way from one task to the next.

A row is a JSON array: the line where it begins in the file, then each column's text or null, in
order of the contract's columns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from include.core.aws.json_lines import read_lines
from include.core.failpoints import failpoint

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from include.contracts.uploads import ItemUpload
    from include.core.aws.objects import HandOver, Stored
    from include.pipelines.csv_upload_to_dynamodb.dealing import Cut

# Airflow maps a task at most 1,024 times (core.max_map_length).
_CHUNKS_A_RUN: Final = 1000


def chunk_rows(upload: ItemUpload, rows: int, *, files: int) -> int:
    """How many rows a chunk has, so that a run of so many files has not too many chunks."""
    chunks = max(_CHUNKS_A_RUN // files, 1)
    return max(upload.chunk_rows, -(-rows // chunks))


def store_chunks(cuts: Iterable[Cut], place: HandOver) -> Iterator[dict[str, Any]]:
    """Store chunks, one at a time; gives number (from 0), key, sha256, rows, first_id, last_id."""
    for number, cut in enumerate(cuts):
        stored = place.put(f"rows/{number:04}.jsonl.gz", cut.path)
        failpoint("extract.chunk_stored")
        yield {
            "number": number,
            **stored,
            "rows": cut.rows,
            "first_id": cut.first_id,
            "last_id": cut.last_id,
        }


def chunk_lines(chunk: dict[str, Any], place: HandOver) -> Iterator[list[Any]]:
    """The rows of a chunk."""
    stored: Stored = {"key": chunk["key"], "sha256": chunk["sha256"]}
    return read_lines(place.get(stored, "rows.jsonl.gz"))

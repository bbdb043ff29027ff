"""Chunks of a file: rows as texts, in the lake, on their way from one task to the next.

A row is a JSON array: the line where it begins in the file, then each column's text or null, in
order of the contract's columns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from include.core.aws.json_lines import read_lines
from include.core.failpoints import failpoint

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from include.contracts.uploads import ItemUpload
    from include.core.aws.objects import ObjectStore
    from include.pipelines.csv_upload_to_dynamodb.dealing import Cut

# Airflow maps a task at most 1,024 times (core.max_map_length).
_CHUNKS_A_RUN: Final = 1000


@dataclass(frozen=True, kw_only=True)
class HandOver:
    """Where files go from task to task.

    Attributes:
        store: the bucket.
        prefix: start of the keys, without a slash at the end.
        folder: for local files.
    """

    store: ObjectStore
    prefix: str
    folder: Path

    def put(self, name: str, path: Path) -> dict[str, str]:
        """Store a file under a name; returns its key and sha256."""
        key = f"{self.prefix}/{name}"
        return {"key": key, "sha256": self.store.put_file(key, path)}

    def get(self, stored: dict[str, Any], name: str) -> Path:
        """Fetch what put stored, as a local file of this name.

        Raises:
            ArchiveError: it is gone, or is not what was put there.
        """
        path = self.folder / name
        self.store.get_file(stored["key"], path, sha256=stored["sha256"])
        return path


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
    return read_lines(place.get(chunk, "rows.jsonl.gz"))

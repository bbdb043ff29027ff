"""Chunks of a file: rows as texts, in the lake, on their way from one task to the next.

A row is a JSON array: the line where it begins in the file, then each column's text or null, in
order of the contract's columns.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from include.core.failpoints import failpoint
from include.core.json_lines import read_lines, write_lines
from include.core.sql_files import fill, quote_identifier

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    import duckdb

    from include.core.contract import Column
    from include.core.objects import ObjectStore
    from include.core.upload_contract import ItemUpload

Row = tuple[Any, ...]

RELATION: Final = "rows"

# Airflow maps a task at most 1,024 times (core.max_map_length).
_CHUNKS_A_RUN: Final = 1000
_ROWS_AT_ONCE: Final = 1000


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


def store_chunks(  # noqa: PLR0913 -- rows, how they are cut, and where to
    connection: duckdb.DuckDBPyConnection,
    columns: Sequence[Column],
    *,
    key: str,
    rows: int,
    size: int,
    place: HandOver,
) -> Iterator[dict[str, Any]]:
    """Cut RELATION into chunks in order of key and store them, one at a time.

    Arguments:
        connection: where RELATION is.
        columns: its columns but _line.
        key: its key column.
        rows: how many rows it has.
        size: rows of one chunk; the last may have fewer.
        place: where the chunks go.

    Returns:
        number (from 0), key, sha256, rows, first_id and last_id of each.
    """
    every = _list_rows(connection, columns, key=key)
    key_place = 1 + [column.name for column in columns].index(key)
    path = place.folder / "rows.jsonl.gz"
    for number in range(-(-rows // size)):
        ends = _Ends(islice(every, size), key_place)
        written = write_lines(path, ends)
        stored = place.put(f"rows/{number:04}.jsonl.gz", path)
        failpoint("extract.chunk_stored")
        yield {
            "number": number,
            **stored,
            "rows": written,
            "first_id": ends.first,
            "last_id": ends.last,
        }


def chunk_lines(chunk: dict[str, Any], place: HandOver) -> Iterator[list[Any]]:
    """The rows of a chunk."""
    return read_lines(place.get(chunk, "rows.jsonl.gz"))


class _Ends:
    """Rows passing by, of which the first and the last key are remembered."""

    def __init__(self, rows: Iterable[Row], key_place: int) -> None:
        self._rows, self._key_place = rows, key_place
        self.first = self.last = ""

    def __iter__(self) -> Iterator[Row]:
        row: Row = ()
        for number, row in enumerate(self._rows):
            if number == 0:
                self.first = row[self._key_place]
            yield row
        if row:
            self.last = row[self._key_place]


def _list_rows(
    connection: duckdb.DuckDBPyConnection, columns: Sequence[Column], *, key: str
) -> Iterator[Row]:
    relation = quote_identifier(RELATION)
    statement = fill(
        "csv_upload_to_dynamodb/list_rows",
        relation=relation,
        values=", ".join(map(_as_text, columns)),
        key=quote_identifier(key),
    )
    found = connection.execute(statement)
    while rows := found.fetchmany(_ROWS_AT_ONCE):
        yield from rows


def _as_text(column: Column) -> str:
    name = quote_identifier(column.name)
    if column.type == "timestamptz":
        # Of one length, so that texts compare as the moments do.
        return f"strftime({name}, '%Y-%m-%dT%H:%M:%S.%fZ') as {name}"
    return f"cast({name} as varchar) as {name}"

"""A file's rows as texts in order of their key: in DuckDB, and in ranges of the key as files."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from include.core.snapshot.columns import place_names
from include.core.snapshot.database import connect_duckdb
from include.core.snapshot.texts import sortable_text_of
from include.core.statements import fill, quote_identifier

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from duckdb import DuckDBPyConnection

    from include.contracts.columns import Column

    Row = tuple[Any, ...]  # the line where it begins, then each column's text or None

_ROWS: Final = 1000


@dataclass(frozen=True, kw_only=True)
class KeyRange:
    """Rows that lie next to each other in order of key.

    Attributes:
        first: rank of the first, from 0.
        rows: how many.
        first_key, last_key: the least and the greatest key.
    """

    first: int
    rows: int
    first_key: str
    last_key: str


class OrderedRows:
    """The rows of a file as texts, in order of their one key column.

    Arguments:
        connection: where load_rows has put the file.
        relation: under which name.
        columns: what the file has.
        key: one of them, whose values are all different.
    """

    def __init__(
        self,
        connection: DuckDBPyConnection,
        relation: str,
        columns: Sequence[Column],
        *,
        key: Column,
    ) -> None:
        self._connection = connection
        names = [quote_identifier(name) for name in place_names(columns)]
        self._key = names[columns.index(key)]
        texts = [
            f"{sortable_text_of(column, name)} as {name}"
            for column, name in zip(columns, names, strict=True)
        ]
        loaded = {"relation": quote_identifier(relation)}
        # Of the relation: the text beside it has the same name, and orders otherwise.
        key_of_relation = f"{loaded['relation']}.{self._key}"
        self._run("order_rows.make", loaded | {"texts": ", ".join(texts), "key": key_of_relation})
        self._loaded = loaded

    def drop_loaded(self) -> None:
        """Drop what the rows were made of: it takes as much room as they do."""
        self._run("order_rows.drop_loaded", self._loaded)

    def read(self) -> Iterator[Row]:
        """Give all rows, in order of key."""
        return _fetched(self._run("order_rows.read"))

    def ranges(self, size: int) -> Iterator[KeyRange]:
        """Cut the rows into ranges of so many, in order of key."""
        found = self._run("order_rows.list_ranges", {"key": self._key}, size=size).fetchall()
        for place, (rows, first_key, last_key) in enumerate(found):
            yield KeyRange(first=place * size, rows=rows, first_key=first_key, last_key=last_key)

    def write(self, part: KeyRange, to: Path) -> None:
        """Write the rows of a range as Parquet, as read_range reads it."""
        last = part.first + part.rows - 1
        self._run("order_rows.write", first=part.first, last=last, path=str(to))

    def _run(
        self, name: str, names: dict[str, str] | None = None, **values: object
    ) -> DuckDBPyConnection:
        return self._connection.execute(
            fill(f"csv_upload_to_dynamodb/{name}", **names or {}), values
        )


@contextmanager
def read_range(path: Path, *, folder: Path, memory: str) -> Iterator[Iterator[Row]]:
    """Open a range that OrderedRows has written: its rows, in order of key.

    Arguments:
        path: the file.
        folder: for DuckDB's own files.
        memory: DuckDB's memory limit.
    """
    with connect_duckdb(folder, memory=memory) as connection:
        statement = fill("csv_upload_to_dynamodb/order_rows.read_file")
        yield _fetched(connection.execute(statement, {"path": str(path)}))


def _fetched(found: DuckDBPyConnection) -> Iterator[Row]:
    for rows in iter(lambda: found.fetchmany(_ROWS), []):
        yield from rows

"""A file's rows as JSON under their numbers: in DuckDB, and in parts as files."""

from __future__ import annotations

from array import array
from contextlib import contextmanager
from itertools import chain
from typing import TYPE_CHECKING, Final, NamedTuple

from include.core.snapshot.columns import place_names
from include.core.snapshot.database import connect_duckdb
from include.core.snapshot.json_rows import json_of
from include.core.statements import fill, quote_identifier

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from duckdb import DuckDBPyConnection

    from include.contracts.columns import Column

    Row = tuple[int, str]  # number and JSON

_ROWS: Final = 1000


class Span(NamedTuple):
    """Rows from one number to another, and how many they are: rejected ones are not among them."""

    first: int
    last: int
    rows: int


class NumberedRows:
    """The rows of a file as JSON, each under its 1-based place among the file's data rows.

    Rejected rows have a number too, so that it is the same whatever is rejected; rows that the
    contract filters out have none.

    Arguments:
        connection: where `of` has made them.
    """

    def __init__(self, connection: DuckDBPyConnection) -> None:
        self._connection = connection

    @classmethod
    def of(
        cls,
        connection: DuckDBPyConnection,
        relation: str,
        columns: Sequence[Column],
        *,
        rejected: Sequence[int],
    ) -> NumberedRows:
        """Number the rows of a loaded file.

        Arguments:
            connection: where load_rows has put the file.
            relation: under which name; it is gone afterwards.
            columns: what the file has.
            rejected: the lines where rejected rows begin.

        Raises:
            RuleError: as json_of says.
        """
        body = json_of(columns, place_names(columns))
        name = quote_identifier(relation)
        statement = fill("csv_upload_to_sqs/number_rows.make", body=body, relation=name)
        connection.execute(statement, {"rejected": list(rejected)})
        connection.execute(fill("csv_upload_to_sqs/number_rows.drop_loaded", relation=name))
        return cls(connection)

    def leave_out(self, *, most_bytes: int) -> array[int]:
        """Leave out the rows whose number and JSON have more bytes; returns their lines."""
        found = self._run("number_rows.find_large", most_bytes=most_bytes)
        lines = array("q", chain.from_iterable(iter(found.fetchone, None)))
        if lines:
            self._run("number_rows.leave_out", lines=list(lines))
        return lines

    def count(self, lines: Sequence[int]) -> tuple[int, int]:
        """Count the file's rows, rejected ones among them, and those that begin at some lines."""
        ((rows, begun),) = self._run("number_rows.count", lines=list(lines)).fetchall()
        return rows, begun

    def leave_only(self, lines: Sequence[int]) -> int:
        """Leave out all rows but those that begin at some lines; returns how many are left."""
        self._run("number_rows.leave_only", lines=list(lines))
        ((left,),) = self._run("number_rows.count_left").fetchall()
        return int(left)

    def spans(self, size: int) -> list[Span]:
        """Cut the rows into parts of so many, in order of their numbers."""
        return [Span(*found) for found in self._run("number_rows.list_spans", size=size).fetchall()]

    def read(self) -> Iterator[Row]:
        """Give all rows, in order of their numbers."""
        return _fetched(self._run("number_rows.read"))

    def write(self, span: Span, to: Path) -> None:
        """Write the rows of a span as Parquet, as read_part reads it."""
        self._run("number_rows.write", first=span.first, last=span.last, path=str(to))

    def _run(self, name: str, **values: object) -> DuckDBPyConnection:
        return self._connection.execute(fill(f"csv_upload_to_sqs/{name}"), values)


@contextmanager
def read_part(path: Path, *, folder: Path, memory: str) -> Iterator[Iterator[Row]]:
    """Open a part that NumberedRows has written: its rows, in order of their numbers.

    Arguments:
        path: the file.
        folder: for DuckDB's own files.
        memory: DuckDB's memory limit.
    """
    with connect_duckdb(folder, memory=memory) as connection:
        statement = fill("csv_upload_to_sqs/number_rows.read_file")
        yield _fetched(connection.execute(statement, {"path": str(path)}))


def _fetched(found: DuckDBPyConnection) -> Iterator[Row]:
    for rows in iter(lambda: found.fetchmany(_ROWS), []):
        yield from rows

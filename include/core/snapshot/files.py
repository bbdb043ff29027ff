"""A snapshot as a file: written as Parquet in order of key, read as CSV for Postgres."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from include.core.snapshot.columns import duckdb_type
from include.core.snapshot.database import connect_duckdb
from include.core.statements import fill, quote_identifier, quote_identifiers, read_statement
from include.errors import RuleError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import IO

    from duckdb import DuckDBPyConnection

    from include.contracts.tables import Table

# Bytes that are read at once where the reader has failed and the rest is dropped.
_CHUNK_BYTES: Final = 1 << 20


def write_snapshot(connection: DuckDBPyConnection, table: Table, *, cleaning: str, to: Path) -> int:
    """Run a cleaning into relation cleaned, and write that as Parquet in order of key.

    The same rows make the same bytes, so that the file's digest says whether anything is new.

    Arguments:
        connection: has the relations that the cleaning reads.
        table: where the rows go; its columns, types and key.
        cleaning: a select statement.
        to: the file.

    Returns:
        How many rows there are.
    """
    # The cleaning may compute in wider types; the table's own decide what is written.
    casts = [
        f"cast({quote_identifier(column.name)} as {duckdb_type(column)}) "
        f"as {quote_identifier(column.name)}"
        for column in table.columns
    ]
    statement = fill("snapshot/make_snapshot.clean", columns=", ".join(casts), cleaning=cleaning)
    connection.execute(statement)
    statement = fill(
        "snapshot/make_snapshot.write",
        columns=quote_identifiers(column.name for column in table.columns),
        key=quote_identifiers(table.key),
    )
    row = connection.execute(statement, {"path": str(to)}).fetchone()
    if row is None:
        raise RuleError(f"{table.sink}: DuckDB does not say how many rows it wrote")
    return int(row[0])


@contextmanager
def open_rows(
    table: Table, parquet: Path, *, folder: Path, memory: str, lacking: bool = False
) -> Iterator[IO[bytes]]:
    """A snapshot as CSV, the table's columns in order, null as the bare empty cell.

    The CSV is written while it is read, and is nowhere as a whole. What a failing writer leaves
    out is known only at the end: nothing may be committed before that.

    Arguments:
        table: whose columns.
        parquet: what write_snapshot wrote.
        folder: for DuckDB's own files.
        memory: DuckDB's memory limit.
        lacking: the file may lack columns of the table, which are null then.

    Raises:
        RuleError: DuckDB cannot read it; raised when the reader is done.
    """
    texts = [column.name for column in table.columns if column.type == "text"]
    quoting = f", force_quote ({quote_identifiers(texts)})" if texts else ""
    with connect_duckdb(folder, memory=memory) as connection:
        absent = _absent(connection, table, parquet) if lacking else ()
        columns = ", ".join(
            f"{'null as ' if column.name in absent else ''}{quote_identifier(column.name)}"
            for column in table.columns
        )
        statement = fill("snapshot/write_csv", columns=columns, quoting=quoting)
        # One thread is as fast, and keeps no finished parts in memory to put them in order.
        connection.execute("set threads = 1")

        def write(path: str) -> None:
            connection.execute(statement, {"snapshot": str(parquet), "path": path})

        with _while_written(write) as file:
            yield file


def columns_of(connection: DuckDBPyConnection, parquet: str) -> set[str]:
    """Names of the columns of a file, whose path is given as DuckDB reads it: a pattern."""
    statement = read_statement("snapshot/list_columns")
    found = connection.execute(statement, {"snapshot": parquet}).fetchall()
    return {name for (name,) in found}


def _absent(connection: DuckDBPyConnection, table: Table, parquet: Path) -> set[str]:
    """Columns of a table that a file lacks."""
    return {column.name for column in table.columns} - columns_of(connection, str(parquet))


@contextmanager
def _while_written(write: Callable[[str], None]) -> Iterator[IO[bytes]]:
    """What a function writes to the path that it is given, read at the same time."""
    reading, writing = os.pipe()

    def run() -> None:
        try:
            # DuckDB writes to paths alone; this one is the pipe on Linux and on macOS.
            write(f"/dev/fd/{writing}")
        finally:
            os.close(writing)

    with os.fdopen(reading, "rb") as file, ThreadPoolExecutor(max_workers=1) as pool:
        written = pool.submit(run)
        try:
            yield file
        finally:
            # Opening a pipe that nothing reads any more would block the writer for good.
            while file.read(_CHUNK_BYTES):
                pass
        # Raises what the writer raised, once the reader has seen the end.
        written.result()

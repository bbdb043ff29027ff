"""Snapshots on their way: from archived CSV files to checked Parquet, from there to Postgres."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import duckdb

from include.core.aws.objects import CHUNK_BYTES
from include.core.runs.quarantine import set_aside
from include.core.snapshot.load_csv import duckdb_type, load_csv
from include.core.snapshot.long_keys import reject_long_keys
from include.core.statements import fill, quote_identifier, quote_identifiers, read_statement
from include.errors import RuleError, WorkerExhaustedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import IO

    from include.contracts.github import GitHubDataset, GitHubFile
    from include.contracts.tables import Table
    from include.core.aws.objects import ObjectStore


@contextmanager
def connect_duckdb(folder: Path, *, memory: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB database in a file, so that what does not fit into memory goes to disk.

    Arguments:
        folder: where the file and what spills are.
        memory: memory limit, such as "512MB".

    Raises:
        WorkerExhaustedError, RuleError: as safe_errors says.
    """
    settings: dict[str, Any] = {"memory_limit": memory, "temp_directory": str(folder / "spill")}
    with safe_errors(), duckdb.connect(folder / "snapshot.duckdb", config=settings) as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute("set enable_progress_bar = false")
        yield connection


@contextmanager
def safe_errors() -> Iterator[None]:
    """Say what DuckDB raises without its own words, which can quote rows.

    Raises:
        WorkerExhaustedError: no disk or memory is left.
        RuleError: DuckDB refused a statement.
    """
    try:
        yield
    except (duckdb.IOException, duckdb.OutOfMemoryException) as error:
        raise WorkerExhaustedError(f"DuckDB has no room: {type(error).__name__}") from None
    except duckdb.Error as error:
        raise RuleError(f"DuckDB refused the cleaning: {type(error).__name__}") from None


def stage_source(  # noqa: PLR0913 -- a file, its contract, and the places between
    connection: duckdb.DuckDBPyConnection,
    source: GitHubFile,
    archived: dict[str, Any],
    *,
    key: tuple[str, ...],
    store: ObjectStore,
    folder: Path,
    rejects_file: Path,
) -> dict[str, Any]:
    """Read an archived file into a typed relation named like its source.

    Arguments:
        connection: where the relation is made.
        source: the contract.
        archived: what download came back with.
        key: of the table; a row whose key its index does not take is rejected.
        store: the bucket of the archive.
        folder: for the local copy.
        rejects_file: JSON lines; each rejected row is added.

    Returns:
        What archived has, and read, kept, filtered, rejected, duplicate, blank.

    Raises:
        InputFileError: the file breaks its contract as a whole.
        ArchiveError: the archived object is not what was put there.
    """
    copy = folder / f"{source.name}{''.join(_suffixes(source.path))}"
    store.get_file(archived["key"], copy, sha256=archived["sha256"])
    name = f"{archived['repository']}/{source.path}"
    with set_aside(rejects_file, file=name, version=archived["commit"]) as add:
        counts = load_csv(
            connection,
            source.name,
            copy,
            name=name,
            contract=source.contract,
            folder=folder,
            on_reject=add,
        )
        reject_long_keys(
            connection,
            source.name,
            copy,
            name=name,
            contract=source.contract,
            key=key,
            counts=counts,
            on_reject=add,
        )
    copy.unlink()
    return {**archived, **asdict(counts)}


def _suffixes(path: str) -> list[str]:
    name = path.rsplit("/", 1)[-1]
    return [f".{part}" for part in name.split(".")[1:]]


def clean(connection: duckdb.DuckDBPyConnection, dataset: GitHubDataset, to: Path) -> int:
    """Run a dataset's cleaning into relation cleaned, and write that as Parquet in order of key.

    The same rows make the same bytes, so that the file's digest tells whether anything is new.

    Returns:
        How many rows there are.
    """
    table = dataset.table
    casts = [
        f"cast({quote_identifier(column.name)} as {duckdb_type(column)}) "
        f"as {quote_identifier(column.name)}"
        for column in table.columns
    ]
    cleaning = read_statement(f"github_csv_to_postgres/clean_{dataset.name}")
    connection.execute(
        fill("snapshot/make_snapshot.clean", columns=", ".join(casts), cleaning=cleaning)
    )
    statement = fill(
        "snapshot/make_snapshot.write",
        columns=quote_identifiers(column.name for column in table.columns),
        key=quote_identifiers(table.key),
    )
    row = connection.execute(statement, {"path": str(to)}).fetchone()
    if row is None:
        raise RuleError(f"{dataset.name}: DuckDB does not tell how many rows it wrote")
    return int(row[0])


@contextmanager
def open_rows(
    table: Table, snapshot: dict[str, str], store: ObjectStore, folder: Path, memory: str
) -> Iterator[IO[bytes]]:
    """A snapshot as CSV, the table's columns in order, null as the bare empty cell.

    The CSV is written while it is read, and stands nowhere as a whole. What a failing writer
    leaves out is known only at the end: nothing may be committed before that.

    Arguments:
        table: whose columns.
        snapshot: key and sha256 of the Parquet file.
        store: the bucket of the hand-over.
        folder: for the local copy.
        memory: DuckDB's memory limit.

    Raises:
        ArchiveError: the Parquet file is not what was put there.
        RuleError: DuckDB cannot read it; raised when the reader is done.
    """
    parquet = folder / "snapshot.parquet"
    store.get_file(snapshot["key"], parquet, sha256=snapshot["sha256"])
    texts = [column.name for column in table.columns if column.type == "text"]
    statement = fill(
        "snapshot/write_csv",
        columns=quote_identifiers(column.name for column in table.columns),
        quoting=f", force_quote ({quote_identifiers(texts)})" if texts else "",
    )
    with connect_duckdb(folder, memory=memory) as connection:
        # One thread is as fast, and keeps no finished parts in memory to put them in order.
        connection.execute("set threads = 1")

        def write(path: str) -> None:
            connection.execute(statement, {"snapshot": str(parquet), "path": path})

        with _while_written(write) as file:
            yield file


@contextmanager
def _while_written(write: Callable[[str], None]) -> Iterator[IO[bytes]]:
    """What a function writes to the path that it is given, read at the same time."""
    reading, writing = os.pipe()

    def run() -> None:
        try:
            write(f"/dev/fd/{writing}")
        finally:
            os.close(writing)

    with os.fdopen(reading, "rb") as file, ThreadPoolExecutor(max_workers=1) as pool:
        written = pool.submit(run)
        try:
            yield file
        finally:
            # Opening a pipe that nobody reads any more would block the writer for good.
            while file.read(CHUNK_BYTES):
                pass
        written.result()

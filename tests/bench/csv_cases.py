"""Ways to read a CSV file: Sluice's into typed, checked rows, and two floors."""

from __future__ import annotations

import csv
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from include.core.scratch import scratch_folder
from include.core.snapshot.columns import duckdb_type
from include.core.snapshot.database import connect_duckdb
from include.core.snapshot.load_csv import CsvFile, load_csv
from tests.bench import source
from tests.bench.load_cases import DUCKDB_MEMORY

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def csv_sluice(*, file: str, folder: str) -> tuple[float, dict[str, Any]]:
    """Every row checked against the contract, its line remembered, its key unique."""
    path = Path(file)
    rejects: list[str] = []
    with (
        scratch_folder("bench", root=Path(folder)) as scratch,
        connect_duckdb(scratch, memory=DUCKDB_MEMORY) as connection,
    ):
        began = time.perf_counter()
        counts = load_csv(
            connection,
            "loaded",
            CsvFile(path=path, name=path.name, contract=source.CONTRACT),
            folder=scratch,
            on_reject=lambda reject: rejects.append(reject.code),
        )
        seconds = time.perf_counter() - began
        found = {"kept": counts.kept, "rejected": len(rejects)}
        return seconds, {**found, "sum": _sum(connection)}


def csv_duckdb(*, file: str, folder: str) -> tuple[float, dict[str, Any]]:
    """The floor: DuckDB's reader with all types declared, and no check beyond them."""
    types = {column.name: duckdb_type(column) for column in source.COLUMNS}
    with (
        scratch_folder("bench", root=Path(folder)) as scratch,
        connect_duckdb(scratch, memory=DUCKDB_MEMORY) as connection,
    ):
        began = time.perf_counter()
        kept = connection.execute(
            "create table loaded as from read_csv("
            f"$path, header = true, auto_detect = false, columns = {types})",
            {"path": file},
        ).fetchone()
        seconds = time.perf_counter() - began
        return seconds, {"kept": kept[0] if kept else 0, "sum": _sum(connection)}


def csv_reader(*, file: str) -> tuple[float, dict[str, Any]]:
    """What any reader in Python pays at least: csv.reader, its rows dropped."""
    began = time.perf_counter()
    with Path(file).open(encoding="utf-8", newline="") as lines:
        kept = sum(1 for _ in csv.reader(lines)) - 1
    return time.perf_counter() - began, {"kept": kept}


def _sum(connection: DuckDBPyConnection) -> str:
    names = ", ".join(column.name for column in source.COLUMNS)
    row = connection.execute(f"select sum(hash({names}))::varchar from loaded").fetchone()
    return str(row[0]) if row else ""

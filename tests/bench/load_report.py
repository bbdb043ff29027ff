"""Snapshots into Postgres and CSV files into DuckDB: tables, and what was aimed at."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Final

from tests.bench.aims import Aim, growth, memory, most_memory, ratio
from tests.bench.load_rounds import (
    CHANGED,
    CSV_DAMAGED,
    CSV_DUCKDB,
    CSV_READER,
    CSV_SLUICE,
    DIGEST,
    KEYED,
    LOAD,
    PLAIN,
    SAME,
    SLUICE,
    TEMPORARY,
)
from tests.bench.tables import table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.bench.aims import Found

# Titles, and the floor that each is held against.
_POSTGRES: Final = {
    KEYED: KEYED,
    TEMPORARY: TEMPORARY,
    f"{PLAIN}: {LOAD}": KEYED,
    f"{PLAIN}: {SAME}": TEMPORARY,
    f"{PLAIN}: {CHANGED}": TEMPORARY,
    f"{SLUICE}: {LOAD}": KEYED,
    f"{SLUICE}: {SAME}": TEMPORARY,
    f"{SLUICE}: {DIGEST}": TEMPORARY,
    f"{SLUICE}: {CHANGED}": TEMPORARY,
}
_CSV: Final = {
    CSV_DUCKDB: CSV_DUCKDB,
    CSV_READER: CSV_DUCKDB,
    CSV_SLUICE: CSV_DUCKDB,
    CSV_DAMAGED: CSV_DUCKDB,
}
_IN_MEMORY: Final = (f"{SLUICE}: {LOAD}", f"{SLUICE}: {SAME}", CSV_SLUICE)
# What is held against which floor, and how many times its seconds it may take.
_AIMS: Final = (
    (f"{SLUICE}: {LOAD}", KEYED, 1.6, "x keyed COPY"),
    (f"{SLUICE}: {SAME}", TEMPORARY, 3.5, "x temp. COPY"),
    (f"{SLUICE}: {CHANGED}", TEMPORARY, 3.5, "x temp. COPY"),
    (CSV_SLUICE, CSV_DUCKDB, 3, "x DuckDB"),
    (CSV_DAMAGED, CSV_DUCKDB, 4, "x DuckDB"),
)


def sections(by_size: Mapping[int, Found], *, rows: int) -> list[str]:
    """All measurements, as lines of text.

    Arguments:
        by_size: rows to measurements.
        rows: the main size.
    """
    lines = table(f"Into Postgres, {rows:,} rows", by_size[rows], _POSTGRES)
    for size in sorted(size for size in by_size if size >= rows):
        lines += table(f"Reading CSV, {size:,} rows", by_size[size], _CSV)
    return [*lines, *memory(by_size, _IN_MEMORY)]


def aims(by_size: Mapping[int, Found], *, rows: int) -> list[Aim]:
    """What was aimed at, and what came out; arguments are those of sections."""
    found, same = by_size[rows], f"{SLUICE}: {SAME}"
    held = [
        Aim(title=title, reached=ratio(found[title], found[floor]), most=most, unit=unit)
        for title, floor, most, unit in _AIMS
        if title in found
    ]
    if same in found:
        wal = median(measured.wal_mb for measured in found[same])
        held.append(Aim(title=f"write-ahead log, {same}", reached=wal, most=1, unit="MB"))
    return [
        *held,
        *growth(by_size, _IN_MEMORY),
        *most_memory(by_size, (CSV_SLUICE, CSV_DAMAGED), rows=rows),
    ]

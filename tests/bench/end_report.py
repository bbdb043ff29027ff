"""From a CSV file to a table: the tables of the report, and what was aimed at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.bench.aims import Aim, memory, most_memory, ratio
from tests.bench.end_rounds import (
    CHANGED,
    DLT,
    DLT_KEYED,
    FLOOR,
    LOAD,
    SAME_ROWS,
    SAME_SOURCE,
    SLUICE,
)
from tests.bench.tables import table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.bench.aims import Found

_SLUICE: Final = [f"{SLUICE}: {step}" for step in (LOAD, SAME_SOURCE, SAME_ROWS, CHANGED)]
_DLT: Final = [
    f"{name}: {step}" for name in (DLT, DLT_KEYED) for step in (LOAD, SAME_ROWS, CHANGED)
]
# All are held against the one floor, so that they compare with one another.
_FLOORS: Final = dict.fromkeys([FLOOR, *_SLUICE, *_DLT], FLOOR)
# What is held against which way, and how many times its seconds it may take.
_AIMS: Final = (
    (f"{SLUICE}: {LOAD}", FLOOR, 1.8, "x floor"),
    (f"{SLUICE}: {LOAD}", f"{DLT}: {LOAD}", 1 / 2, "x dlt"),
    (f"{SLUICE}: {LOAD}", f"{DLT_KEYED}: {LOAD}", 1 / 2, "x dlt, keyed"),
    (f"{SLUICE}: {SAME_ROWS}", f"{DLT}: {SAME_ROWS}", 1 / 3, "x dlt"),
    (f"{SLUICE}: {SAME_ROWS}", f"{DLT_KEYED}: {SAME_ROWS}", 1 / 3, "x dlt, keyed"),
)


def sections(by_size: Mapping[int, Found], *, rows: int) -> list[str]:
    """All measurements, as lines of text.

    Arguments:
        by_size: rows to measurements.
        rows: the main size.
    """
    lines: list[str] = []
    for size in sorted(size for size in by_size if size >= rows):
        lines += table(f"From CSV to the table, {size:,} rows", by_size[size], _FLOORS)
    return [*lines, *memory(by_size, _SLUICE)]


def aims(by_size: Mapping[int, Found], *, rows: int) -> list[Aim]:
    """What was aimed at, and what came out; arguments are those of sections."""
    found = by_size[rows]
    held = [
        Aim(title=title, reached=ratio(found[title], found[beside]), most=most, unit=unit)
        for title, beside, most, unit in _AIMS
        if beside in found
    ]
    return [*held, *most_memory(by_size, _SLUICE, rows=rows)]

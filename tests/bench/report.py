"""The measurements as a table, and what was aimed at beside what was reached."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Final

from tests.bench.aims import Aim, growth, memory, peak
from tests.bench.rounds import (
    CHANGED,
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

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.bench.aims import Found
    from tests.bench.lab import Measurement

# Title, and the floor that it is held against.
_POSTGRES: Final = (
    (KEYED, KEYED),
    (TEMPORARY, TEMPORARY),
    (f"{PLAIN}: {LOAD}", KEYED),
    (f"{PLAIN}: {SAME}", TEMPORARY),
    (f"{PLAIN}: {CHANGED}", TEMPORARY),
    (f"{SLUICE}: {LOAD}", KEYED),
    (f"{SLUICE}: {SAME}", TEMPORARY),
    (f"{SLUICE}: {DIGEST}", TEMPORARY),
    (f"{SLUICE}: {CHANGED}", TEMPORARY),
)
_CSV: Final = ((CSV_DUCKDB, CSV_DUCKDB), (CSV_READER, CSV_DUCKDB), (CSV_SLUICE, CSV_DUCKDB))
_IN_MEMORY: Final = (f"{SLUICE}: {LOAD}", f"{SLUICE}: {SAME}", CSV_SLUICE)


def sections(found: Found, by_size: Mapping[int, Found]) -> list[str]:
    """All measurements, as lines of text.

    Arguments:
        found: measurements of the main size.
        by_size: rows to measurements, for the memory of the worker.
    """
    return [
        *_table("Into Postgres", found, _POSTGRES),
        *_table("Reading CSV", found, _CSV),
        *memory(by_size, _IN_MEMORY),
    ]


def aims(found: Found, by_size: Mapping[int, Found]) -> list[Aim]:
    """What was aimed at, and what came out."""
    return [*(_aims_of_loads(found) if KEYED in found else []), *growth(by_size, _IN_MEMORY)]


def _aims_of_loads(found: Found) -> list[Aim]:
    held = (
        (f"{SLUICE}: {LOAD}", KEYED, 1.6, "x keyed COPY"),
        (f"{SLUICE}: {SAME}", TEMPORARY, 3.5, "x temp. COPY"),
        (f"{SLUICE}: {CHANGED}", TEMPORARY, 3.5, "x temp. COPY"),
    )
    same = f"{SLUICE}: {SAME}"
    wal = median(measured.wal_mb for measured in found[same])
    return [
        *(
            Aim(
                title=title,
                reached=_seconds(found[title]) / _seconds(found[floor]),
                most=most,
                unit=unit,
            )
            for title, floor, most, unit in held
        ),
        Aim(title=f"write-ahead log, {same}", reached=wal, most=1, unit="MB"),
    ]


def _table(heading: str, found: Found, titles: Sequence[tuple[str, str]]) -> list[str]:
    if titles[0][0] not in found:
        return []
    head = ("", "median s", "best s", "x floor", "WAL MB", "peak MB", "runs")
    lines = [heading, "{:<48}{:>9}{:>9}{:>9}{:>9}{:>9}{:>6}".format(*head)]
    for title, floor in titles:
        measured = found[title]
        lines.append(
            f"{title:<48}"
            f"{_seconds(measured):>9.2f}"
            f"{min(one.seconds for one in measured):>9.2f}"
            f"{_seconds(measured) / _seconds(found[floor]):>9.2f}"
            f"{median(one.wal_mb for one in measured):>9.2f}"
            f"{peak(measured):>9.0f}"
            f"{len(measured):>6}"
        )
    return [*lines, ""]


def _seconds(measured: Sequence[Measurement]) -> float:
    return median(one.seconds for one in measured)

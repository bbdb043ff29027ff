"""The measurements as a table, and what was aimed at beside what was reached."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Final

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

    from tests.bench.lab import Measurement

    Found = Mapping[str, Sequence[Measurement]]

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
# Peaks of two sizes are alike when the larger is at most so many times the smaller.
FLAT: Final = 1.5


@dataclass(frozen=True, kw_only=True)
class Aim:
    """A number that should not be exceeded."""

    title: str
    reached: float
    most: float
    unit: str

    def __str__(self) -> str:
        verdict = "reached" if self.reached <= self.most else "NOT reached"
        return (
            f"{self.title:<52} {self.reached:6.2f} {self.unit:<14} at most {self.most:g}: {verdict}"
        )


def tables(found: Found, by_size: Mapping[int, Found]) -> str:
    """All measurements, as text.

    Arguments:
        found: measurements of the main size.
        by_size: rows to measurements, for the memory of the worker.
    """
    parts = ["Into Postgres", *_table(found, _POSTGRES), ""]
    parts += ["Reading CSV", *_table(found, _CSV), ""]
    parts += ["Memory of the worker by rows, MB", *_memory(by_size), ""]
    return "\n".join([*parts, "Aims", *map(str, aims(found, by_size))])


def aims(found: Found, by_size: Mapping[int, Found]) -> list[Aim]:
    """What was aimed at, and what came out."""
    held = (
        (f"{SLUICE}: {LOAD}", KEYED, 1.6, "x keyed COPY"),
        (f"{SLUICE}: {SAME}", TEMPORARY, 3.5, "x temp. COPY"),
        (f"{SLUICE}: {CHANGED}", TEMPORARY, 3.5, "x temp. COPY"),
    )
    same = f"{SLUICE}: {SAME}"
    wal = median(measured.wal_mb for measured in found[same])
    growth = [
        Aim(
            title=f"memory, {title}",
            reached=max(peaks) / min(peaks),
            most=FLAT,
            unit="x, sizes",
        )
        for title in _IN_MEMORY
        for peaks in [[_peak(measured[title]) for measured in by_size.values()]]
    ]
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
        *growth,
    ]


def _table(found: Found, titles: Sequence[tuple[str, str]]) -> list[str]:
    head = ("", "median s", "best s", "x floor", "WAL MB", "peak MB", "runs")
    lines = ["{:<48}{:>9}{:>9}{:>9}{:>9}{:>9}{:>6}".format(*head)]
    for title, floor in titles:
        measured = found[title]
        lines.append(
            f"{title:<48}"
            f"{_seconds(measured):>9.2f}"
            f"{min(one.seconds for one in measured):>9.2f}"
            f"{_seconds(measured) / _seconds(found[floor]):>9.2f}"
            f"{median(one.wal_mb for one in measured):>9.2f}"
            f"{_peak(measured):>9.0f}"
            f"{len(measured):>6}"
        )
    return lines


def _memory(by_size: Mapping[int, Found]) -> list[str]:
    sizes = sorted(by_size)
    lines = [f"{'':<48}" + "".join(f"{size:>14,}" for size in sizes)]
    for title in _IN_MEMORY:
        peaks = "".join(f"{_peak(by_size[size][title]):>14.0f}" for size in sizes)
        lines.append(f"{title:<48}{peaks}")
    return lines


def _seconds(measured: Sequence[Measurement]) -> float:
    return median(one.seconds for one in measured)


def _peak(measured: Sequence[Measurement]) -> float:
    return max(one.peak_mb for one in measured)

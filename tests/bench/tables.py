"""Measurements as lines of text."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from tests.bench.aims import peak, ratio

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.bench.aims import Found
    from tests.bench.lab import Measurement


def table(heading: str, found: Found, floors: Mapping[str, str]) -> list[str]:
    """What was measured, a line a way; nothing where nothing was.

    Arguments:
        heading: the first line.
        found: title of a way to its measurements.
        floors: titles, in order, to the title of the floor that each is held against.
    """
    measured = [title for title in floors if title in found]
    if not measured:
        return []
    head = ("", "median s", "best s", "x floor", "WAL MB", "peak MB", "runs")
    lines = [heading, "{:<48}{:>9}{:>9}{:>9}{:>9}{:>9}{:>6}".format(*head)]
    lines += [_line(title, found, floors[title]) for title in measured]
    return [*lines, ""]


def _line(title: str, found: Found, floor: str) -> str:
    runs = found[title]
    seconds = [one.seconds for one in runs]
    beside = f"{ratio(runs, found[floor]):.2f}" if floor in found else ""
    return (
        f"{title:<48}{median(seconds):>9.2f}{min(seconds):>9.2f}{beside:>9}"
        f"{median(one.wal_mb for one in runs):>9.2f}{peak(runs):>9.0f}{len(runs):>6}"
    )


def rates(rows: int, found: Found, titles: Sequence[str]) -> list[str]:
    """How many rows a second each way sent, and what that took of the client's processor.

    Arguments:
        rows: that each way sent.
        found: title of a way to its measurements.
        titles: in order; the first is the floor.
    """
    head = ("", "rows/s", "x floor", "CPU s", "x floor", "peak MB", "runs")
    lines = ["{:<48}{:>9}{:>9}{:>9}{:>9}{:>9}{:>6}".format(*head)]
    floor = found[titles[0]]
    for title in titles:
        measured = found[title]
        seconds = median(one.seconds for one in measured)
        cpu_seconds = median(map(_cpu_seconds, measured)) / rows * 100_000
        lines.append(
            f"{title:<48}"
            f"{rows / seconds:>9,.0f}"
            f"{ratio(measured, floor):>9.2f}"
            f"{cpu_seconds:>9.2f}"
            f"{ratio(measured, floor, _cpu_seconds):>9.2f}"
            f"{peak(measured):>9.0f}"
            f"{len(measured):>6}"
        )
    return [*lines, "CPU s: of the client, for 100,000 rows", ""]


def _cpu_seconds(one: Measurement) -> float:
    return float(one.answer["cpu_seconds"])

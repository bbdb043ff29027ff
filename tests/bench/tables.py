"""Measurements as lines of text."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from tests.bench.aims import peak, ratio

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.bench.aims import Found


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

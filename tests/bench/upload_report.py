"""What became of uploaded files, as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.bench.aims import Aim, growth, memory, ratio
from tests.bench.tables import rates
from tests.bench.upload_rounds import (
    ALL,
    BARE,
    BARE_THREADS,
    DELIVER,
    EXTRACT,
    FAN_BARE,
    FAN_ONE,
    FAN_TWO,
    LOAD,
    OBSERVE,
    SEND,
    TRANSFORM,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.bench.aims import Found

_QUEUE: Final = (BARE_THREADS, BARE, DELIVER)
_FAN: Final = (FAN_BARE, FAN_ONE, FAN_TWO)
_ITEMS: Final = (BARE_THREADS, BARE, LOAD, EXTRACT, TRANSFORM, OBSERVE, ALL)
_IN_MEMORY: Final = (DELIVER, SEND, EXTRACT, TRANSFORM, LOAD, OBSERVE)


def sections(speeds: Mapping[str, tuple[int, Found]], by_size: Mapping[int, Found]) -> list[str]:
    """All measurements, as lines of text.

    Arguments:
        speeds: "sqs", "dynamodb" and "fan", as far as measured, to rows of the file and what was
            measured.
        by_size: rows to measurements, for the memory of the worker.
    """
    lines: list[str] = []
    for part, sink, titles in (
        ("sqs", "a queue of the emulator", _QUEUE),
        ("dynamodb", "a table of the emulator", _ITEMS),
        ("fan", "the sink of the benchmarks", _FAN),
    ):
        if part in speeds:
            rows, found = speeds[part]
            lines += [f"Files of {rows:,} rows into {sink}", *rates(rows, found, titles)]
    return [*lines, *memory(by_size, _IN_MEMORY)]


def aims(speeds: Mapping[str, tuple[int, Found]], by_size: Mapping[int, Found]) -> list[Aim]:
    """What was aimed at, and what came out; arguments are those of sections."""
    return [*_fan_aims(speeds), *growth(by_size, _IN_MEMORY)]


def _fan_aims(speeds: Mapping[str, tuple[int, Found]]) -> Iterator[Aim]:
    if "fan" in speeds:
        _, found = speeds["fan"]
        for title, measured, floor, most, unit in (
            ("parts, one worker", FAN_ONE, FAN_BARE, 1.3, "x bare loop"),
            ("parts, two workers", FAN_TWO, FAN_ONE, 1 / 1.5, "x one worker"),
        ):
            reached = ratio(found[measured], found[floor])
            yield Aim(title=title, reached=reached, most=most, unit=unit)

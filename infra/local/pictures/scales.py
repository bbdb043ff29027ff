"""Where values and dates are on a picture."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_STEPS = 4  # of an axis, about
_NICE = (1, 2, 2.5, 5, 10)
_SHORT = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


@dataclass(frozen=True, kw_only=True)
class Axis:
    """An axis of values.

    Attributes:
        ticks: values that are written beside it, ascending; the first and the last are its ends.
        top, bottom: where its ends are on the picture, pixels from above.
    """

    ticks: tuple[float, ...]
    top: float
    bottom: float

    def place(self, value: float) -> float:
        """How far below the picture's upper edge a value is, pixels."""
        low, high = self.ticks[0], self.ticks[-1]
        return self.bottom - (value - low) / (high - low) * (self.bottom - self.top)


def ticks_for(values: Sequence[float]) -> tuple[float, ...]:
    """Round numbers that reach from below the lowest value to above the highest.

    Zero is one of them, unless that would press the values together.
    """
    low, high = min(values), max(values)
    if low > 0 and low < 2 * (high - low):
        low = 0.0
    if high < 0 and -high < 2 * (high - low):
        high = 0.0
    if low == high:
        low, high = min(low, 0.0), max(high, 0.0) or 1.0
    rough = (high - low) / _STEPS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(nice for nice in _NICE if nice * power >= rough) * power
    first, last = math.floor(low / step), math.ceil(high / step)
    return tuple(number * step for number in range(first, last + 1))


def short(value: float) -> str:
    """A number in a few characters: 1500000 is 1.5M."""
    for size, letter in _SHORT:
        if abs(value) >= size:
            return f"{value / size:.4g}{letter}"
    return f"{value:.4g}"

"""Numbers in their usual spelling: a whole column of cells at a time, several times faster.

Each function gives the canonical values of all cells, as the parsers give them one by one, or None
where one of the cells takes more care.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from include.contracts.values import RANGES, float_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.contracts.columns import Column

    Read = Callable[[list[str]], list[str] | None]

_WHOLE: Final = "[+-]?[0-9]{1,19}"
# Of so few digits that none is too large or too small for a float.
_FLOAT: Final = r"[+-]?[0-9]{1,30}(?:\.[0-9]{0,30})?"
_MOST_DIGITS: Final = 27  # of a numeric, before the point and after it


def usual_reader(column: Column) -> Read | None:
    """Choose the function for a column; None for one that has none."""
    if column.decimal_char != "." or column.group_char is not None:
        return None
    if column.type in RANGES:
        return _integers(column)
    if column.type == "double precision":
        return _floats()
    return _numerics(column) if column.type == "numeric" else None


def _integers(column: Column) -> Read:
    lowest, highest = RANGES[column.type]
    all_match = _matcher(_WHOLE)

    def read(cells: list[str]) -> list[str] | None:
        if not all_match("\n".join(cells)):
            return None
        numbers = list(map(int, cells))
        return [*map(str, numbers)] if lowest <= min(numbers) <= max(numbers) <= highest else None

    return read


def _floats() -> Read:
    all_match = _matcher(_FLOAT)

    def read(cells: list[str]) -> list[str] | None:
        return [*map(float_text, map(float, cells))] if all_match("\n".join(cells)) else None

    return read


def _numerics(column: Column) -> Read | None:
    digits, scale = column.precision or (2 * _MOST_DIGITS, _MOST_DIGITS)
    whole, after = min(digits - scale, _MOST_DIGITS), min(scale, _MOST_DIGITS)
    if whole < 1:
        return None
    form = rf"-?(?:0|[1-9][0-9]{{0,{whole - 1}}})(?:\.[0-9]{{0,{after}}})?"
    all_match = _matcher(form)

    def read(cells: list[str]) -> list[str] | None:
        if not all_match("\n".join(cells)):
            return None
        cut = [cell.rstrip("0").rstrip(".") if "." in cell else cell for cell in cells]
        return ["0" if cell == "-0" else cell for cell in cut]

    return read


def _matcher(form: str) -> Callable[[str], bool]:
    """Check all cells at once, one a line; one with a line end has a quote, which no form has.

    A line of another form is looked for: one pattern over all lines would have to be possessive to
    keep memory flat, which Python 3.10 does not know, and 3.11 gets wrong up to 3.11.4
    (https://github.com/python/cpython/issues/106052).
    """
    other = re.compile(rf"^(?!{form}$)", re.MULTILINE).search
    return lambda lines: other(lines) is None

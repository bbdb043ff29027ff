"""Checks of a column when it is declared, before any file is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from include.contracts.patterns import compile_pattern
from include.contracts.values import FALSE_WORDS, RANGES, TRUE_WORDS, canonical, comparable

if TYPE_CHECKING:
    from include.contracts.columns import Column

_NUMBERS: Final = (*RANGES, "numeric", "double precision")
_TIMES: Final = ("date", "timestamptz")
_ONLY_FOR: Final = {
    "formats": _TIMES,
    "zone": ("timestamptz",),
    "non_finite": ("numeric", "double precision"),
    "precision": ("numeric",),
    "decimal_char": _NUMBERS,
    "group_char": _NUMBERS,
    "zero_fraction": tuple(RANGES),
    "true_values": ("boolean",),
    "false_values": ("boolean",),
    "pattern": ("text",),
    "minimum": (*_NUMBERS, *_TIMES),
    "maximum": (*_NUMBERS, *_TIMES),
    "min_length": ("text",),
    "max_length": ("text",),
}
# signs of a number, and the quote around a cell
_IN_NUMBERS: Final = frozenset('"+-')


def check_column(column: Column) -> None:
    """Check what a column declares against its type.

    Raises:
        ValueError: names the column, the field, and the problem.
    """
    try:
        _types(column)
        _separators(column)
        _spellings(column)
        _constraints(column)
    except ValueError as error:
        raise ValueError(f"Column {column.name!r}: {error}") from None


def _types(column: Column) -> None:
    for field, types in _ONLY_FOR.items():
        if getattr(column, field) != getattr(type(column), field) and column.type not in types:
            raise ValueError(f"{field} is for {', '.join(types)} alone, and this is {column.type}")


def _separators(column: Column) -> None:
    for field in ("decimal_char", "group_char"):
        char = getattr(column, field)
        if char is not None and (len(char) != 1 or char.isalnum() or char in _IN_NUMBERS):
            raise ValueError(f"{field} {char!r} is not one character that no number has elsewhere")
    if column.decimal_char == column.group_char:
        raise ValueError(f"decimal_char and group_char are the same, {column.group_char!r}")


def _spellings(column: Column) -> None:
    true, false = column.true_values or TRUE_WORDS, column.false_values or FALSE_WORDS
    if both := {*true} & {*false}:
        raise ValueError(f"true_values and false_values both have {', '.join(sorted(both))}")


def _constraints(column: Column) -> None:
    if column.pattern is not None:
        try:
            compile_pattern(column.pattern)
        except ValueError as error:
            raise ValueError(f"the pattern {column.pattern!r} is not understood: {error}") from None
    for field in ("min_length", "max_length"):
        if (getattr(column, field) or 0) < 0:
            raise ValueError(f"{field} is less than 0")
    for value in column.enum:
        canonical(column, value)  # raises where it is no value of the type
    bounded = column.minimum is not None or column.maximum is not None
    if bounded and column.non_finite == "keep":
        raise ValueError("minimum and maximum have no meaning for NaN, which non_finite keeps")
    _order(column, "min_length", "max_length")
    _order(column, "minimum", "maximum")


def _order(column: Column, least: str, most: str) -> None:
    low, high = getattr(column, least), getattr(column, most)
    if least == "minimum":
        to_value = comparable(column)
        low, high = (bound if bound is None else to_value(canonical(column, bound))
                     for bound in (low, high))  # fmt: skip
    if low is not None and high is not None and low > high:
        raise ValueError(f"{least} is greater than {most}")

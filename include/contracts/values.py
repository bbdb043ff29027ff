"""The canonical text of values: what the reader writes for a cell, and what declared values mean.

It is text that Postgres and DuckDB both read: whole numbers and plain decimals without leading
zeros, the shortest round-trip text of a float, "true" and "false", ISO 8601 dates, ISO 8601
timestamps in UTC, text unchanged. Equal values have equal text.
"""

from __future__ import annotations

import math
from datetime import date, datetime, timezone
from decimal import Context, Decimal
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.contracts.columns import Bound, Column

RANGES: Final = {
    "smallint": (-(2**15), 2**15 - 1),
    "integer": (-(2**31), 2**31 - 1),
    "bigint": (-(2**63), 2**63 - 1),
}
NUMERIC_DIGITS: Final = 1000
"""Digits before and after the point of a numeric without precision: the most that Postgres lets
one declare (https://www.postgresql.org/docs/18/datatype-numeric.html)."""

# https://www.postgresql.org/docs/18/datatype-boolean.html
TRUE_WORDS: Final = ("true", "t", "yes", "y", "on", "1")
FALSE_WORDS: Final = ("false", "f", "no", "n", "off", "0")

_EXACT: Final = Context(prec=2 * NUMERIC_DIGITS)
_HINTS: Final = {
    "numeric": ": use int or Decimal, which are exact",
    "date": ": use datetime.date",
    "timestamptz": ": use datetime.datetime with a time zone",
}


class OutOfRangeError(ValueError):
    """A number has more digits before the point than its column holds."""


class TooPreciseError(ValueError):
    """A number has more digits after the point than its column holds."""


def decimal_text(number: Decimal, precision: tuple[int, int] | None) -> str:
    """Write a finite decimal in plain digits, never rounded.

    Arguments:
        number: what to write.
        precision: as a numeric column declares it.

    Raises:
        OutOfRangeError, TooPreciseError: the column does not hold the number.
    """
    digits, scale = precision or (2 * NUMERIC_DIGITS, NUMERIC_DIGITS)
    if not number:
        return "0"
    if number.adjusted() >= digits - scale:
        raise OutOfRangeError
    if number.adjusted() < -scale:
        raise TooPreciseError
    exact = _EXACT.normalize(number)
    if exact.compare(number) or -int(exact.as_tuple().exponent) > scale:
        raise TooPreciseError
    return format(exact, "f")


def float_text(number: float) -> str:
    """Write a finite float; minus zero equals zero."""
    return repr(number + 0.0)


def timestamp_text(moment: datetime) -> str:
    """Write a point in time, which has an offset, in UTC."""
    return moment.astimezone(timezone.utc).isoformat()


def canonical(column: Column, value: str | Bound) -> str:
    """Write a declared value of a column as the reader writes a cell that means it.

    Raises:
        ValueError: the value is none of the column's type.
    """
    text: str | None = None
    # bool is an int and datetime is a date: the narrower type comes first
    if isinstance(value, bool):
        text = str(value).lower() if column.type == "boolean" else None
    elif isinstance(value, int | float | Decimal):
        text = _number_text(column, value)
    elif isinstance(value, datetime):
        if column.type == "timestamptz" and value.tzinfo is not None:
            text = timestamp_text(value)
    elif isinstance(value, date):
        text = value.isoformat() if column.type == "date" else None
    elif isinstance(value, str):
        text = value if column.type == "text" else None
    if text is None:
        hint = _HINTS.get(column.type, "")
        raise ValueError(f"{value!r} is no value of type {column.type}{hint}")
    return text


def comparable(column: Column) -> Callable[[str], Any]:
    """Choose what makes values that compare exactly out of canonical ones."""
    if column.type in RANGES:
        return int
    if column.type == "date":
        return date.fromisoformat
    if column.type == "timestamptz":
        return datetime.fromisoformat
    return {"numeric": Decimal, "double precision": float}.get(column.type, str)


def _number_text(column: Column, value: float | Decimal) -> str | None:
    """Write a declared number; None if it is not one of the column. A float is never exact."""
    if not isinstance(value, int) and not math.isfinite(value):
        return None
    if column.type in RANGES and isinstance(value, int):
        lowest, highest = RANGES[column.type]
        return str(value) if lowest <= value <= highest else None
    try:
        if column.type == "numeric" and not isinstance(value, float):
            return decimal_text(Decimal(value), column.precision)
        # a Decimal that no float equals would be rounded
        if column.type == "double precision" and value == float(value):
            return float_text(float(value))
    # an int above the largest float overflows
    except (OutOfRangeError, TooPreciseError, OverflowError):
        pass
    return None

"""The constraints of a column: what they ask of a canonical value, and the code of one that fails.

Values are compared as what they are, never as text or as another type: Decimal for numeric.
Names and meaning: https://specs.frictionlessdata.io/table-schema/#constraints.
"""

from __future__ import annotations

import math
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from include.contracts.patterns import compile_pattern
from include.core.csv.faults import Fault
from include.core.csv.numbers import RANGES, integers, numerics

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from include.contracts.columns import Column

CODES: Final = {
    "max_length": "text_too_long",
    "min_length": "text_too_short",
    "pattern": "pattern_mismatch",
    "minimum": "below_minimum",
    "maximum": "above_maximum",
    "enum": "not_in_enum",
}
"""The reject code of each constraint, in the order in which they are checked: a long text is not
matched with a pattern."""

_SHOWN_VALUES: Final = 10
_HINTS: Final = {
    "numeric": ": use int or Decimal, which are exact",
    "date": ": use datetime.date",
    "timestamptz": ": use datetime.datetime with a time zone",
}


def canonical(column: Column, value: Any) -> str:
    """Write a declared value of a column as the reader writes a cell that means it.

    Raises:
        ValueError: the value is none of the column's type.
    """
    text: str | None = None
    if isinstance(value, bool):
        text = str(value).lower() if column.type == "boolean" else None
    elif isinstance(value, int | float | Decimal):
        text = _number(column, value)
    elif isinstance(value, datetime):
        if column.type == "timestamptz" and value.tzinfo is not None:
            text = value.astimezone(timezone.utc).isoformat()
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


def declared(column: Column) -> dict[str, Any]:
    """Give the constraints that a column has, by field, in the order of CODES."""
    found = {field: getattr(column, field) for field in CODES}
    return {field: asked for field, asked in found.items() if asked not in (None, ())}


class Checks:
    """All constraints of a column."""

    def __init__(self, column: Column) -> None:
        self._tests = [
            (_test(column, field, asked), Fault(CODES[field], words_of(column, asked)))
            for field, asked in declared(column).items()
        ]

    def __bool__(self) -> bool:
        return bool(self._tests)

    def hold(self, values: Collection[str]) -> bool:
        """Tell whether canonical values keep all constraints, fast."""
        return all(all(map(holds, values)) for holds, _ in self._tests)

    def fault(self, value: str) -> Fault | None:
        """Find the first constraint that a canonical value breaks."""
        for holds, fault in self._tests:
            if not holds(value):
                return fault
        return None


def _test(column: Column, field: str, asked: Any) -> Callable[[str], Any]:
    """Build the test of one constraint: what comes back is true for the values that keep it."""
    if field == "max_length":
        return lambda value: len(value) <= asked
    if field == "min_length":
        return lambda value: len(value) >= asked
    if field == "pattern":
        return compile_pattern(asked).fullmatch
    if field == "enum":
        return frozenset(canonical(column, value) for value in asked).__contains__
    to_value = comparable(column)
    bound = to_value(canonical(column, asked))
    if field == "minimum":
        return lambda value: to_value(value) >= bound
    return lambda value: to_value(value) <= bound


def words_of(column: Column, asked: Any) -> str:
    """Write what a constraint asks for, a long list cut."""
    if not isinstance(asked, tuple):
        return str(asked)
    shown = ", ".join(canonical(column, value) for value in asked[:_SHOWN_VALUES])
    return shown if len(asked) <= _SHOWN_VALUES else f"{shown} or {len(asked) - _SHOWN_VALUES} more"


def _number(column: Column, value: float | Decimal) -> str | None:
    """Write a declared number as a cell would be read; a float stands for no exact type."""
    try:
        if column.type in RANGES and isinstance(value, int):
            return integers(column)(str(value))
        if not isinstance(value, int) and not math.isfinite(value):
            return None
        if column.type == "numeric" and not isinstance(value, float):
            return numerics(column)(str(value).replace(".", column.decimal_char))
        if column.type == "double precision" and value == float(value):
            return repr(float(value) + 0.0)
    except (Fault, OverflowError):
        pass
    return None

"""The constraints of a column, checked on the canonical values of its cells.

Values are compared as what they are, never as text or as another type: Decimal for numeric.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.contracts.constraints import constraints_of
from include.contracts.patterns import compile_pattern
from include.contracts.values import comparable
from include.core.csv.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from include.contracts.columns import Column
    from include.contracts.constraints import Constraint


class ConstraintChecks:
    """All constraints of a column; false where it has none."""

    def __init__(self, column: Column) -> None:
        self._tests = [
            (_test(column, constraint), Fault(constraint.code, constraint.words))
            for constraint in constraints_of(column)
        ]

    def __bool__(self) -> bool:
        return bool(self._tests)

    def all_hold(self, values: Collection[str]) -> bool:
        """Check whether canonical values keep all constraints, fast."""
        return all(all(map(holds, values)) for holds, _ in self._tests)

    def fault(self, value: str) -> Fault | None:
        """Find the first constraint that a canonical value breaks."""
        return next((fault for holds, fault in self._tests if not holds(value)), None)


def _test(column: Column, constraint: Constraint) -> Callable[[str], Any]:
    """Build the test of one constraint: it returns something true for values that keep it."""
    field, limit = constraint.field, constraint.limit
    if isinstance(limit, int):
        if field == "max_length":
            return lambda value: len(value) <= limit
        return lambda value: len(value) >= limit
    if isinstance(limit, tuple):
        return frozenset(limit).__contains__
    if field == "pattern":
        return compile_pattern(limit).fullmatch
    to_value = comparable(column)
    bound = to_value(limit)
    if field == "minimum":
        return lambda value: to_value(value) >= bound
    return lambda value: to_value(value) <= bound

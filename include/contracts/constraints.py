"""The constraints of a column: what each asks of a canonical value, and the code of one that fails.

Names and meaning: https://specs.frictionlessdata.io/table-schema/#constraints.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from include.contracts.values import canonical

if TYPE_CHECKING:
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

_LISTED_VALUES: Final = 10


@dataclass(frozen=True, kw_only=True)
class Constraint:
    """One constraint that a column declares.

    Attributes:
        field: the field of Column that declares it, a key of CODES.
        limit: characters for a length, the pattern, or canonical values: one for a minimum or
            maximum, all of an enum.
        words: what it asks for, for people; a long list is cut.
    """

    field: str
    limit: int | str | tuple[str, ...]
    words: str

    @property
    def code(self) -> str:
        """The code of a value that breaks it."""
        return CODES[self.field]


def constraints_of(column: Column) -> tuple[Constraint, ...]:
    """Give the constraints that a column declares, in the order of CODES."""
    found = []
    for field in CODES:
        declared = getattr(column, field)
        if declared is None or declared == ():
            continue
        limit, words = declared, str(declared)
        if field == "enum":
            limit = tuple(canonical(column, value) for value in declared)
            more = len(limit) - _LISTED_VALUES
            words = ", ".join(limit[:_LISTED_VALUES]) + (f" or {more} more" if more > 0 else "")
        elif field in {"minimum", "maximum"}:
            limit = canonical(column, declared)
        found.append(Constraint(field=field, limit=limit, words=words))
    return tuple(found)

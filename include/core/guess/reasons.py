"""Why a column is declared as it is, in a few words that hold none of its values."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from include.contracts.columns import Column
    from include.core.guess.candidates import Evidence


def reason(column: Column, evidence: Evidence) -> str:
    """Say what the values of a column have in common, and whether some are missing."""
    if not evidence.seen:
        return "no cell holds a value: nothing shows its type"
    said = _of_type(column, evidence)
    if evidence.padded and column.trim:
        said += ", some with blanks around"
    return f"{said}; {'some are missing' if column.nullable else 'none is missing'}"


def _of_type(column: Column, evidence: Evidence) -> str:
    if column.type == "boolean":
        return f"each is {' or '.join(sorted({each.lower() for each in evidence.spellings}))}"
    if column.type in ("date", "timestamptz"):
        kind = "days" if column.type == "date" else "points in time"
        return f"{kind} written {' or '.join(column.formats) or 'as ISO 8601 has them'}"
    if column.type == "double precision":
        return "numbers with an exponent"
    if column.type == "text":
        return _of_text(column)
    kind = "whole numbers" if column.type == "bigint" else "numbers"
    if column.type == "numeric" and column.decimal_char not in evidence.signs:
        kind = "whole numbers, too large for bigint"
    point = "a point" if column.decimal_char == "." else "a comma"
    fraction = f"{point} before the fraction" if column.type == "numeric" else ""
    zeros = "zeros after the point" if column.zero_fraction else ""
    groups = f"{column.group_char!r} between groups of digits" if column.group_char else ""
    return ", ".join(filter(None, (kind, fraction, zeros, groups)))


def _of_text(column: Column) -> str:
    if column.pattern is None:
        return "texts: no other type takes every value"
    if re.search("[A-Z]", column.pattern.replace("[A-Z]", "A")):
        return "codes of one shape"
    return "digits of one shape: a number would lose the zeros in front"

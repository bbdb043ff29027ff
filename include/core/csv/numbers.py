"""Numbers in plain ASCII digits, with the separators that their column declares and no others."""

from __future__ import annotations

import math
import re
from decimal import Context, Decimal
from typing import TYPE_CHECKING, Final

from include.core.csv.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.contracts.columns import Column

RANGES: Final = {
    "smallint": (-(2**15), 2**15 - 1),
    "integer": (-(2**31), 2**31 - 1),
    "bigint": (-(2**63), 2**63 - 1),
}
NUMERIC_DIGITS: Final = 1000
"""Digits before and after the point of a numeric without precision: the most that Postgres lets
one declare (https://www.postgresql.org/docs/18/datatype-numeric.html)."""

_INTEGER: Final = re.compile(r"([+-]?[0-9]+)(\.0*)?")
_INTEGER_CHARACTERS: Final = 1000
_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,9})?")
_CANONICAL: Final = re.compile(r"(?!-0\Z)-?(?:0|[1-9][0-9]{0,27})(?:\.[0-9]{0,27}[1-9])?")
_NOT_FINITE: Final = {
    "nan": "NaN",
    "inf": "Infinity",
    "+inf": "Infinity",
    "-inf": "-Infinity",
    "infinity": "Infinity",
    "+infinity": "Infinity",
    "-infinity": "-Infinity",
}
_EXACT: Final = Context(prec=2 * NUMERIC_DIGITS)


def integers(column: Column) -> Callable[[str], str]:
    """Build the parser of a smallint, integer or bigint column."""
    lowest, highest = RANGES[column.type]
    plain = _plain(column, code="not_an_integer")

    def parse(text: str) -> str:
        found = _INTEGER.fullmatch(plain(text))
        if found is None:
            raise Fault("not_an_integer")
        whole, zeros = found.groups()
        if zeros is not None and not column.zero_fraction:
            raise Fault("whole_number_with_point")
        if len(whole) > _INTEGER_CHARACTERS or not lowest <= (number := int(whole)) <= highest:
            raise Fault("out_of_range")
        return str(number)

    return parse


def floats(column: Column) -> Callable[[str], str | None]:
    """Build the parser of a double precision column."""
    plain = _plain(column, code="not_a_number")

    def parse(text: str) -> str | None:
        text = plain(text)
        if _NUMBER.fullmatch(text) is None:
            return _without_end(column, _not_finite(text))
        number = float(text)
        if math.isinf(number):
            return _without_end(column, "-Infinity" if number < 0 else "Infinity")
        if not number and any(digit in "123456789" for digit in text.lower().partition("e")[0]):
            raise Fault("out_of_range")
        return repr(number + 0.0)  # minus zero equals zero

    return parse


def numerics(column: Column) -> Callable[[str], str | None]:
    """Build the parser of a numeric column: exact, never rounded."""
    digits, scale = column.precision or (2 * NUMERIC_DIGITS, NUMERIC_DIGITS)
    plain = _plain(column, code="not_a_number")

    def parse(text: str) -> str | None:
        text = plain(text)
        if column.precision is None and _CANONICAL.fullmatch(text):
            return text
        if _NUMBER.fullmatch(text) is None:
            word = _not_finite(text)
            if column.precision and word != "NaN" and column.non_finite == "keep":
                raise Fault("out_of_range")  # Postgres keeps no infinity under a precision
            return _without_end(column, word)
        number = Decimal(text)
        if not number:
            return "0"
        if number.adjusted() >= digits - scale:
            if column.non_finite == "null":
                return None
            raise Fault("out_of_range")
        if number.adjusted() < -scale:
            raise Fault("too_precise")
        exact = _EXACT.normalize(number)
        if exact.compare(number) or -int(exact.as_tuple().exponent) > scale:
            raise Fault("too_precise")
        return format(exact, "f")

    return parse


def _plain(column: Column, *, code: str) -> Callable[[str], str]:
    """Build what writes a number with a point and no groups; it faults one with other separators.

    Groups have three digits each, but the first one to three, which is no zero: what is written
    0.123 is no number of thousands. A number may stand without groups.
    """
    point, group = column.decimal_char, column.group_char
    if point == "." and group is None:
        return str
    grouped = "" if group is None else f"[1-9][0-9]{{0,2}}(?:{re.escape(group)}[0-9]{{3}})+|"
    shape = re.compile(f"[+-]?(?:{grouped}[0-9]*)(?:{re.escape(point)}[0-9]*)?(?:[eE][+-]?[0-9]+)?")

    def plain(text: str) -> str:
        if shape.fullmatch(text) is None:
            if text.lower() in _NOT_FINITE:
                return text
            raise Fault(code)
        return text.replace(group or "", "").replace(point, ".")

    return plain


def _not_finite(text: str) -> str:
    word = _NOT_FINITE.get(text.lower())
    if word is None:
        raise Fault("not_a_number")
    return word


def _without_end(column: Column, word: str) -> str | None:
    """Give NaN, an infinity, or a number too large for the type what the contract says."""
    if column.non_finite == "reject":
        raise Fault("not_finite")
    return word if column.non_finite == "keep" else None

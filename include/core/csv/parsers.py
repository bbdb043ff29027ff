"""Parsers: one for each type, from the text of a cell to its canonical value, nothing guessed.

Numbers are plain ASCII digits with the separators that their column declares, booleans the
declared spellings or the words of Postgres, dates and times ISO 8601 or the declared formats.
"""

from __future__ import annotations

import math
import re
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from include.contracts.values import (
    FALSE_WORDS,
    RANGES,
    TRUE_WORDS,
    OutOfRangeError,
    TooPreciseError,
    decimal_text,
    float_text,
    timestamp_text,
)
from include.core.csv.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.contracts.columns import Column

    Parse = Callable[[str], str | None]

_INTEGER: Final = re.compile(r"([+-]?[0-9]+)(\.0*)?")
_INTEGER_CHARACTERS: Final = 1000  # int() refuses more than 4,300 digits
_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,9})?")
# what decimal_text would write, of so few digits that Decimal need not be asked
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
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIMESTAMP: Final = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[T ]([0-9]{2}):([0-9]{2})"
    r"(?::([0-9]{2})(?:[.,]([0-9]{1,9}))?)?"
    r"(Z|([+-])([0-9]{2})(?::?([0-9]{2}))?)?"
)
_MICROSECOND_DIGITS: Final = 6


def parser_of(column: Column) -> Parse:
    """Choose the parser of a column that is not text.

    It takes a cell without quotes, returns None for what the column's non_finite makes null, and
    raises Fault for a cell that is no value.
    """
    if column.type in RANGES:
        return _integers(column)
    if column.type == "numeric":
        return _numerics(column)
    if column.type == "double precision":
        return _floats(column)
    if column.type == "boolean":
        return _booleans(column)
    return _dates(column) if column.type == "date" else _timestamps(column)


def _integers(column: Column) -> Callable[[str], str]:
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


def _floats(column: Column) -> Callable[[str], str | None]:
    """Build the parser of a double precision column."""
    plain = _plain(column, code="not_a_number")

    def parse(text: str) -> str | None:
        text = plain(text)
        if _NUMBER.fullmatch(text) is None:
            return _without_end(column, _not_finite(text))
        number = float(text)
        if math.isinf(number):
            return _without_end(column, "-Infinity" if number < 0 else "Infinity")
        # a number that is not zero, too small for a float
        if not number and any(digit in "123456789" for digit in text.lower().partition("e")[0]):
            raise Fault("out_of_range")
        return float_text(number)

    return parse


def _numerics(column: Column) -> Callable[[str], str | None]:
    """Build the parser of a numeric column: exact, never rounded."""
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
        try:
            return decimal_text(Decimal(text), column.precision)
        except TooPreciseError:
            raise Fault("too_precise") from None
        except OutOfRangeError:
            if column.non_finite == "null":
                return None
            raise Fault("out_of_range") from None

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


def _booleans(column: Column) -> Callable[[str], str]:
    """Build the parser of a boolean column; letter case counts in declared spellings alone."""
    spelled = dict.fromkeys(column.true_values, "true")
    spelled |= dict.fromkeys(column.false_values, "false")
    words = {} if column.true_values else dict.fromkeys(TRUE_WORDS, "true")
    words |= {} if column.false_values else dict.fromkeys(FALSE_WORDS, "false")

    def parse(text: str) -> str:
        value = spelled.get(text) or words.get(text.lower())
        if value is None:
            raise Fault("not_a_boolean")
        return value

    return parse


def _dates(column: Column) -> Callable[[str], str]:
    """Build the parser of a date column."""

    def parse(text: str) -> str:
        try:
            if column.formats:
                return _by_formats(text, column.formats).date().isoformat()
            if _DATE.fullmatch(text):
                return date.fromisoformat(text).isoformat()
        except ValueError:
            pass
        raise Fault("not_a_date")

    return parse


def _timestamps(column: Column) -> Callable[[str], str]:
    """Build the parser of a timestamptz column."""
    zone = ZoneInfo(column.zone) if column.zone else None

    def parse(text: str) -> str:
        try:
            moment = _by_formats(text, column.formats) if column.formats else _iso(text)
            if moment.tzinfo is None:
                moment = _in_zone(moment, zone)
            return timestamp_text(moment)
        except (ValueError, OverflowError):
            raise Fault("not_a_timestamp") from None

    return parse


def _by_formats(text: str, formats: tuple[str, ...]) -> datetime:
    """Read text by the first format that fits, strictly: ASCII, and no blank that it lacks."""
    if text.isascii():  # strptime takes digits of any script
        for form in formats:
            if " " in text and " " not in form:  # and blanks before some numbers
                continue
            try:
                return datetime.strptime(text, form)  # noqa: DTZ007 # the zone is the contract's
            except ValueError:
                continue
    raise ValueError


def _iso(text: str) -> datetime:
    """Read the ISO 8601 profile of https://www.rfc-editor.org/rfc/rfc3339; T, seconds optional."""
    found = _TIMESTAMP.fullmatch(text)
    if found is None:
        raise ValueError
    *clock, second, fraction, offset, sign, hours, minutes = found.groups()
    fraction = (fraction or "").rstrip("0")
    if len(fraction) > _MICROSECOND_DIGITS:
        raise Fault("too_precise")
    zone = None
    if offset == "Z":
        zone = timezone.utc
    elif offset:
        shift = timedelta(hours=int(hours), minutes=int(minutes or 0))
        zone = timezone(-shift if sign == "-" else shift)
    micros = int(fraction.ljust(_MICROSECOND_DIGITS, "0"))
    year, month, day, hour, minute = map(int, clock)
    return datetime(year, month, day, hour, minute, int(second or 0), micros, zone)


def _in_zone(naive: datetime, zone: ZoneInfo | None) -> datetime:
    """Place a time without offset in its zone, unless the zone has it twice or never."""
    if zone is None:
        raise Fault("no_zone")
    earlier, later = (naive.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    # the two readings differ where clocks change; a time that exists survives the way to UTC
    if earlier.utcoffset() != later.utcoffset():
        back = earlier.astimezone(timezone.utc).astimezone(zone).replace(tzinfo=None)
        raise Fault("ambiguous_time" if back == naive else "nonexistent_time")
    return earlier

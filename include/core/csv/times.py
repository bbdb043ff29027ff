"""Dates and points in time: ISO 8601 or the declared formats, nothing guessed."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from include.core.csv.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.contracts.columns import Column

_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIMESTAMP: Final = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[T ]([0-9]{2}):([0-9]{2})"
    r"(?::([0-9]{2})(?:[.,]([0-9]{1,9}))?)?"
    r"(Z|([+-])([0-9]{2})(?::?([0-9]{2}))?)?"
)
_MICROSECOND_DIGITS: Final = 6


def dates(column: Column) -> Callable[[str], str]:
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


def timestamps(column: Column) -> Callable[[str], str]:
    """Build the parser of a timestamptz column."""
    zone = ZoneInfo(column.zone) if column.zone else None

    def parse(text: str) -> str:
        try:
            moment = _by_formats(text, column.formats) if column.formats else _iso(text)
            if moment.tzinfo is None:
                moment = _in_zone(moment, zone)
            return moment.astimezone(timezone.utc).isoformat()
        except (ValueError, OverflowError):
            raise Fault("not_a_timestamp") from None

    return parse


def _by_formats(text: str, formats: tuple[str, ...]) -> datetime:
    """Read text by the first format that fits, strictly: ASCII, and no blank that it lacks."""
    if text.isascii():
        for form in formats:
            if " " in text and " " not in form:
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
    if earlier.utcoffset() != later.utcoffset():
        back = earlier.astimezone(timezone.utc).astimezone(zone).replace(tzinfo=None)
        raise Fault("ambiguous_time" if back == naive else "nonexistent_time")
    return earlier

"""What records of an API become, by the json module and plain Python; shares no code with it."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

RANGES = {"smallint": 2**15, "integer": 2**31, "bigint": 2**63}
CONSTRAINTS = {
    "max_length": "text_too_long",
    "min_length": "text_too_short",
    "pattern": "pattern_mismatch",
    "minimum": "below_minimum",
    "maximum": "above_maximum",
}
MOMENT = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?"
    r"(?:(Z)|([+-])(\d\d):?([0-5]\d)?)?",
    re.ASCII,
)


class BadError(Exception):
    """The code of a fault."""


class Object(dict[str, Any]):
    """A JSON object that knows whether a name was there twice."""

    twice = False


def pairs(found: list[tuple[str, Any]]) -> Object:
    made = Object()
    for name, value in found:
        if name in made:
            made.twice = True
        else:
            made[name] = value
    return made


@dataclass
class Expected:
    rows: list[tuple[Any, ...]]
    rejects: list[tuple[int, int, str, str | None]]  # answer, line, code, column
    read: int
    duplicate: int
    unknown: list[str]

    @property
    def codes(self) -> dict[str, int]:
        return dict(Counter(code for _, _, code, _ in self.rejects))


def expect(dataset: Any, texts: list[str]) -> Expected:
    """Answers of one hour, each a list of records."""
    good: dict[tuple[Any, ...], list[tuple[int, int, tuple[Any, ...]]]] = {}
    rejects: list[tuple[int, int, str, str | None]] = []
    unknown: set[str] = set()
    read = 0
    names = [field.column.name for field in dataset.fields]
    for answer, text in enumerate(texts):
        for line, record in enumerate(json.loads(text, object_pairs_hook=pairs), 1):
            read += 1
            if not isinstance(record, Object):
                rejects.append((answer, line, "not_an_object", None))
                continue
            twice = look(record, dataset.fields, unknown)
            if twice:
                rejects.append((answer, line, "duplicate_name", None))
                continue
            row, fault = row_of(dataset.fields, record)
            if fault:
                rejects.append((answer, line, *fault))
                continue
            key = tuple(row[names.index(name)] for name in dataset.row_key)
            good.setdefault(key, []).append((answer, line, row))
    rows, duplicate = [], 0
    for found in good.values():
        if len({row for _, _, row in found}) == 1:
            rows.append(found[0][2])
            duplicate += len(found) - 1
        else:
            column = ", ".join(dataset.row_key)
            rejects += ((answer, line, "key_conflict", column) for answer, line, _ in found)
    return Expected(rows, sorted(rejects), read, duplicate, sorted(unknown))


def row_of(fields: Any, record: Object) -> tuple[tuple[Any, ...], tuple[str, str] | None]:
    """The values of a record; or the first fault with its column."""
    values = []
    for field in fields:
        try:
            values.append(value_of(field, find(record, field.path)))
        except BadError as bad:  # noqa: PERF203 -- it ends the loop
            return (), (str(bad), field.column.name)
    return tuple(values), None


def find(record: Any, path: str) -> Any:
    for part in path.split("."):
        if part.isdecimal():
            if not isinstance(record, list) or int(part) >= len(record):
                return None
            record = record[int(part)]
        elif not isinstance(record, dict) or part not in record:
            return None
        else:
            record = record[part]
    return record


def look(record: Object, fields: Any, unknown: set[str]) -> bool:
    """Note what no field declares; says whether an object that holds fields has a name twice."""
    twice = False
    paths = {field.path for field in fields}
    holders = {""} | {".".join(p.split(".")[:n]) for p in paths for n in range(1, p.count(".") + 1)}
    for holder in holders:
        found = find(record, holder) if holder else record
        if not isinstance(found, Object):
            continue
        twice |= found.twice
        for name in found:
            path = f"{holder}.{name}" if holder else name
            if path not in paths and path not in holders:
                unknown.add(path)
    return twice


def value_of(field: Any, given: Any) -> Any:
    column = field.column
    if given is None:
        if not column.nullable:
            raise BadError("null")
        return None
    value = KINDS[column.type](field, given)
    for name, code in CONSTRAINTS.items():
        limit = getattr(column, name)
        if limit is not None and not holds(name, value, limit):
            raise BadError(code)
    if column.enum and value not in column.enum:
        raise BadError("not_in_enum")
    return value


def holds(name: str, value: Any, limit: Any) -> bool:
    if name.endswith("length"):
        return bool(len(value) <= limit if name == "max_length" else len(value) >= limit)
    if name == "pattern":
        return re.fullmatch(limit, value, re.ASCII) is not None
    return bool(value >= limit if name == "minimum" else value <= limit)


def is_number(given: Any) -> bool:
    return isinstance(given, int | float) and not isinstance(given, bool)


def text(_: Any, given: Any) -> str:
    if not isinstance(given, str):
        raise BadError("not_a_text")
    if "\0" in given:
        raise BadError("nul")
    return given


def whole(field: Any, given: Any) -> int:
    if not is_number(given):
        raise BadError("not_an_integer")
    if isinstance(given, float):
        if not math.isfinite(given) or not given.is_integer():
            raise BadError("not_an_integer")
        if not field.column.zero_fraction:
            raise BadError("whole_number_with_point")
        if abs(given) >= 2**53:
            raise BadError("inexact")
    end = RANGES[field.column.type]
    if not -end <= given < end:
        raise BadError("out_of_range")
    return int(given)


def as_float(given: Any) -> float:
    if not is_number(given):
        raise BadError("not_a_number")
    try:
        number = float(given)
    except OverflowError:
        raise BadError("not_finite") from None
    if not math.isfinite(number):
        raise BadError("not_finite")
    return number


def double(_: Any, given: Any) -> float:
    number = as_float(given)
    if isinstance(given, int) and int(number) != given:
        raise BadError("inexact")
    return number + 0.0


def numeric(field: Any, given: Any) -> Decimal:
    digits, scale = field.column.precision
    number = Decimal(repr(as_float(given)))
    if abs(number) >= Decimal(10) ** (digits - scale):
        raise BadError("out_of_range")
    kept = number.quantize(Decimal(1).scaleb(-scale))
    if kept != number:
        raise BadError("too_precise")
    return kept + 0


def boolean(_: Any, given: Any) -> bool:
    if not isinstance(given, bool):
        raise BadError("not_a_boolean")
    return given


def day(_: Any, given: Any) -> date:
    if isinstance(given, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", given, re.ASCII):
        try:
            return date.fromisoformat(given)
        except ValueError:
            pass
    raise BadError("not_a_date")


def moment(field: Any, given: Any) -> datetime:
    if field.epoch:
        return epoch(field, given)
    found = MOMENT.fullmatch(given) if isinstance(given, str) else None
    if found is None:
        raise BadError("not_a_timestamp")
    year, month, day, hour, minute, second, fraction, zulu, sign, hours, minutes = found.groups()
    millis = int((fraction or "0")[:3].ljust(3, "0"))
    try:
        local = datetime(int(year), int(month), int(day), int(hour), int(minute), int(second or 0))  # noqa: DTZ001 -- as the lake has it
        local += timedelta(milliseconds=millis)
        if not zulu and not sign:
            raise BadError("no_zone")
        if sign:
            shift = timedelta(hours=int(hours), minutes=int(minutes or 0))
            if shift >= timedelta(days=1):
                raise BadError("not_a_timestamp")
            local = local + shift if sign == "-" else local - shift
    except (ValueError, OverflowError):
        raise BadError("not_a_timestamp") from None
    return local


def epoch(field: Any, given: Any) -> datetime:
    if not is_number(given):
        raise BadError("not_a_timestamp")
    if not math.isfinite(given):
        raise BadError("out_of_range")
    number = Decimal(repr(given))
    if abs(number) > 10**15:
        raise BadError("out_of_range")
    number = number.quantize(Decimal("1e-12"), ROUND_HALF_UP)
    millis = math.floor(number * (1000 if field.epoch == "s" else 1))
    try:
        return datetime(1970, 1, 1) + timedelta(milliseconds=millis)  # noqa: DTZ001 -- as above
    except OverflowError:
        raise BadError("out_of_range") from None


KINDS = {
    "text": text,
    "smallint": whole,
    "integer": whole,
    "bigint": whole,
    "double precision": double,
    "numeric": numeric,
    "boolean": boolean,
    "date": day,
    "timestamptz": moment,
}

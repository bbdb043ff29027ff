"""Values of JSON as SQL: what each is in the type of its column, and what is wrong with others.

Types are strict: a number in quotes is a text. DuckDB reads a number with a point or an exponent
as a double, whose shortest text is taken for what it says, and keeps the digits of whole numbers
(https://www.rfc-editor.org/rfc/rfc8259#section-6).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from include.contracts.constraints import constraints_of
from include.contracts.values import RANGES
from include.core.csv.faults import REASONS as CSV_REASONS
from include.core.snapshot.columns import duckdb_type
from include.core.snapshot.plain_values import holds

if TYPE_CHECKING:
    from include.contracts.apis import ApiField
    from include.contracts.columns import Column
    from include.core.snapshot.plain_values import Bind

REASONS: Final = CSV_REASONS | {
    "not_an_object": "the record is no JSON object",
    "duplicate_name": "an object has a name twice, so that its value is in doubt",
    "not_a_text": "the value is no JSON string",
    "inexact": "the whole number has more digits than a double keeps",
}
"""The code of each reject of a record, and its reason, which holds no value."""

_WHOLE: Final = "-?[0-9]+"
# Whole numbers of so few characters are doubles, digit for digit.
_EXACT_BYTES: Final = 15
_EXACT: Final = 2**53
_DATE: Final = '"[0-9]{4}-[0-9]{2}-[0-9]{2}"'
_LOCAL: Final = (
    "[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9]"
    r"(:[0-5][0-9](\.[0-9]{1,9})?)?"
)
_OFFSET: Final = "(Z|[+-]([01][0-9]|2[0-3])(:?[0-5][0-9])?)"
_ZONED: Final = f'"{_LOCAL}{_OFFSET}"'
_UNZONED: Final = f'"{_LOCAL}"'
# Of Python's years, which are also those of ISO 8601.
_FIRST: Final = "timestamptz '0001-01-01 00:00:00+00'"
_END: Final = "timestamptz '10000-01-01 00:00:00+00'"
_FIRST_DAY: Final = "date '0001-01-01'"
_EPOCH_UNITS: Final = {"s": 1000, "ms": 1}  # milliseconds
_LEAST_EPOCH: Final = -62_135_596_800_000  # milliseconds
_END_EPOCH: Final = 253_402_300_800_000


def stored_type(column: Column) -> str:
    """Choose the type of a column in the lake; of moments Athena keeps milliseconds, in UTC.

    https://docs.aws.amazon.com/athena/latest/ug/data-types.html
    """
    return "timestamp_ms" if column.type == "timestamptz" else duckdb_type(column)


def value_of(field: ApiField, cell: str, bind: Bind) -> str:
    """Write the value of a cell, in duckdb_type of its column; null where it is none.

    Arguments:
        field: whose.
        cell: an expression, the text of its JSON; null where the field is absent or null.
        bind: binds a value.
    """
    column = field.column
    if column.type == "text":
        return _text(cell)
    if column.type == "boolean":
        return f"case {cell} when 'true' then true when 'false' then false end"
    if column.type == "date":
        read = f"try_cast(trim({cell}, '\"') as date)"
        spelled = f"regexp_full_match({cell}, '{_DATE}')"
        return f"case when {spelled} and {read} >= {_FIRST_DAY} then {read} end"
    if column.type == "timestamptz":
        if field.epoch:
            return f"cast({_epoch(field, cell)} as timestamptz)"
        moment = _moment(column, cell, bind)
        return f"case when {moment} >= {_FIRST} and {moment} < {_END} then {moment} end"
    return _number(column, cell)


def good_of(field: ApiField, cell: str, value: str, bind: Bind) -> str:
    """Write the condition under which a cell is what its column declares.

    Arguments:
        field: whose.
        cell: as for value_of.
        value: an expression, what value_of gave.
        bind: binds a value.
    """
    column = field.column
    conditions = [_own(column, cell, value)]
    conditions += [holds(column, value, each, bind) for each in constraints_of(column)]
    none = "true" if column.nullable else "false"
    # what a comparison leaves unknown is not good
    good = f"coalesce({' and '.join(conditions)}, false)"
    return f"case when {cell} is null then {none} else {good} end"


def faults_of(field: ApiField, cell: str, value: str, bind: Bind) -> list[tuple[str, str, str]]:
    """List what may be wrong with a cell: code, what is asked for instead, condition.

    The first whose condition is true is the fault of a cell that is not good; if it is null, the
    fault is the first, which no value that is null has.
    """
    column = field.column
    found = [("null", "", f"{cell} is null")]
    found += [(code, "", condition) for code, condition in _kinds(field, cell, value)]
    found += [
        (each.code, each.words, f"not {holds(column, value, each, bind)}")
        for each in constraints_of(column)
    ]
    return found


def _text(cell: str) -> str:
    return f"case when starts_with({cell}, '\"') then json_extract_string({cell}, '$') end"


def _number(column: Column, cell: str) -> str:
    kind, number = duckdb_type(column), f"try_cast({cell} as double)"
    if column.type in RANGES:
        whole = f"when {_is_whole(cell)} then try_cast({cell} as {kind})"
        if not column.zero_fraction:
            return f"case {whole} end"
        exact = f"abs({number}) < {_EXACT} and {number} = trunc({number})"
        return f"case {whole} when {exact} then try_cast({number} as {kind}) end"
    # minus zero is zero
    return f"{number} + 0" if kind == "double" else f"try_cast({number} as {kind})"


def _is_whole(cell: str) -> str:
    """Whether a cell, if it is a number, is one without a point and an exponent."""
    return f"not (contains({cell}, '.') or contains({cell}, 'e') or contains({cell}, 'E'))"


def _own(column: Column, cell: str, value: str) -> str:
    """The condition under which a value is the cell's own, nothing rounded."""
    if column.type == "text":
        return f"not contains({value}, chr(0))"
    if column.type == "numeric":
        return f"cast({value} as double) = try_cast({cell} as double)"
    if column.type == "double precision":
        return f"(isfinite({value}) and {_is_exact(cell, value)})"
    return f"{value} is not null"


def _is_exact(cell: str, value: str) -> str:
    same = f"coalesce(try_cast({value} as hugeint) = try_cast({cell} as hugeint), false)"
    return (
        f"case when strlen({cell}) > {_EXACT_BYTES} and {_is_whole(cell)} then {same} else true end"
    )


def _kinds(field: ApiField, cell: str, value: str) -> list[tuple[str, str]]:
    """Faults of a cell by its type, as pairs of code and condition."""
    column = field.column
    none, number = f"{value} is null", f"try_cast({cell} as double)"
    if column.type == "text":
        return [("not_a_text", none), ("nul", f"contains({value}, chr(0))")]
    if column.type in {"boolean", "date"}:
        return [(f"not_a_{column.type}", none)]
    if column.type == "timestamptz":
        return _faults_of_moment(field, cell, value)
    if column.type in RANGES:
        whole = f"{number} = trunc({number}) and isfinite({number})"
        with_point = [("whole_number_with_point", f"{whole} and {none}")]
        if column.zero_fraction:
            with_point = [
                ("inexact", f"{whole} and abs({number}) >= {_EXACT}"),
                ("out_of_range", f"{whole} and {none}"),
            ]
        is_number = f"regexp_full_match({cell}, '{_WHOLE}')"
        return [("out_of_range", f"{is_number} and {none}"), *with_point, ("not_an_integer", none)]
    found = [("not_a_number", f"{number} is null"), ("not_finite", f"not isfinite({number})")]
    if column.type == "double precision":
        return [*found, ("inexact", f"not ({_is_exact(cell, value)})")]
    digits, scale = column.precision or (0, 0)
    most = f"abs({number}) >= 1e{digits - scale}"
    exact = f"cast({value} as double) is not distinct from {number}"
    return [*found, ("out_of_range", most), ("too_precise", f"not ({exact})")]


def _epoch(field: ApiField, cell: str) -> str:
    """A moment that is given as a number, which the shortest text of a double writes in decimal."""
    unit = _EPOCH_UNITS[field.epoch or "s"]
    whole = f"try_cast({cell} as bigint)"
    parts = f"try_cast({cell} as decimal(30, 12))"
    bounds = f"between {_LEAST_EPOCH // unit} and {(_END_EPOCH - 1) // unit}"
    below = f">= {_LEAST_EPOCH // unit} and {parts} < {_END_EPOCH // unit}"
    return (
        f"case when {_is_whole(cell)} "
        f"then case when {whole} {bounds} then make_timestamp_ms({whole} * {unit}) end "
        f"when {parts} {below} "
        f"then make_timestamp_ms(cast(floor({parts} * {unit}) as bigint)) end"
    )


def _moment(column: Column, cell: str, bind: Bind) -> str:
    """A moment that is given as text; what is finer than a millisecond is cut off, downwards."""
    text = f"trim({cell}, '\"')"
    zoned = f"when regexp_full_match({cell}, '{_ZONED}') then try_cast({text} as timestamptz)"
    unzoned = ""
    if column.zone:
        placed, _ = _in_zone(column.zone, text, bind)
        unzoned = f" when regexp_full_match({cell}, '{_UNZONED}') then {placed}"
    return f"date_trunc('millisecond', case {zoned}{unzoned} end)"


def _in_zone(zone: str, text: str, bind: Bind) -> tuple[str, str]:
    """A time without offset in its zone, null unless it is there once; and how often it is there.

    A time may have the offset of the day before or of the day after, where clocks change.
    """
    name, local = bind(zone), f"try_cast({text} as timestamp)"
    found = []
    for day in (f"({local} - interval 1 day)", f"({local} + interval 1 day)"):
        offset = f"({day} - timezone('UTC', timezone({name}, {day})))"
        moment = f"timezone('UTC', {local} - {offset})"
        found.append(f"case when timezone({name}, {moment}) = {local} then {moment} end")
    times = f"list_distinct([{', '.join(found)}])"
    return f"case when len({times}) = 1 then {times}[1] end", f"len({times})"


def _faults_of_moment(field: ApiField, cell: str, value: str) -> list[tuple[str, str]]:
    column, none = field.column, f"{value} is null"
    if field.epoch:
        is_number = f"try_cast({cell} as double) is not null and {none}"
        return [("out_of_range", is_number), ("not_a_timestamp", none)]
    text = f"trim({cell}, '\"')"
    is_local = (
        f"regexp_full_match({cell}, '{_UNZONED}') and try_cast({text} as timestamp) is not null"
    )
    if column.zone is None:
        return [("no_zone", is_local), ("not_a_timestamp", none)]
    _, times = _in_zone(column.zone, text, lambda zone: f"'{zone}'")
    return [
        ("ambiguous_time", f"{is_local} and {none} and {times} > 1"),
        ("nonexistent_time", f"{is_local} and {none} and {times} = 0"),
        ("not_a_timestamp", none),
    ]

"""Cells of plain rows as SQL: the value of each that is surely one, exactly as values.py reads it.

Only spellings are taken whose meaning is beyond doubt; the careful reader reads the others. So it
makes no difference to a value which of both has read it.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from include.contracts.constraints import constraints_of
from include.contracts.values import FALSE_WORDS, RANGES, TRUE_WORDS
from include.core.snapshot.columns import duckdb_type

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.contracts.columns import Column
    from include.contracts.constraints import Constraint

    Bind = Callable[[object], str]
    """Binds a value to a statement, and returns the name of its parameter."""

_INTEGER: Final = "-?[0-9]{1,18}"
_ZERO_FRACTION: Final = r"(\.0{0,9})?"
# Of so few digits and so small exponents that no reader meets the ends of the type's range.
_FLOAT: Final = r"-?[0-9]{1,17}(\.[0-9]{1,17})?([eE][+-]?[0-9]{1,2})?"
_MOST_DIGITS: Final = 27  # of a numeric that stays text, before the point and after it
_DATE: Final = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_FIRST_DAY: Final = "0001-01-01"
# With an offset, and in no year whose moments may lie in one that Python has not.
_TIMESTAMP: Final = (
    "([1-8][0-9]{3}|9[0-8][0-9]{2})-[0-9]{2}-[0-9]{2}"
    r"[T ]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?"
    "(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9])"
)
_TRIMMED: Final = "([!-~](.*[!-~])?)?"
_PARTS: Final = {"%Y": "[0-9]{4}", "%m": "[0-9]{2}", "%d": "[0-9]{2}"}
_DATE_FORMAT: Final = re.compile(r"(?:%[Ymd][-/._ ]?){3}")


def is_readable(column: Column) -> bool:
    """Check whether SQL can read the plain cells of a column and check its constraints."""
    if column.type == "timestamptz":
        # Where a zone is declared, most cells have no offset, and each of these needs care.
        return not column.formats and column.zone is None
    if column.type == "date":
        return not column.formats or _is_plain(column.formats[0])
    bounds = [
        each for each in constraints_of(column) if each.field in {"minimum", "maximum", "enum"}
    ]
    if column.type != "numeric" or not bounds:
        return True
    return duckdb_type(column) != "varchar" and all(
        _decimals(text) <= _scale(column) for bound in bounds for text in _texts(bound)
    )


def value_of(column: Column, text: str, bind: Bind) -> str:
    """Write the value of a cell; null where it is not surely one.

    Arguments:
        column: a readable one.
        text: an expression, the cell's text, null where it means null.
        bind: binds a value.
    """
    if column.type == "text":
        return text
    if column.type == "boolean":
        return _boolean(column, text, bind)
    kind = duckdb_type(column)
    if column.type == "date":
        return _date(column, text, bind)
    pattern = bind(_pattern(column))
    if kind == "varchar":
        value = _canonical(text)
    elif column.type in RANGES and column.zero_fraction:
        value = f"try_cast(split_part({text}, '.', 1) as {kind})"
    else:
        value = f"try_cast({text} as {kind})"
    if kind == "double":
        value += " + 0"  # which makes minus zero zero
    return f"case when regexp_full_match({text}, {pattern}) then {value} end"


def good_of(column: Column, text: str, value: str, *, required: bool, bind: Bind) -> str:
    """Write the condition under which a value is what the careful reader would give.

    Arguments:
        column: a readable one.
        text: as for value_of.
        value: an expression, what value_of gave.
        required: null is not accepted.
        bind: binds a value.
    """
    conditions = [
        f"{value} is not null" if required else f"({text} is null or {value} is not null)"
    ]
    if column.trim:
        conditions.append(f"coalesce(regexp_full_match({text}, {bind(_TRIMMED)}), true)")
    conditions += [
        f"coalesce({holds(column, value, each, bind)}, true)" for each in constraints_of(column)
    ]
    return " and ".join(conditions)


def _pattern(column: Column) -> str:
    """The spellings of a number or a moment that are beyond doubt."""
    if column.type == "timestamptz":
        return _TIMESTAMP
    plain = column.decimal_char == "." and column.group_char is None
    if column.type in RANGES:
        return _INTEGER + (_ZERO_FRACTION if column.zero_fraction and plain else "")
    if not plain:
        return "-?[0-9]{1,15}" if column.type == "double precision" else "-?(0|[1-9][0-9]{0,14})"
    if column.type == "double precision":
        return _FLOAT
    digits, scale = column.precision or (2 * _MOST_DIGITS, _MOST_DIGITS)
    whole, after = min(digits - scale, _MOST_DIGITS), min(scale, _MOST_DIGITS)
    point = rf"(\.[0-9]{{1,{after}}})?" if after else ""
    return f"-?(0|[1-9][0-9]{{0,{whole - 1}}}){point}" if whole else f"-?0{point}"


def _canonical(text: str) -> str:
    """The canonical text of a numeric: no zeros at the end of its fraction, no minus zero."""
    cut = f"if(contains({text}, '.'), rtrim(rtrim({text}, '0'), '.'), {text})"
    return f"if({cut} = '-0', '0', {cut})"


def _boolean(column: Column, text: str, bind: Bind) -> str:
    cases = [(column.true_values, "true"), (column.false_values, "false")]
    cases.append(((), "true") if column.true_values else (_cased(TRUE_WORDS), "true"))
    cases.append(((), "false") if column.false_values else (_cased(FALSE_WORDS), "false"))
    # A list, since DuckDB binds no tuple.
    whens = [
        f"when list_contains({bind([*words])}, {text}) then {value}"
        for words, value in cases
        if words
    ]
    return f"case {' '.join(whens)} end"


def _cased(words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(w for word in words for w in (word, word.upper(), word.title())))


def _date(column: Column, text: str, bind: Bind) -> str:
    pattern, value = _DATE, f"try_cast({text} as date)"
    if column.formats:
        form = column.formats[0]
        pattern = re.escape(form)
        for part, digits in _PARTS.items():
            pattern = pattern.replace(re.escape(part), digits)
        value = f"cast(try_strptime({text}, {bind(form)}) as date)"
    # First the value, which is cheaper.
    checked = f"{value} >= date '{_FIRST_DAY}' and regexp_full_match({text}, {bind(pattern)})"
    return f"case when {checked} then {value} end"


def _is_plain(form: str) -> bool:
    return _DATE_FORMAT.fullmatch(form) is not None and all(part in form for part in _PARTS)


def holds(column: Column, value: str, constraint: Constraint, bind: Bind) -> str:
    kind, limit = duckdb_type(column), constraint.limit
    if constraint.field == "pattern":
        return f"regexp_full_match({value}, {bind(limit)})"
    if constraint.field == "enum":
        return f"list_contains(cast({bind(_texts(constraint))} as {kind} []), {value})"
    if constraint.field in {"minimum", "maximum"}:
        sign = ">=" if constraint.field == "minimum" else "<="
        return f"{value} {sign} cast({bind(limit)} as {kind})"
    sign = ">=" if constraint.field == "min_length" else "<="
    return f"length({value}) {sign} {bind(limit)}"


def _texts(constraint: Constraint) -> list[str]:
    limit = constraint.limit
    return [*limit] if isinstance(limit, tuple) else [str(limit)]


def _scale(column: Column) -> int:
    return column.precision[1] if column.precision else 0


def _decimals(text: str) -> int:
    """Digits after the point of a canonical number."""
    return -int(Decimal(text).as_tuple().exponent)

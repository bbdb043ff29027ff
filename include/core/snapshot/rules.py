"""Rules of a dataset, checked on a cleaned snapshot in DuckDB before anything is written."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final

from include.contracts.constraints import constraints_of
from include.contracts.rules import TABLE, BrokenRule, Cumulative, NewestDay, Rule, UniqueKey
from include.core.snapshot.columns import duckdb_type
from include.core.snapshot.long_keys import ENTRY_BYTES, find_long_keys
from include.core.statements import fill, quote_identifier, quote_identifiers
from include.errors import RuleError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from duckdb import DuckDBPyConnection

    from include.contracts.columns import Column
    from include.contracts.constraints import Constraint
    from include.contracts.tables import Table

    # A sentence if the rule is broken; of NewestDay the newest date, and its day since 1970.
    Finding = str | list[Any] | None

_EPOCH: Final = date(1970, 1, 1)


def check_table(connection: DuckDBPyConnection, table: Table) -> None:
    """Hold what the table itself demands of relation cleaned: its key and its columns.

    Raises:
        RuleError: a key is there twice or is too long for an index, a value is missing, or one
            breaks a constraint of its column.
    """
    broken = [_unique(connection, table.key)]
    for column in table.columns:
        if not column.nullable or column.name in table.key:
            statement = fill("snapshot/check_column.null", column=quote_identifier(column.name))
            (missing,) = _one(connection, statement)
            broken.append(f"{missing} rows have no {column.name}" if missing else None)
        broken += _broken_constraints(connection, column)
    broken.append(_too_long(connection, table))
    _refuse(table.sink, [BrokenRule(rule=TABLE, words=words) for words in broken if words])


def _too_long(connection: DuckDBPyConnection, table: Table) -> str | None:
    long = sum(1 for _ in find_long_keys(connection, "cleaned", table.key_columns))
    if not long:
        return None
    return (
        f"{long} keys ({', '.join(table.key)}) are longer than the {ENTRY_BYTES} bytes of an "
        "entry in an index of Postgres"
    )


def _broken_constraints(connection: DuckDBPyConnection, column: Column) -> list[str]:
    """Count the rows of relation cleaned that break the constraints of a column.

    Returns a sentence for each constraint that is broken. Null breaks none.
    """
    as_text = column.type == "numeric" and duckdb_type(column) == "varchar"
    count = _count_numbers if as_text else _count
    return [
        f"{rows} rows break {constraint.field} of {column.name} ({constraint.words})"
        for constraint in constraints_of(column)
        if (rows := count(connection, column, constraint))
    ]


def _count(connection: DuckDBPyConnection, column: Column, constraint: Constraint) -> int:
    statement = fill(
        f"snapshot/check_column.{constraint.field}",
        column=quote_identifier(column.name),
        type=duckdb_type(column),
    )
    # DuckDB binds a list, and no tuple.
    limit = [*constraint.limit] if isinstance(constraint.limit, tuple) else constraint.limit
    row = connection.execute(statement, {"asked": limit}).fetchone()
    return int(row[0]) if row else 0


def _count_numbers(connection: DuckDBPyConnection, column: Column, constraint: Constraint) -> int:
    """Count in Python where numbers are text, since no type of DuckDB holds their digits."""
    statement = fill("snapshot/check_column.count_values", column=quote_identifier(column.name))
    found = connection.execute(statement)
    return sum(rows for text, rows in iter(found.fetchone, None) if not _holds(text, constraint))


def _holds(text: str, constraint: Constraint) -> bool:
    try:
        number = Decimal(text)
        if isinstance(constraint.limit, tuple):
            return number in map(Decimal, constraint.limit)
        bound = Decimal(constraint.limit)
        holds = number >= bound if constraint.field == "minimum" else number <= bound
    except InvalidOperation:  # it is no number, or NaN, which has no order
        return False
    return holds


def find_broken(connection: DuckDBPyConnection, rules: tuple[Rule, ...]) -> list[Finding]:
    """What each rule finds in relation cleaned, whatever the moment of the snapshot.

    Returns:
        One finding a rule, in their order; JSON can hold them.
    """
    return [_find(connection, rule) for rule in rules]


def judge(
    findings: Sequence[Finding], *, name: str, rules: tuple[Rule, ...], as_of: datetime
) -> list[BrokenRule]:
    """Hold what was found to the rules, at the moment of a snapshot.

    Arguments:
        findings: from find_broken, for the same rules.
        name: the dataset's name, for messages.
        rules: what to check.
        as_of: the moment of the snapshot.

    Returns:
        Each broken rule, all of severity "warning".

    Raises:
        RuleError: a rule of severity "error" is broken.
    """
    # All rules are judged before the first error, so that one run shows every broken one.
    judged = [
        (rule, _too_old(rule, finding, as_of) if isinstance(rule, NewestDay) else finding)
        for rule, finding in zip(rules, findings, strict=True)
    ]
    broken = [
        (rule.severity, BrokenRule(rule=rule.name, words=str(found)))
        for rule, found in judged
        if found
    ]
    _refuse(name, [each for severity, each in broken if severity == "error"])
    return [each for _, each in broken]


def _refuse(name: str, broken: list[BrokenRule]) -> None:
    if broken:
        sentences = "; ".join(each["words"] for each in broken)
        raise RuleError(f"{name}: {sentences}. Nothing was loaded", broken=broken)


def _find(connection: DuckDBPyConnection, rule: Rule) -> Finding:
    if isinstance(rule, UniqueKey):
        return _unique(connection, rule.columns)
    if isinstance(rule, NewestDay):
        statement = fill("snapshot/find_newest_day", column=quote_identifier(rule.column))
        return list(_one(connection, statement))
    return _cumulative(connection, rule)


def _too_old(rule: NewestDay, finding: Any, as_of: datetime) -> str | None:
    newest, days = finding
    if newest is None:
        return f"there is no {rule.column} at all"
    age = (as_of.date() - _EPOCH).days - days
    if age <= rule.max_age_days:
        return None
    return (
        f"the newest {rule.column} is {newest}, {age} days before as_of; "
        f"{rule.max_age_days} are allowed"
    )


def _unique(connection: DuckDBPyConnection, columns: tuple[str, ...]) -> str | None:
    (repeated,) = _one(
        connection, fill("snapshot/find_repeated_key", columns=quote_identifiers(columns))
    )
    return f"{repeated} keys ({', '.join(columns)}) occur more than once" if repeated else None


def _cumulative(connection: DuckDBPyConnection, rule: Cumulative) -> str | None:
    series = [f"cleaned.{quote_identifier(name)}" for name in rule.partition_by]
    statement = fill(
        "snapshot/find_falls",
        column=quote_identifier(rule.column),
        order_by=quote_identifier(rule.order_by),
        partition=f"partition by {', '.join(series)}" if series else "",
    )
    falls, first, last = _one(
        connection, statement, {"tolerance": rule.tolerance, "last_days": rule.last_days}
    )
    if not falls:
        return None
    return (
        f"{rule.column} is a running total, but falls more than {rule.tolerance:.0%} below its "
        f"highest earlier value in {falls} rows, from {rule.order_by} {first} to {last}"
    )


def _one(
    connection: DuckDBPyConnection, statement: str, values: dict[str, Any] | None = None
) -> tuple[Any, ...]:
    row = connection.execute(statement, values or {}).fetchone()
    if row is None:
        raise RuleError("A rule's statement came back without a row")
    return row

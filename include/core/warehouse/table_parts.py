"""What the placeholders of the statements in include/sql/warehouse stand for, for one table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg2 import sql

if TYPE_CHECKING:
    from collections.abc import Iterable

    from include.contracts.tables import Table

_DATES = frozenset({"date", "timestamptz"})


def table_parts(table: Table) -> dict[str, sql.Composable]:
    """Give each placeholder its part; names are quoted, and all columns are qualified."""
    names = [column.name for column in table.columns]
    values = [name for name in names if name not in table.key]
    comma, both = sql.SQL(", "), sql.SQL(" and ")
    differs = _each("target.{name} is distinct from staged.{name}", values)
    target = sql.Identifier(table.schema, table.name)
    return {
        "target": target,
        "columns": comma.join(_each("{name}", names)),
        "first_key": sql.Identifier(table.key[0]),
        "target_columns": comma.join(_each("target.{name}", names)),
        "staged_columns": comma.join(_each("staged.{name}", names)),
        "staged_key": comma.join(_each("staged.{name}", table.key)),
        "target_key": comma.join(_each("target.{name}", table.key)),
        "any_key": comma.join(_each("coalesce(target.{name}, staged.{name})", table.key)),
        "same_key": both.join(_each("target.{name} = staged.{name}", table.key)),
        "differs": sql.SQL("({})").format(sql.SQL(" or ").join(differs or [sql.SQL("false")])),
        # Without other columns than the key no row is ever updated; the statement has to be whole.
        "assignments": comma.join(_each("{name} = staged.{name}", values or table.key)),
        **_dates(table, target),
    }


def date_of_key(table: Table) -> str | None:
    """Name of the first column of a table's key that holds dates, None if there is none."""
    types = {column.name: column.type for column in table.columns}
    return next((name for name in table.key if types[name] in _DATES), None)


def _each(template: str, of: Iterable[str]) -> list[sql.Composed]:
    return [sql.SQL(template).format(name=sql.Identifier(name)) for name in of]


def _dates(table: Table, target: sql.Composable) -> dict[str, sql.Composable]:
    """Whether a row's date is one that the other side has; any row's is, where keys have none."""
    date = date_of_key(table)
    if date is None:
        return {"is_held_date": sql.SQL("true"), "is_staged_date": sql.SQL("true")}
    parts = {"date": sql.Identifier(date), "target": target}
    held = "changed.{date} <= (select max(held.{date}) from {target} as held)"
    staged = "target.{date} <= (select max(newest.{date}) from pg_temp._sluice_staged as newest)"
    return {
        "is_held_date": sql.SQL(held).format(**parts),
        "is_staged_date": sql.SQL(staged).format(**parts),
    }

"""The statements of include/sql/warehouse for one table: their placeholders, and how they run."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from psycopg2 import sql

from include.core.statements import compose

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import IO

    from psycopg2.extensions import cursor

    from include.contracts.tables import Table

# A key that has one of these types belongs to a date.
_DATES = frozenset({"date", "timestamptz"})


@dataclass(frozen=True)
class TableStatements:
    """Runs statements about one table, in the transaction of a cursor."""

    cursor: cursor
    table: Table

    def execute(self, name: str, **values: Any) -> int:
        """Run a statement of include/sql/warehouse; returns how many rows it touched."""
        statement = compose(f"warehouse/{name}", self.parts)
        self.cursor.execute(statement, {"sink": self.table.sink, **values})
        return self.cursor.rowcount

    def copy(self, file: IO[bytes], *, into: sql.Composable) -> int:
        """Copy CSV, the table's columns in order, into a relation; returns how many rows."""
        parts = {"table": into, "columns": self.parts["columns"]}
        # COPY takes no parameters, so psycopg2 leaves percent signs of names alone here.
        statement = compose("warehouse/stage_rows.copy", parts, bound=False)
        self.cursor.copy_expert(statement, file)
        return self.cursor.rowcount

    @cached_property
    def parts(self) -> dict[str, sql.Composable]:
        """What each placeholder is replaced by."""
        return table_parts(self.table)


def table_parts(table: Table) -> dict[str, sql.Composable]:
    """Give each placeholder its part; names are quoted, and all columns are qualified."""
    names = [column.name for column in table.columns]
    values = [name for name in names if name not in table.key]
    comma, both = sql.SQL(", "), sql.SQL(" and ")
    # `is distinct from`, since a null that became a value is a change.
    differs = _for_each("target.{name} is distinct from staged.{name}", values)
    target = sql.Identifier(table.schema, table.name)
    return {
        "target": target,
        "columns": comma.join(_for_each("{name}", names)),
        "first_key": sql.Identifier(table.key[0]),
        "target_columns": comma.join(_for_each("target.{name}", names)),
        "staged_columns": comma.join(_for_each("staged.{name}", names)),
        "changed_columns": comma.join(_changed(name, table.key) for name in names),
        "staged_key": comma.join(_for_each("staged.{name}", table.key)),
        "target_key": comma.join(_for_each("target.{name}", table.key)),
        "any_key": comma.join(_for_each("coalesce(target.{name}, staged.{name})", table.key)),
        "same_key": both.join(_for_each("target.{name} = staged.{name}", table.key)),
        "differs": sql.SQL("({})").format(sql.SQL(" or ").join(differs or [sql.SQL("false")])),
        # Without other columns than the key no row is ever updated; the statement has to be whole.
        "assignments": comma.join(_for_each("{name} = staged.{name}", values or table.key)),
        **_dates(table, target),
    }


def date_of_key(table: Table) -> str | None:
    """Name of the first column of a table's key that holds dates, None if there is none."""
    types = {column.name: column.type for column in table.columns}
    return next((name for name in table.key if types[name] in _DATES), None)


def _for_each(template: str, names: Iterable[str]) -> list[sql.Composed]:
    return [sql.SQL(template).format(name=sql.Identifier(name)) for name in names]


def _changed(name: str, key: tuple[str, ...]) -> sql.Composed:
    """A column of a change: a row that the snapshot lacks has its key all the same."""
    template = (
        "coalesce(staged.{name}, target.{name}) as {name}" if name in key else "staged.{name}"
    )
    return sql.SQL(template).format(name=sql.Identifier(name))


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

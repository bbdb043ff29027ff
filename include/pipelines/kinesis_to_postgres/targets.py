"""Targets: the tables that exports are applied to, made from their declarations.

The loader may not create tables. They are made on a connection of the owner, who thereby owns
them; what migrations have granted by default to the loader covers them, and ops.watch lets charts
read them, as it does with tables of migrations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg2 import sql

from include.core.failpoints import failpoint
from include.core.statements import compose, read_statement
from include.core.warehouse.connection import transaction
from include.core.warehouse.table_columns import find_columns
from include.errors import TargetDiffersError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from psycopg2.extensions import cursor

    from include.contracts.columns import Column
    from include.contracts.tables import Table
    from include.core.warehouse.connection import Connect
    from include.core.warehouse.table_columns import FoundColumn


def make_target(table: Table, *, loader: Connect, owner: Connect) -> None:
    """Create a target, or add the columns that its declaration has got since.

    A column that has left the declaration stays, with the values that it had.

    Arguments:
        table: as the declaration has it.
        loader: opens a connection that may look.
        owner: opens one that may create and alter; asked for only when there is something to do.

    Raises:
        TargetDiffersError: the table has another key, or a column of another type.
        WarehouseUnavailableError, WarehouseRefusedError: as Postgres says.
    """
    with transaction(loader, doing=f"look at {table.sink}") as cursor:
        if _missing(table, find_columns(cursor, table)) == ():
            return
    with transaction(owner, doing=f"make {table.sink}") as cursor:
        cursor.execute(_named("make_target.lock"), {"sink": table.sink})
        # Again under the lock: another run may have made it while this one waited.
        missing = _missing(table, find_columns(cursor, table))
        if missing is None:
            _create(cursor, table)
        else:
            _extend(cursor, table, missing)
        failpoint("target.made")
    failpoint("target.committed")


def _missing(table: Table, found: list[FoundColumn]) -> tuple[Column, ...] | None:
    """Columns that a table lacks; None when there is no table.

    Raises:
        TargetDiffersError: it cannot be made what is declared by adding columns.
    """
    if not found:
        return None
    types = {column.name: column.type for column in found}
    key = {column.name for column in found if column.is_key}
    if key != set(table.key):
        raise _differs(table, f"its key is {', '.join(sorted(key)) or 'missing'}")
    for column in table.columns:
        actual = types.get(column.name)
        expected = _TYPE_NAMES.get(column.type, column.type)
        if actual not in (None, expected):
            raise _differs(table, f"its column {column.name} is {actual}, not {expected}")
    return tuple(column for column in table.columns if column.name not in types)


# As format_type calls them.
_TYPE_NAMES = {"timestamptz": "timestamp with time zone"}


def _differs(table: Table, problem: str) -> TargetDiffersError:
    return TargetDiffersError(
        f"{table.sink} is not what is declared: {problem}. Nothing was applied. Alter the table "
        "as its owner, or rename it and rebuild the target"
    )


def _create(cursor: cursor, table: Table) -> None:
    parts = {
        "schema": sql.Identifier(table.schema),
        "target": sql.Identifier(table.schema, table.name),
        "definitions": sql.SQL(",\n    ").join(map(_definition, table.columns)),
        "key": sql.SQL(", ").join(map(sql.Identifier, table.key)),
    }
    _execute(cursor, "make_target.create_schema", parts)
    _execute(cursor, "make_target.create_table", parts)
    target = parts["target"].as_string(cursor)
    cursor.execute(_named("make_target.watch"), {"target": target})


def _extend(cursor: cursor, table: Table, missing: Iterable[Column]) -> None:
    target = sql.Identifier(table.schema, table.name)
    for column in missing:
        _execute(
            cursor, "make_target.add_column", {"target": target, "definition": _definition(column)}
        )


def _definition(column: Column) -> sql.Composable:
    """A column without its constraints: the reader holds rows to them, and they may change."""
    return sql.SQL("{} {}").format(sql.Identifier(column.name), sql.SQL(column.type))


def _execute(cursor: cursor, name: str, parts: dict[str, Any]) -> None:
    cursor.execute(compose(f"kinesis_to_postgres/{name}", parts, bound=False))


def _named(name: str) -> str:
    return read_statement(f"kinesis_to_postgres/{name}")

"""The columns that a table in Postgres has, whatever is declared of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from include.core.statements import read_statement

if TYPE_CHECKING:
    from psycopg2.extensions import cursor

    from include.contracts.tables import Table


class FoundColumn(NamedTuple):
    """A column of a table that is there; its type is as format_type of Postgres calls it."""

    name: str
    type: str
    is_key: bool


def find_columns(cursor: cursor, table: Table) -> list[FoundColumn]:
    """The columns of a table in their order; none where there is no table."""
    names = {"schema": table.schema, "name": table.name}
    cursor.execute(read_statement("warehouse/list_columns"), names)
    return [FoundColumn(*row) for row in cursor.fetchall()]

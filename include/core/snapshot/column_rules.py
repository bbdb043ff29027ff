"""The constraints of a table's columns, checked on a cleaned snapshot in DuckDB."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from include.contracts.constraints import constraints_of
from include.core.snapshot.load_csv import duckdb_type
from include.core.statements import fill, quote_identifier

if TYPE_CHECKING:
    import duckdb

    from include.contracts.columns import Column
    from include.contracts.constraints import Constraint


def find_broken(connection: duckdb.DuckDBPyConnection, column: Column) -> list[str]:
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


def _count(connection: duckdb.DuckDBPyConnection, column: Column, constraint: Constraint) -> int:
    statement = fill(
        f"snapshot/check_column.{constraint.field}",
        column=quote_identifier(column.name),
        type=duckdb_type(column),
    )
    limit = [*constraint.limit] if isinstance(constraint.limit, tuple) else constraint.limit
    row = connection.execute(statement, {"asked": limit}).fetchone()
    return int(row[0]) if row else 0


def _count_numbers(
    connection: duckdb.DuckDBPyConnection, column: Column, constraint: Constraint
) -> int:
    """Count in Python where numbers stand as text, since no type of DuckDB holds their digits."""
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

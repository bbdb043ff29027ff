"""The points of a chart, from a table in Postgres."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg2 import sql

from include.core.statements import compose
from include.core.summaries.charts import MOST_VALUES, draw, newest_dates

if TYPE_CHECKING:
    from psycopg2.extensions import cursor

    from include.contracts.tables import Table
    from include.core.summaries.charts import Chart, Drawn


def draw_table(cursor: cursor, table: Table, chart: Chart, *, deleted: str | None = None) -> Drawn:
    """The newest points of a table's chart: older dates are left out where there are too many.

    Arguments:
        cursor: of a transaction.
        table: the table.
        chart: what is drawn of it.
        deleted: a column that is null of rows that are there; None where all are.
    """
    most = MOST_VALUES // len(chart.measures)
    numbers = [_number(name) for name in chart.columns]
    name = "summaries/read_points.of_rows"
    if chart.counted:
        name = "summaries/read_points.of_days"
        numbers = [
            sql.SQL("{}({})").format(sql.SQL(of), number)
            for number in numbers
            for of in ("sum", "avg")
        ]
    statement = compose(
        name,
        {
            "date": sql.Identifier(chart.date),
            "group": _group(chart),
            "label": sql.Identifier(chart.label) if chart.label else sql.SQL("null"),
            "measures": sql.SQL("").join(sql.SQL(", {}").format(number) for number in numbers),
            "table": sql.Identifier(table.schema, table.name),
            "deleted": sql.Identifier(deleted) if deleted else sql.SQL("null"),
        },
    )
    cursor.execute(statement, {"most": most + 1})
    rows, cut = newest_dates(cursor.fetchall(), most=most)
    return draw(chart, rows, cut=cut)


def _number(name: str) -> sql.Composable:
    """A column as a double; a numeric that is too large for one is null."""
    column = sql.Identifier(name)
    return sql.SQL("case when {} between -1e300 and 1e300 then {}::double precision end").format(
        column, column
    )


def _group(chart: Chart) -> sql.Composable:
    """The groups' values as one text."""
    texts = [sql.SQL("{}::text").format(sql.Identifier(name)) for name in chart.groups]
    return sql.SQL(" || ' · ' || ").join(texts) if texts else sql.Literal("")

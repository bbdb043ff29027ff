"""The points of a chart, from a table in Postgres."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg2 import sql

from include.core.statements import compose
from include.core.summaries.points import MOST_VALUES, Group, draw, draw_groups, newest_dates

if TYPE_CHECKING:
    from psycopg2.extensions import cursor

    from include.contracts.charts import Chart
    from include.contracts.tables import Table
    from include.core.summaries.points import Drawn


def draw_table(cursor: cursor, table: Table, chart: Chart, *, deleted: str | None = None) -> Drawn:
    """The newest points of a table's chart: older dates are left out where there are too many.

    Arguments:
        cursor: of a transaction.
        table: the table.
        chart: what is drawn of it.
        deleted: a column that is null of rows that are there; None where all are.
    """
    most = MOST_VALUES // len(chart.measures)
    bound = {"most": most}
    parts: dict[str, sql.Composable] = {
        "date": sql.Identifier(chart.date),
        "group": _group(chart),
        "label": sql.Identifier(chart.label) if chart.label else sql.SQL("null::text"),
        "table": sql.Identifier(table.schema, table.name),
        "deleted": sql.Identifier(deleted) if deleted else sql.SQL("null"),
    }
    if chart.counted:
        cursor.execute(compose("summaries/read_points.of_days", parts | _sums(chart)), bound)
        rows, cut = newest_dates(cursor.fetchall(), most=most)
        return draw(chart, rows, cut=cut)
    cursor.execute(compose("summaries/read_points.of_rows", parts | _lists(chart)), bound)
    return draw_groups(chart, [_group_of(row) for row in cursor.fetchall()])


def _group_of(row: tuple[Any, ...]) -> Group:
    """A group of rows; it has a label where all of its rows have the same."""
    series, first, last, size, is_cut, dates, *lists = row
    label = last if first == last else None
    iso = [at.replace("+00:00", "Z") for at in dates]
    return Group(name=series, label=label, size=size, is_cut=is_cut, dates=iso, lists=lists)


def _sums(chart: Chart) -> dict[str, sql.Composable]:
    sums = [
        sql.SQL(", {}({})").format(sql.SQL(of), _number(name))
        for name in chart.columns
        for of in ("sum", "avg")
    ]
    return {"measures": sql.SQL("").join(sums)}


def _lists(chart: Chart) -> dict[str, sql.Composable]:
    names = [sql.Identifier(f"m{number}") for number, _ in enumerate(chart.columns)]
    measures = [
        sql.SQL(", {} as {}").format(_number(column), name)
        for column, name in zip(chart.columns, names, strict=True)
    ]
    lists = [sql.SQL(", json_agg(newest.{} order by newest.at)").format(name) for name in names]
    return {"measures": sql.SQL("").join(measures), "lists": sql.SQL("").join(lists)}


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

"""What can be drawn of a table: measures over a date, for each group of rows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypedDict

from psycopg2 import sql

from include.contracts.rules import Cumulative
from include.core.statements import compose

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from psycopg2.extensions import cursor

    from include.contracts.tables import Table

# Of values in one summary: 4 MB of JSON at most.
MOST_VALUES: Final = 400_000
_EXACT: Final = 2**53  # whole numbers below it are exact in JavaScript
_DATES: Final = ("date", "timestamptz")
_NUMBERS: Final = ("smallint", "integer", "bigint", "numeric", "double precision")


class Measure(TypedDict):
    """A line of a chart.

    Attributes:
        name: the column's.
        unit: of its values; none is a count.
        cumulative: it only grows, so that its growth a day is drawn, too.
    """

    name: str
    unit: str
    cumulative: bool


@dataclass(frozen=True, kw_only=True)
class Chart:
    """What is drawn.

    Attributes:
        date: the column of the horizontal axis.
        measures: what may be drawn over it, at least one.
        group: the column whose values are lines of their own; None where a date is one row.
    """

    date: str
    measures: tuple[Measure, ...]
    group: str | None


class Points(TypedDict):
    """The points of a chart, as JSON holds them: a list a column.

    Attributes:
        date: ISO 8601, in ascending order.
        values: a list of numbers, or None, a measure.
    """

    date: list[str]
    values: dict[str, list[float | int | None]]


def chart_of(table: Table, rules: Iterable[object] = ()) -> Chart | None:
    """The chart that a table has without a further word, None where it has no date or measure.

    The date is the key's only column of dates, numbers beside the key are the measures, and what
    else the key has, if it is one column, is the group.

    Arguments:
        table: as a dataset declares it.
        rules: of the dataset; those of cumulative columns count.
    """
    types = {column.name: column.type for column in table.columns}
    dates = [name for name in table.key if types[name] in _DATES]
    others = [name for name in table.key if name not in dates]
    grows = {rule.column for rule in rules if isinstance(rule, Cumulative)}
    measures = tuple(
        Measure(name=column.name, unit="", cumulative=column.name in grows)
        for column in table.columns
        if column.type in _NUMBERS and column.name not in table.key
    )
    if len(dates) != 1 or len(others) > 1 or not measures:
        return None
    return Chart(date=dates[0], measures=measures, group=others[0] if others else None)


def read_points(cursor: cursor, table: Table, chart: Chart) -> dict[str, Points]:
    """The newest points of a table's chart, by the group's values; the group "" is the whole.

    At most MOST_VALUES values: older dates are left out.
    """
    names = [measure["name"] for measure in chart.measures]
    statement = compose(
        "summaries/read_points",
        {
            "date": sql.Identifier(chart.date),
            "group": sql.Identifier(chart.group) if chart.group else sql.SQL("''"),
            "measures": sql.SQL(", ").join(
                sql.SQL("{}::double precision").format(sql.Identifier(name)) for name in names
            ),
            "table": sql.Identifier(table.schema, table.name),
        },
    )
    cursor.execute(statement, {"most": MOST_VALUES // len(names)})
    return group_points(reversed(cursor.fetchall()), names)


def group_points(rows: Iterable[Sequence[Any]], names: Sequence[str]) -> dict[str, Points]:
    """Points by group.

    Arguments:
        rows: a date, the group's value, and a number a measure; in order of date.
        names: of the measures.
    """
    found: dict[str, Points] = {}
    for at, group, *numbers in rows:
        points = found.setdefault(str(group), {"date": [], "values": {name: [] for name in names}})
        points["date"].append(_iso(at))
        for name, number in zip(names, numbers, strict=True):
            points["values"][name].append(_short(number))
    return found


def _iso(at: date) -> str:
    return at.isoformat().replace("+00:00", "Z")


def _short(number: float | None) -> float | int | None:
    """As few characters of JSON as the number has; JSON knows no infinity and no NaN."""
    if number is None or not math.isfinite(number):
        return None
    return int(number) if number.is_integer() and abs(number) < _EXACT else number

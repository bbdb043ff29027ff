"""What can be drawn of a table: measures over a date, for each group of rows.

It is worked out from the declaration: nobody declares a chart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypedDict

from include.contracts.rules import Cumulative

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from include.contracts.columns import Column
    from include.contracts.github import GitHubDataset

ROWS: Final = "rows"
WHOLE: Final = ("smallint", "integer", "bigint")
"""Types of columns whose values are added where several rows are one point.

Those that may have fractions are averaged: a temperature or a rate of two places is no sum.
"""
NUMBERS: Final = (*WHOLE, "numeric", "double precision")
"""Types of columns that can be drawn."""
_DATES: Final = ("date", "timestamptz")


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
        columns: of numbers, at least one unless rows are counted.
        measures: what may be drawn over it: a column each; or, where rows are counted, how many
            rows a day has, and sum and mean of each column.
        groups: columns whose values have lines of their own; none where a date is one row.
        label: a column that may name a group better than its values; None where there is none.
        counted: a date has any number of rows.
    """

    date: str
    columns: tuple[str, ...]
    measures: tuple[Measure, ...]
    groups: tuple[str, ...] = ()
    label: str | None = None
    counted: bool = False


def chart_of(
    columns: Sequence[Column],
    *,
    key: Sequence[str],
    rules: Iterable[object] = (),
    units: Mapping[str, str] | None = None,
    moment: str | None = None,
) -> Chart | None:
    """The chart that a dataset has without a further word, None where it has no date.

    Where the key has a date, what else it has are the groups. Else rows are counted by day, of the
    first date that there is.

    Arguments:
        columns: as a dataset declares them.
        key: names of those that identify a row.
        rules: of the dataset; those of cumulative columns count.
        units: of columns that have one.
        moment: the column that says what moment a row is about; found if None.
    """
    dates = [column.name for column in columns if column.type in _DATES]
    of_key = [moment] if moment else [name for name in key if name in dates]
    numbers = [column.name for column in columns if _is_measure(column) and column.name not in key]
    if of_key and numbers:
        grows = _running_totals(rules)
        measures = tuple(
            Measure(name=name, unit=(units or {}).get(name, ""), cumulative=name in grows)
            for name in numbers
        )
        groups = tuple(name for name in key if name != of_key[0])
        label = _label(columns, key) if groups else None
        axes: dict[str, Any] = {"date": of_key[0], "groups": groups, "label": label}
        return Chart(**axes, columns=tuple(numbers), measures=measures)
    if not dates:
        return None
    return Chart(
        date=(of_key or dates)[0],
        columns=tuple(numbers),
        measures=counted_measures(numbers, units or {}),
        counted=True,
    )


def daily_chart(dataset: GitHubDataset) -> Chart | None:
    """The chart of a table that has a day in its key, None for every other."""
    table = dataset.table
    chart = chart_of(table.columns, key=table.key, rules=dataset.rules)
    if chart is None or chart.counted:
        return None
    (day,) = (column for column in table.columns if column.name == chart.date)
    return chart if day.type == "date" else None


def counted_measures(numbers: Iterable[str], units: Mapping[str, str]) -> tuple[Measure, ...]:
    """How many rows there are, and sum and mean of each column of numbers."""
    found = [Measure(name=ROWS, unit="", cumulative=False)]
    for name in numbers:
        for of in ("sum", "mean"):
            measure = Measure(name=f"{of} of {name}", unit=units.get(name, ""), cumulative=False)
            found.append(measure)
    return tuple(found)


def _running_totals(rules: Iterable[object]) -> set[str]:
    """Names of the columns that rules hold to be running totals."""
    return {rule.column for rule in rules if isinstance(rule, Cumulative)}


def _is_measure(column: Column) -> bool:
    """Whether it is a number that says how much, not which."""
    return column.type in NUMBERS and column.name != "id" and not column.name.endswith("_id")


def _label(columns: Sequence[Column], key: Sequence[str]) -> str | None:
    texts = [column for column in columns if column.type == "text" and not column.nullable]
    return next((column.name for column in texts if column.name not in key), None)

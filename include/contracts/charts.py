"""What a table shows over time, worked out from its declaration: nobody declares a chart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.contracts.rules import Cumulative

if TYPE_CHECKING:
    from collections.abc import Iterable

    from include.contracts.columns import Column
    from include.contracts.github import GitHubDataset

_WHOLE = ("smallint", "integer", "bigint")
NUMBERS = (*_WHOLE, "numeric", "double precision")
"""Types of columns that can be drawn."""


@dataclass(frozen=True, kw_only=True)
class Measure:
    """A column of numbers.

    Attributes:
        column: its name.
        adds_up: values of several rows of a day are added. Those of a column that may have
            fractions are averaged: a temperature or a rate of two places is no sum.
        is_total: it is a running total, so that the difference of two days is what came between.
    """

    column: str
    adds_up: bool
    is_total: bool


@dataclass(frozen=True, kw_only=True)
class Chart:
    """Measures of a table, by day.

    Attributes:
        date: name of the column of days.
        measures: what is drawn, in the order of columns; at least one.
        choices: names of texts that say which rows a person looks at, such as states.
    """

    date: str
    measures: tuple[Measure, ...]
    choices: tuple[str, ...]


def chart_of(dataset: GitHubDataset) -> Chart | None:
    """Return what the table of a dataset shows; None without a date in its key, or without numbers.

    Texts that are never null are choices, those of the key first: a code in the key has its name
    beside it, which is what people look for.
    """
    table = dataset.table
    columns = {column.name: column for column in table.columns}
    dates = [name for name in table.key if columns[name].type == "date"]
    others = [column for column in table.columns if column.name not in table.key]
    measures = tuple(_measure(dataset, column) for column in others if column.type in NUMBERS)
    if not dates or not measures:
        return None
    texts = [*(columns[name] for name in table.key), *others]
    choices = tuple(each.name for each in texts if each.type == "text" and not each.nullable)
    return Chart(date=dates[0], measures=measures, choices=choices)


def running_totals(rules: Iterable[object]) -> set[str]:
    """Names of the columns that rules hold to be running totals."""
    return {rule.column for rule in rules if isinstance(rule, Cumulative)}


def _measure(dataset: GitHubDataset, column: Column) -> Measure:
    is_total = column.name in running_totals(dataset.rules)
    return Measure(column=column.name, adds_up=column.type in _WHOLE, is_total=is_total)

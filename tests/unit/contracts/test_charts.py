"""What a table shows is worked out from its declaration."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from include.contracts import Column, ColumnType, Cumulative, GitHubDataset, Table
from include.contracts.charts import Measure, chart_of
from include.datasets import covid_us_daily, covid_us_states_daily, github_datasets

NUMBERS = {"smallint", "integer", "bigint", "numeric", "double precision"}
TYPES = st.sampled_from(get_args(ColumnType))
COLUMNS = st.lists(st.tuples(TYPES, st.booleans(), st.booleans()), min_size=1, max_size=8)


def with_table(table: Table, *rules: Cumulative) -> GitHubDataset:
    return replace(covid_us_daily.DATASET, table=table, rules=rules)


def column(name: str, kind: ColumnType, *, nullable: bool = False) -> Column:
    return Column(name=name, type=kind, nullable=nullable)


def test_daily_figures_have_a_line_a_column_and_no_choice() -> None:
    chart = chart_of(covid_us_daily.DATASET)
    assert chart is not None
    assert (chart.date, chart.choices) == ("date", ())
    assert chart.measures == tuple(
        Measure(column=name, adds_up=True, is_total=True)
        for name in ("cases", "deaths", "recovered")
    )


def test_state_is_chosen_by_its_code_and_by_its_name() -> None:
    chart = chart_of(covid_us_states_daily.DATASET)
    assert chart is not None
    assert chart.choices == ("fips", "state")


def test_temperature_of_two_places_is_no_sum_and_no_total() -> None:
    columns = (
        column("day", "date"),
        column("city", "text"),
        column("celsius", "numeric", nullable=True),
    )
    chart = chart_of(with_table(Table(schema="a", name="b", columns=columns, key=("day", "city"))))
    assert chart is not None
    assert chart.measures == (Measure(column="celsius", adds_up=False, is_total=False),)


def test_every_shipped_table_of_github_has_a_chart() -> None:
    assert [dataset.name for dataset in github_datasets() if chart_of(dataset) is None] == []


@given(COLUMNS, st.data())
def test_chart_is_of_a_day_in_the_key_and_of_numbers_beside_it(
    traits: list[tuple[ColumnType, bool, bool]], data: st.DataObject
) -> None:
    columns = tuple(
        column(f"c{n}", kind, nullable=nullable and not in_key)
        for n, (kind, nullable, in_key) in enumerate(traits)
    )
    key = tuple(f"c{n}" for n, (_, _, in_key) in enumerate(traits) if in_key) or ("c0",)
    types = {each.name: each.type for each in columns}
    totals = data.draw(st.sets(st.sampled_from(sorted(types))))
    rules = [Cumulative(column=name, order_by="c0") for name in sorted(totals)]
    chart = chart_of(with_table(Table(schema="a", name="b", columns=columns, key=key), *rules))

    days = [name for name in key if types[name] == "date"]
    numbers = [name for name in types if name not in key and types[name] in NUMBERS]
    if chart is None:
        assert not days or not numbers
        return
    assert chart.date == days[0]
    assert [measure.column for measure in chart.measures] == numbers
    assert {measure.column for measure in chart.measures if measure.is_total} == totals & {*numbers}
    assert not {measure.column for measure in chart.measures if measure.adds_up} & {
        name for name, kind in types.items() if kind in ("numeric", "double precision")
    }
    assert len(set(chart.choices)) == len(chart.choices)
    assert {*chart.choices} <= {each.name for each in columns if each.type == "text"}
    assert {name for name in key if types[name] == "text"} <= {*chart.choices}

"""What a table shows is worked out from its declaration."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, get_args

from hypothesis import given
from hypothesis import strategies as st

from include.contracts import Column, ColumnType, Cumulative, GitHubDataset, Table
from include.contracts.charts import Measure, chart_of, daily_chart
from include.datasets import covid_us_daily, covid_us_states_daily, github_datasets

if TYPE_CHECKING:
    from collections.abc import Iterable

NUMBERS = {"smallint", "integer", "bigint", "numeric", "double precision"}
TYPES = st.sampled_from(get_args(ColumnType))
COLUMNS = st.lists(st.tuples(TYPES, st.booleans(), st.booleans()), min_size=1, max_size=8)


def with_table(table: Table, *rules: Cumulative) -> GitHubDataset:
    return replace(covid_us_daily.DATASET, table=table, rules=rules)


def table(columns: Iterable[Column], *, key: tuple[str, ...]) -> Table:
    return Table(schema="a", name="b", columns=tuple(columns), key=key)


def column(name: str, kind: ColumnType, *, nullable: bool = False) -> Column:
    return Column(name=name, type=kind, nullable=nullable)


def test_daily_figures_have_a_line_a_running_total_and_no_group() -> None:
    chart = daily_chart(covid_us_daily.DATASET)
    assert chart is not None
    assert (chart.date, chart.groups, chart.label) == ("date", (), None)
    assert chart.measures == tuple(
        Measure(name=name, unit="", cumulative=True) for name in ("cases", "deaths", "recovered")
    )


def test_states_are_groups_that_their_names_label() -> None:
    chart = daily_chart(covid_us_states_daily.DATASET)
    assert chart is not None
    assert (chart.groups, chart.label) == (("fips",), "state")


def test_number_that_says_which_is_not_drawn() -> None:
    columns = [
        column("day", "date"),
        *(column(name, "bigint") for name in ("id", "shop_id", "paid")),
    ]
    chart = chart_of(columns, key=("day",))
    assert chart is not None
    assert chart.columns == ("paid",)


def test_rows_are_counted_where_no_date_is_of_the_key() -> None:
    columns = [column("shop", "text"), column("paid", "numeric"), column("day", "date")]
    chart = chart_of(columns, key=("shop",))
    assert chart is not None
    assert chart.counted
    assert (chart.date, chart.groups) == ("day", ())
    names = [measure["name"] for measure in chart.measures]
    assert names == ["rows", "sum of paid", "mean of paid"]
    assert chart_of(columns[:2], key=("shop",)) is None
    assert daily_chart(with_table(table(columns, key=("shop",)))) is None


def test_every_shipped_table_of_github_has_a_chart() -> None:
    assert [dataset.name for dataset in github_datasets() if daily_chart(dataset) is None] == []


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
    chart = daily_chart(with_table(table(columns, key=key), *rules))

    moments = [name for name in key if types[name] in ("date", "timestamptz")]
    numbers = [name for name in types if name not in key and types[name] in NUMBERS]
    if chart is None:
        assert not moments or types[moments[0]] != "date" or not numbers
        return
    assert chart.date == moments[0]
    assert [measure["name"] for measure in chart.measures] == [*chart.columns] == numbers
    assert {m["name"] for m in chart.measures if m["cumulative"]} == totals & {*numbers}
    assert {chart.date, *chart.groups} == {*key}
    texts = [each.name for each in columns if each.type == "text" and not each.nullable]
    beside = [name for name in texts if name not in key]
    assert chart.label == (beside[0] if beside and chart.groups else None)

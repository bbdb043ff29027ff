"""COVID-19 in the states and territories of the United States, one row a state and day.

Source: https://github.com/nytimes/covid-19-data
"""

from __future__ import annotations

from datetime import date

from include.contracts import (
    Column,
    CsvContract,
    Cumulative,
    GitHubDataset,
    GitHubFile,
    NewestDay,
    Table,
    UniqueKey,
)

COLUMNS = (
    Column(
        name="date",
        type="date",
        nullable=False,
        formats=("%Y-%m-%d", "%m/%d/%Y"),
        minimum=date(2019, 1, 1),  # the disease was found in 2019: an earlier day is damaged
    ),
    # Two digits: https://www.census.gov/library/reference/code-lists/ansi.html
    Column(name="fips", type="text", nullable=False, pattern="[0-9]{2}"),
    Column(name="state", type="text", nullable=False, min_length=1),
    Column(name="cases", type="bigint", nullable=False, minimum=0),
    Column(name="deaths", type="bigint", nullable=False, minimum=0),
)

DATASET = GitHubDataset(
    name="covid_us_states_daily",
    title="COVID-19 in the states of the United States, by day",
    description="Cumulative cases and deaths by state (New York Times).",
    owner="data-platform",
    tags=("covid", "github", "postgres"),
    schedule="30 8 * * *",
    sources=(
        GitHubFile(
            name="us_states",
            owner="nytimes",
            repository="covid-19-data",
            path="us-states.csv",
            contract=CsvContract(columns=COLUMNS, key=("date", "fips"), max_bytes=100_000_000),
        ),
    ),
    table=Table(schema="covid", name="us_states_daily", columns=COLUMNS, key=("date", "fips")),
    rules=(
        UniqueKey(columns=("date", "fips")),
        NewestDay(column="date", max_age_days=4),
        Cumulative(column="cases", order_by="date", partition_by=("fips",), tolerance=0.05),
        Cumulative(column="deaths", order_by="date", partition_by=("fips",), tolerance=0.05),
    ),
)

"""COVID-19 in the United States, one row a day, from two repositories.

Sources: https://github.com/nytimes/covid-19-data and https://github.com/datasets/covid-19
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
    RejectLimit,
    Table,
    UniqueKey,
)

# The first source has been seen with dates as a spreadsheet writes them.
DATE_FORMATS = ("%Y-%m-%d", "%m/%d/%Y")

# The disease was found in 2019: an earlier day is a damaged date.
FIRST_DAY = date(2019, 1, 1)

DATASET = GitHubDataset(
    name="covid_us_daily",
    title="COVID-19 in the United States, by day",
    description="Cumulative cases and deaths (New York Times), with recovered (Johns Hopkins).",
    owner="data-platform",
    tags=("covid", "github", "postgres"),
    schedule="30 8 * * *",
    sources=(
        GitHubFile(
            name="us",
            owner="nytimes",
            repository="covid-19-data",
            path="us.csv",
            contract=CsvContract(
                columns=(
                    Column(
                        name="date",
                        type="date",
                        nullable=False,
                        formats=DATE_FORMATS,
                        minimum=FIRST_DAY,
                    ),
                    Column(name="cases", type="bigint", nullable=False, minimum=0),
                    Column(name="deaths", type="bigint", nullable=False, minimum=0),
                ),
                key=("date",),
                max_bytes=10_000_000,
            ),
        ),
        GitHubFile(
            name="combined",
            owner="datasets",
            repository="covid-19",
            path="data/time-series-19-covid-combined.csv",
            contract=CsvContract(
                columns=(
                    Column(
                        name="date",
                        type="date",
                        header="Date",
                        nullable=False,
                        formats=DATE_FORMATS,
                        minimum=FIRST_DAY,
                    ),
                    Column(name="country", type="text", header="Country/Region"),
                    Column(name="province", type="text", header="Province/State"),
                    Column(
                        name="recovered",
                        type="numeric",
                        header="Recovered",
                        precision=(18, 0),
                        minimum=0,
                    ),
                ),
                key=("date",),
                only=(("country", "US"), ("province", "")),
                unknown_columns="ignore",
                max_bytes=500_000_000,
            ),
        ),
    ),
    table=Table(
        schema="covid",
        name="us_daily",
        columns=(
            Column(name="date", type="date", nullable=False, minimum=FIRST_DAY),
            Column(name="cases", type="bigint", nullable=False, minimum=0),
            Column(name="deaths", type="bigint", nullable=False, minimum=0),
            Column(name="recovered", type="bigint", minimum=0),
        ),
        key=("date",),
    ),
    rules=(
        UniqueKey(columns=("date",)),
        NewestDay(column="date", max_age_days=4),
        Cumulative(column="cases", order_by="date", tolerance=0.01),
        Cumulative(column="deaths", order_by="date", tolerance=0.01),
        Cumulative(column="recovered", order_by="date", tolerance=0.1),
    ),
    rejects=RejectLimit(rows=5),
)

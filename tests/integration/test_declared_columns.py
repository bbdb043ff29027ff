"""What the shipped datasets declare of their columns, through their pipelines."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from include.datasets import covid_us_daily, covid_us_states_daily
from include.errors import RejectLimitError, RuleError
from infra.local.stand_ins.github import GitHubStandIn
from tests.support import covid_oracle as oracle
from tests.support.pipeline_runs import PipelineRuns, moment, write_version

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from include.core.aws.objects import ObjectStore
    from include.core.warehouse.connection import Connect

STATES = {"01": "Alabama", "02": "Alaska", "19": "Iowa", "39": "Ohio"}


def states_csv(as_written: Callable[[str], str] = str) -> str:
    lines = [
        f"2020-10-{day:02},{state},{as_written(code)},{100 * day},{day}"
        for day in range(6, 31)
        for code, state in STATES.items()
    ]
    return "\n".join(["date,state,fips,cases,deaths", *lines, ""])


def without_first_zero(code: str) -> str:
    return code[1:] if code == "01" else code


def test_snapshot_whose_codes_lost_their_zeros_is_refused_and_no_key_comes_twice(
    loader: Connect, lake: ObjectStore, tmp_path: Path
) -> None:
    write_version(tmp_path, oracle.STATES, "2020-12-01T060000Z", states_csv())
    with GitHubStandIn(tmp_path) as github:
        runs = PipelineRuns(
            dataset=covid_us_states_daily.DATASET,
            connect=loader,
            store=lake,
            github_url=github.url,
            scratch=tmp_path / "scratch",
        )
        runs.run(moment("2020-12-01"))
        before = runs.content()
        write_version(tmp_path, oracle.STATES, "2020-12-02T060000Z", states_csv(without_first_zero))
        with pytest.raises(RejectLimitError, match="25 of 100 rows rejected"):
            runs.run(moment("2020-12-02"))
        assert runs.content() == before
        assert len(before) == 100


def test_value_that_cleaning_makes_is_held_to_the_table(
    loader: Connect, lake: ObjectStore, tmp_path: Path
) -> None:
    days = "date,cases,deaths\n2020-11-01,5,0\n2020-11-02,6,1\n2020-11-03,7,1\n"
    recovered = "Date,Country/Region,Province/State,Recovered\n2020-11-01,US,,3\n2020-11-02,US,,4\n"
    write_version(tmp_path, oracle.US, "2020-12-01T060000Z", days)
    write_version(tmp_path, oracle.COMBINED, "2020-12-01T060000Z", recovered)
    dataset = covid_us_daily.DATASET
    *others, column = dataset.table.columns
    table = replace(dataset.table, columns=(*others, replace(column, minimum=4)))
    with GitHubStandIn(tmp_path) as github:
        runs = PipelineRuns(
            dataset=replace(dataset, table=table),
            connect=loader,
            store=lake,
            github_url=github.url,
            scratch=tmp_path / "scratch",
        )
        with pytest.raises(RuleError, match=r"1 rows break minimum of recovered \(4\)"):
            runs.run(moment("2020-12-01"))
        assert runs.content() == []

"""Rows of a table traced back through real runs, held to a plain Python account of them."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from include.datasets import covid_us_daily
from include.pipelines.github_csv_to_postgres.trace import trace
from infra.local.stand_ins.github import GitHubStandIn
from tests.support import covid_oracle as oracle
from tests.support.pipeline_runs import PipelineRuns, moment, write_version

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from include.core.aws.objects import ObjectStore
    from include.core.trace.answer import History
    from include.core.warehouse.connection import Connect

DAYS = [moment("2020-12-01") + timedelta(days=day) for day in range(12)]
COMBINED = "Date,Country/Region,Province/State,Recovered\n2020-11-01,US,,7\n2020-11-01,France,,8\n"


@pytest.fixture
def github(tmp_path: Path) -> Iterator[GitHubStandIn]:
    root = tmp_path / "github"
    root.mkdir()
    with GitHubStandIn(root) as stand_in:
        yield stand_in


@pytest.fixture
def runs(loader: Connect, lake: ObjectStore, github: GitHubStandIn, tmp_path: Path) -> PipelineRuns:
    """Runs over a file of three versions, and one of one version."""
    versions = (
        ("2020-12-01T060000Z", ["2020-11-01,10,1", "2020-11-02,20,2"]),
        ("2020-12-02T060000Z", ["2020-11-02,20,2", "2020-11-01,11,1"]),
        ("2020-12-03T060000Z", ["2020-11-01,x,1", "2020-11-02,20,2"]),
    )
    for committed_at, rows in versions:
        text = "\n".join(["date,cases,deaths", *rows, ""])
        write_version(github.root, oracle.US, committed_at, text)
    write_version(github.root, oracle.COMBINED, "2020-12-01T060000Z", COMBINED)
    return PipelineRuns(
        dataset=covid_us_daily.DATASET,
        connect=loader,
        store=lake,
        github_url=github.url,
        scratch=tmp_path / "scratch",
    )


def traced(runs: PipelineRuns, key: Any) -> History:
    with runs._folder("trace", "trace") as folder:
        _, found = trace(runs.dataset, key, connect=runs.connect, resources=runs._resources(folder))
    as_read: History = json.loads(json.dumps(found))
    return as_read


def test_history_names_run_effect_value_and_line_of_each_file(runs: PipelineRuns) -> None:
    for day in (0, 0, 1, 2):
        runs.run(DAYS[day], run_id=f"day {day} {len(runs.published)}")
    found = traced(runs, {"date": "2020-11-01"})
    assert [(one["run_id"], one["effect"]) for one in found["history"]] == [
        ("day 0 0", "inserted"),
        ("day 0 1", "confirmed"),
        ("day 1 2", "updated"),
        ("day 2 3", "refused"),
    ]
    row = {"date": "2020-11-01", "cases": 11, "deaths": 1, "recovered": 7}
    assert found["now"] == row == found["history"][2]["values"]
    us, combined = found["history"][2]["sources"]
    assert (us["file"], us["line"], us["raw"]) == (
        "nytimes/covid-19-data/us.csv",
        3,
        "2020-11-01,11,1",
    )
    assert (
        us["archive"]
        == f"s3://{runs.store.bucket}/raw/github/nytimes/covid-19-data/{us['version']}/us.csv"
    )
    assert (combined["line"], combined["raw"]) == (2, "2020-11-01,US,,7")
    refused = found["history"][3]
    assert refused["values"] is None
    assert (refused["code"], refused["sources"][0]["raw"]) == ("not_an_integer", "2020-11-01,x,1")
    assert (found["dag_id"], found["cut"], found["notes"]) == ("covid_us_daily", None, [])

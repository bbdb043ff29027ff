"""Rows of a table traced back through real runs, held to a plain Python account of them."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.contracts import RejectLimit
from include.datasets import covid_us_daily
from include.errors import RunInputError
from include.pipelines.github_csv_to_postgres.trace import trace
from infra.local.stand_ins.github import GitHubStandIn
from tests.support import covid_oracle as oracle
from tests.support.examples import examples
from tests.support.load_account import VERSIONS, Account, Version
from tests.support.pipeline_runs import PipelineRuns, moment, write_version

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from include.contracts.github import GitHubDataset
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


def test_key_may_be_bare_or_a_text_of_json(runs: PipelineRuns) -> None:
    runs.run(DAYS[0])
    for key in ("2020-11-02", '{"date": "2020-11-02"}', {"date": "2020-11-02"}):
        (entry,) = traced(runs, key)["history"]
        assert entry["values"] == {
            "date": "2020-11-02",
            "cases": 20,
            "deaths": 2,
            "recovered": None,
        }


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ("2020-13-45", "what it gives for date is no date"),
        ({"day": "2020-11-02"}, "must name date, and nothing else"),
        ({"date": "2020-11-02", "x": 1}, "must name date, and nothing else"),
        ({"date": None}, "what it gives for date is no date"),
        ("{", "begins like a JSON object"),
        (["2020-11-02"], "what it gives for date is no date"),
    ],
)
def test_key_that_is_none_is_refused_without_its_value(
    runs: PipelineRuns, key: Any, says: str
) -> None:
    with pytest.raises(RunInputError, match=says) as raised:
        traced(runs, key)
    assert "2020-1" not in str(raised.value)


def test_key_that_no_file_had_was_never_seen(runs: PipelineRuns) -> None:
    runs.run(DAYS[0])
    found = traced(runs, "1999-01-01")
    assert (found["now"], found["history"]) == (None, [])
    assert found["notes"] == ["This key was never seen: none of 1 load had it"]


def test_archive_that_is_gone_is_said_in_its_entries_alone(runs: PipelineRuns) -> None:
    for day in range(3):
        runs.run(DAYS[day])
    keys = [key for key in runs.store.keys("raw/") if key.endswith("/us.csv")]
    (commit,) = {
        source["commit"]
        for source in runs.ledger(f"scheduled__{DAYS[1].isoformat()}")["details"]["sources"]
        if source["source"] == "us"
    }
    (gone,) = [key for key in keys if commit in key]
    runs.store.delete(gone)
    found = traced(runs, "2020-11-02")
    assert [one["effect"] for one in found["history"]] == ["inserted", "unknown", "confirmed"]
    entry = found["history"][1]
    assert (entry["code"], entry["values"]) == ("unreadable", None)
    assert "is gone" in str(entry["reason"])
    assert entry["sources"][0]["archive"].endswith(gone)
    assert found["now"] is not None


def test_row_that_somebody_else_wrote_is_said(runs: PipelineRuns) -> None:
    runs.run(DAYS[0])
    runs.query("update covid.us_daily set cases = 5 where date = '2020-11-01' returning 1")
    found = traced(runs, "2020-11-01")
    assert (found["now"] or {})["cases"] == 5
    assert [note for note in found["notes"] if "somebody else wrote to it" in note]


def test_runs_that_failed_are_counted_and_not_shown(runs: PipelineRuns) -> None:
    runs.run(DAYS[0])
    runs.query(
        "insert into ops.run (dag_id, run_id, sink, as_of, status, started_at)"
        " values ('covid_us_daily', 'f', 'covid.us_daily', now(), 'failed', now()) returning 1"
    )
    found = traced(runs, "2020-11-01")
    assert len(found["history"]) == 1
    assert found["notes"] == ["1 run failed: the ledger has no files of such runs"]


def test_newest_runs_and_versions_alone_are_read_and_the_cut_is_said(
    runs: PipelineRuns, monkeypatch: pytest.MonkeyPatch
) -> None:
    for day in range(3):
        runs.run(DAYS[day])
    monkeypatch.setattr("include.core.trace.history.MOST_VERSIONS", 1)
    found = traced(runs, "2020-11-02")
    assert [one["effect"] for one in found["history"]] == ["confirmed"]
    assert found["cut"] is not None
    assert "2 loads that read versions before the newest 1" in found["cut"]


_examples = 0


@settings(max_examples=examples(6), suppress_health_check=[*HealthCheck])
@given(
    versions=st.lists(VERSIONS, min_size=1, max_size=4),
    order=st.lists(st.integers(0, 3), min_size=1, max_size=6),
    deletes=st.booleans(),
)
def test_history_is_that_of_a_plain_account_of_the_loads(
    runs: PipelineRuns,
    github: GitHubStandIn,
    warehouse: Connect,
    versions: list[Version],
    order: list[int],
    deletes: bool,  # noqa: FBT001 -- drawn
) -> None:
    account = Account(deletes=deletes)
    empty(warehouse)
    runs.dataset = fresh(github, versions, deletes=deletes)
    runs.published.clear()
    expected = []
    for place, day in enumerate(order):
        moment_of = min(day, len(versions) - 1)
        runs.run(DAYS[moment_of], run_id=f"{place}")
        expected.append(account.load(moment_of, versions[moment_of]))
    found = {day: traced(runs, f"2020-11-{day:02}") for day in (1, 2, 3, 4, 5, 9)}
    for day, history in found.items():
        effects = [effects[day] for effects in expected]
        seen = next((n for n, one in enumerate(effects) if one != "absent"), len(effects))
        assert [one["effect"] for one in history["history"]] == effects[seen:]
        held = account.table.get(day)
        assert held == (history["now"] and (history["now"]["cases"], history["now"]["deaths"]))
        assert not [note for note in history["notes"] if "somebody else" in note]
        for entry in history["history"]:
            version = versions[min(order[int(entry["run_id"])], len(versions) - 1)]
            line = entry["sources"][0]["line"]
            assert line == (version.line(day) if day in {9, *version.rows} else None)
    # What all keys together had done to them is what the ledger counts.
    for place, of_keys in enumerate(expected):
        ledger = runs.ledger(f"{place}")
        names = {"unchanged": "confirmed"}
        for name in ("inserted", "updated", "unchanged", "superseded", "deleted"):
            assert ledger[name] == [*of_keys.values()].count(names.get(name, name))


def fresh(github: GitHubStandIn, versions: list[Version], *, deletes: bool) -> GitHubDataset:
    """The dataset over versions of a file that no example before has had."""
    global _examples  # noqa: PLW0603 -- Hypothesis calls the same function again and again
    _examples += 1
    us, combined = covid_us_daily.DATASET.sources
    us = replace(us, repository=f"r{_examples}")
    for day, version in enumerate(versions):
        # A day without a version of its own has the one before.
        path = f"{us.owner}/{us.repository}/{us.path}"
        write_version(github.root, path, f"2020-12-{day + 1:02}T060000Z", version.text())
    return replace(
        covid_us_daily.DATASET,
        sources=(us, combined),
        vanished="delete" if deletes else "keep",
        rejects=RejectLimit(rows=100),
    )


def empty(warehouse: Connect) -> None:
    with closing(warehouse()) as connection, connection, connection.cursor() as cursor:
        cursor.execute("truncate covid.us_daily")
        cursor.execute("truncate ops.run, ops.rejected_row, ops.outbox, ops.vanished_row, ops.sink")

"""Runs through the real scheduler: by hand, as backfills, past kills and outages."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from infra.local.layout import SHIPPED_GITHUB
from infra.local.stand_ins.github import Fault
from tests.support import covid_oracle as oracle
from tests.support.other_github import other_github
from tests.support.pipeline_runs import moment, write_version
from tests.support.scheduled_runs import ScheduledRuns, backfilled
from tests.support.team_dags import team_dag, wait_for_run
from tests.support.updates import entered

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from infra.local.stack import Stack

DAG = "covid_us_daily"
TABLE = "covid.us_daily"
LEDGER = """
    select inserted, updated, unchanged, superseded from ops.run
    where dag_id = %s and run_id = %s
"""
UNKNOWN = "Unknown parameters: asof. Known are as_of, refetch, dry_run"
NO_MOMENT = "Parameter as_of is not a date and time such as 2020-11-30T08:30:00Z"
AS_OF = "2020-12-05T08:31:00"  # of no other run on the stack
DATASETS = (
    (DAG, TABLE, oracle.us_daily),
    ("covid_us_states_daily", "covid.us_states_daily", oracle.us_states_daily),
)


@pytest.fixture
def runs(stack: Stack) -> ScheduledRuns:
    """A stack with empty tables."""
    scheduled = ScheduledRuns(stack)
    for dag_id, table, _ in DATASETS:
        scheduled.forget(table, dag_id)
    return scheduled


def expected(snapshot_at: Callable[..., Any], days: list[str]) -> tuple[Any, Any]:
    """The table after these dates in this order, and the ledger's counts of each."""
    loaded: list[Any] = []
    counts = {}
    for day in days:
        as_of = moment(day)
        snapshot = snapshot_at(SHIPPED_GITHUB, as_of)
        counts[day] = oracle.counts(loaded, as_of, snapshot)
        loaded.append((as_of, snapshot))
    return oracle.table(loaded), counts


def test_run_by_hand_loads_is_told_of_once_and_starts_the_dag_that_waits_for_the_table(
    runs: ScheduledRuns,
) -> None:
    last = runs.last()
    with team_dag(runs, "docs/wait-for-data.md") as report:
        run_id, state = runs.trigger(DAG, as_of=f"{AS_OF}Z")
        assert state == "success"
        reported = wait_for_run(runs, report, last)
    update = entered(runs.query, DAG, run_id)
    assert runs.updates(DAG, run_id) == [update]
    # Updates of runs before it are told to a DAG that was not there yet, too.
    assert reported.count(f"{AS_OF}Z: {update['inserted']} new, 0 changed") == 1
    tasks = runs.tries(DAG, run_id)
    assert {name: len(instances) for name, instances in tasks.items()} == {
        "resolve_as_of": 1,
        "download": 2,
        "clean_and_merge": 1,
        "upsert": 1,
        "announce": 1,
    }
    table, counts = expected(oracle.us_daily, [AS_OF])
    assert sorted(runs.query(f"table {TABLE}")) == table
    assert runs.query(LEDGER, DAG, run_id) == [counts[AS_OF]]
    (notice,) = runs.notices(run_id)
    attributes = {name: it["Value"] for name, it in notice["MessageAttributes"].items()}
    assert attributes == {
        "dag_id": DAG,
        "dataset": DAG,
        "status": "success",
        "run_id": run_id,
    }


def test_backfills_load_each_date_as_it_was_one_forwards_beside_one_backwards(
    runs: ScheduledRuns,
) -> None:
    days = ["2020-12-04", "2020-12-05"]
    options: dict[str, Any] = {"max_active_runs": 1, "reprocess_behavior": "completed"}
    runs.request_backfill(DATASETS[0][0], days=days, **options)
    runs.request_backfill(DATASETS[1][0], days=days, **options, run_backwards=True)
    orders = (days, days[::-1])
    for (dag_id, table, snapshot_at), order in zip(DATASETS, orders, strict=True):
        runs.wait_for_backfill(dag_id, days=days)
        content, counts = expected(snapshot_at, order)
        assert sorted(runs.query(f"table {table}")) == content
        found = {day: runs.query(LEDGER, dag_id, backfilled(day))[0] for day in days}
        assert found == counts


@pytest.mark.thorough
def test_backfill_of_many_dates_at_once_ends_with_the_same_table(runs: ScheduledRuns) -> None:
    days = [f"2020-12-{day:02}" for day in range(3, 6)]
    runs.request_backfill(DAG, days=days, reprocess_behavior="completed")
    runs.wait_for_backfill(DAG, days=days)
    assert sorted(runs.query(f"table {TABLE}")) == expected(oracle.us_daily, days)[0]


def test_runs_that_no_retry_helps_fail_once_and_say_why(runs: ScheduledRuns) -> None:
    given: tuple[tuple[dict[str, str], str, str], ...] = (
        ({"asof": "2020-12-05"}, "resolve_as_of", UNKNOWN),
        (
            {"as_of": "2999-01-01T00:00:00Z"},
            "resolve_as_of",
            "as_of 2999-01-01T00:00:00Z is in the future",
        ),
        ({"as_of": "2021-02-29T00:00:00Z"}, "resolve_as_of", NO_MOMENT),
        ({"as_of": "2020-12-01T08:30:00Z"}, "download", "had no version at 2020-12-01T08:30:00Z"),
    )
    started = [runs.stack.api.trigger(DAG, conf) for conf, *_ in given]
    assert [runs.wait(DAG, run_id) for run_id in started] == ["failed"] * len(given)
    notices = runs.notices_of(started)
    for run_id, (_, task, words) in zip(started, given, strict=True):
        (notice,) = notices[run_id]
        assert words in notice["Message"]
        # The task of a file is named with its file.
        failed = f"Failed task: {task} [" if task == "download" else f"Failed task: {task}\n"
        assert failed in notice["Message"]
        tries = runs.tries(DAG, run_id)
        assert {number for _, number in tries.pop(task)} == {1}
        if task == "resolve_as_of":
            after = {state for instances in tries.values() for state, _ in instances}
            assert after == {"upstream_failed"}
        status = runs.query("select status from ops.run where run_id = %s", run_id)
        assert status == [("failed",)]


def test_killed_tasks_are_tried_again_and_leave_no_trace(runs: ScheduledRuns) -> None:
    armed = [
        runs.stack.layout.root / "failpoints" / failpoint
        for failpoint in ("upsert.copied", "upsert.committed", "announce.published")
    ]
    for failpoint in armed:
        failpoint.touch()
    run_id, state = runs.trigger(DAG, as_of="2020-12-05T08:30:00Z")
    assert (state, [each for each in armed if each.exists()]) == ("success", [])
    tries = runs.tries(DAG, run_id)
    assert (tries["upsert"], tries["announce"]) == ([("success", 3)], [("success", 2)])
    table, counts = expected(oracle.us_daily, ["2020-12-05"])
    assert sorted(runs.query(f"table {TABLE}")) == table
    assert runs.query(LEDGER, DAG, run_id) == [counts["2020-12-05"]]
    assert len({notice["Message"] for notice in runs.notices(run_id)}) == 1
    before = runs.query(f"select date, xmin::text from {TABLE}")
    runs.clear(DAG, run_id)
    assert runs.wait(DAG, run_id) == "success"
    assert runs.query(f"select date, xmin::text from {TABLE}") == before
    assert runs.notices(run_id, at_least=0) == []
    assert runs.updates(DAG, run_id) == [entered(runs.query, DAG, run_id)]


def test_source_that_is_down_fails_the_run_with_one_notice_after_its_retries(
    runs: ScheduledRuns,
) -> None:
    with other_github(runs.stack, SHIPPED_GITHUB, lambda _: Fault(status=500)):
        # An answer that is remembered would do otherwise.
        run_id, state = runs.trigger(DAG, as_of="2020-12-30T08:30:00Z", refetch=True)
    assert state == "failed"
    assert {tries for _, tries in runs.tries(DAG, run_id)["download"]} == {4}
    (notice,) = runs.notices(run_id)
    assert notice["MessageAttributes"]["status"]["Value"] == "failed"
    assert notice["Subject"].startswith(f"Sluice FAILED {DAG}: download")
    for words in ("Cause: ", "500", "Log: ", "/tasks/download", "airflow dags trigger"):
        assert words in notice["Message"]
    assert runs.query("select status from ops.run where run_id = %s", run_id) == [("failed",)]


@pytest.mark.thorough
def test_keys_that_lost_their_leading_zero_are_refused_with_one_notice(
    runs: ScheduledRuns, tmp_path: Path
) -> None:
    dag, table, _ = DATASETS[1]
    assert runs.trigger(dag, as_of="2020-12-05T08:30:00Z")[1] == "success"
    loaded = sorted(runs.query(f"table {table}"))
    assert loaded
    newest = oracle.version_at(SHIPPED_GITHUB, oracle.STATES, moment("2020-12-05"))
    assert newest is not None
    root = shutil.copytree(SHIPPED_GITHUB, tmp_path / "github")
    text = re.sub(r",0(\d),", r",\1,", newest.read_text())
    write_version(root, oracle.STATES, "2020-12-28T071500Z", text)
    with other_github(runs.stack, root):
        run_id, state = runs.trigger(dag, as_of="2020-12-29T08:30:00Z", refetch=True)
    assert state == "failed"
    (notice,) = runs.notices(run_id)
    assert notice["Subject"].startswith(f"Sluice FAILED {dag}: clean_and_merge")
    assert "column fips" in notice["Message"]
    assert {tries for _, tries in runs.tries(dag, run_id)["clean_and_merge"]} == {1}
    assert sorted(runs.query(f"table {table}")) == loaded

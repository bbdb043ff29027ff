"""Faults that one guard each keeps out; `make mutants` takes the guards away."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from include.contracts.files import RejectLimit
from include.errors import (
    AccountingError,
    RejectLimitError,
    ShrunkenSnapshotError,
    WarehouseUnavailableError,
)
from tests.support import covid_oracle as oracle
from tests.support.pipeline_runs import moment, write_version
from tests.support.tcp_proxy import Fate, Pause, Proxy, commit_of
from tests.support.worker_processes import WAIT_SECONDS

if TYPE_CHECKING:
    from tests.support.invariants import Trial

V1, V2, V3, V4 = (moment(f"2020-12-0{day}") for day in range(1, 5))
WAITING = """
    select 1 from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock'
"""


def test_newer_run_waits_while_an_older_one_stages(trial: Trial) -> None:
    trial.run(V1, "before")
    pause = Pause()
    with Proxy(trial.place.warehouse_uri, pause) as proxy, ThreadPoolExecutor() as threads:
        through = replace(trial.place, warehouse_uri=proxy.uri)
        older = threads.submit(trial.run, V2, "older", place=through)
        assert pause.held.wait(WAIT_SECONDS)
        newer = threads.submit(trial.run, V3, "newer")
        while not newer.done() and not trial.place.tasks().query(WAITING):
            time.sleep(0.02)
        pause.go_on.set()
        older.result()
        newer.result()
    trial.check_healed()


def test_older_snapshot_that_comes_late_undoes_nothing(trial: Trial) -> None:
    trial.run(V3, "newer")
    trial.run(V2, "older")
    trial.check_healed()


def test_commit_that_is_lost_leaves_all_or_nothing(trial: Trial) -> None:
    decide = commit_of("insert into ops.run", Fate.CUT)
    with Proxy(trial.place.warehouse_uri, decide) as proxy:
        with pytest.raises(WarehouseUnavailableError):
            trial.run(V1, "cut", place=replace(trial.place, warehouse_uri=proxy.uri))
        assert proxy.fired
    trial.check_all_or_nothing()
    trial.run(V1, "cut")
    trial.check_healed()


def test_too_many_bad_rows_stop(trial: Trial) -> None:
    strict = replace(trial.place.dataset, rejects=RejectLimit())
    with pytest.raises(RejectLimitError):
        trial.run(V2, "bad", place=replace(trial.place, dataset=strict))


def test_empty_snapshot_stops(trial: Trial) -> None:
    trial.run(V1, "before")
    write_version(trial.root, oracle.US, "2020-12-04T060000Z", "date,cases,deaths\n")
    with pytest.raises(ShrunkenSnapshotError):
        trial.run(V4, "empty")


def test_row_that_is_lost_between_tasks_stops_the_run(trial: Trial) -> None:
    cleaned = trial.place.prepare(V2, "short")
    cleaned["read"] += 1
    with pytest.raises(AccountingError):
        trial.place.tasks().upsert(cleaned, V2, run_id="short")


def test_table_that_another_writer_changed_is_brought_back(trial: Trial) -> None:
    trial.run(V1, "before")
    trial.place.tasks().query("update covid.us_daily set cases = 7 returning 1")
    trial.run(V1, "again")
    trial._check_rows()

"""Several runs at once: one writer a table, whoever comes, waits, dies or oversleeps."""

from __future__ import annotations

import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from include.datasets import covid_us_states_daily
from tests.support import covid_oracle as oracle
from tests.support.invariants import Trial
from tests.support.pipeline_runs import moment, write_version
from tests.support.tcp_proxy import Fate, Pause, Proxy, Seen
from tests.support.worker_processes import WAIT_SECONDS, Worker, processes

if TYPE_CHECKING:
    from datetime import datetime

V1, V2, V3 = moment("2020-12-01"), moment("2020-12-02"), moment("2020-12-03")
WAITING = """
    select count(*) from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock'
"""
HOLD = "select 1 from ops.sink where sink = 'covid.us_daily' for update"
STATES = "date,state,fips,cases,deaths\n2020-11-01,Iowa,19,1,0\n2020-11-02,Iowa,19,2,0\n"


def wait_for_waiting(trial: Trial, sessions: int) -> None:
    """Until so many sessions wait for a lock."""
    query = trial.place.tasks().query
    deadline = time.monotonic() + WAIT_SECONDS
    while query(WAITING) != [(sessions,)]:
        assert time.monotonic() < deadline, f"{query(WAITING)} wait, not {sessions}"
        time.sleep(0.02)


def changed(trial: Trial) -> int:
    """How many runs have changed rows."""
    statement = "select count(*) from ops.run where inserted + updated > 0"
    return int(trial.place.tasks().query(statement)[0][0])


@pytest.mark.parametrize("number", [2, 8])
def test_processes_that_start_at_once_fill_an_empty_database_once(
    trial: Trial, number: int
) -> None:
    names = [f"run {n}" for n in range(number)]
    for name in names:
        trial.place.prepare(V1, name)
    barrier = processes.Barrier(number)
    workers = [trial.worker(V1, name, barrier=barrier) for name in names]
    assert [worker.end() for worker in workers] == ["done"] * number
    assert changed(trial) == 1
    trial.check_healed()
    assert len(trial.notices) == number


@pytest.mark.parametrize("number", [2, 8])
def test_one_process_applies_an_update_while_the_others_wait(trial: Trial, number: int) -> None:
    trial.run(V1, "before")
    names = [f"run {n}" for n in range(number)]
    for name in names:
        trial.place.prepare(V2, name)
    with closing(trial.place.connect()) as holder, holder.cursor() as cursor:
        cursor.execute(HOLD)
        workers = [trial.worker(V2, name) for name in names]
        wait_for_waiting(trial, number)
    assert [worker.end() for worker in workers] == ["done"] * number
    assert changed(trial) == 2
    trial.check_healed()
    assert len(trial.notices) == number + 1


def test_two_tables_are_loaded_at_the_same_time(trial: Trial) -> None:
    write_version(trial.root, oracle.STATES, "2020-12-01T060000Z", STATES)
    states = replace(trial.place, dataset=covid_us_states_daily.DATASET)
    # Passes only when both are within COPY, each with the lock on its own table.
    both = threading.Barrier(2)

    def meet(seen: Seen) -> Fate:
        if seen.kind == "copy":
            both.wait(WAIT_SECONDS)
        return Fate.PASS

    trial.place.migrate()
    with (
        Trial(place=states, root=trial.root, queue=trial.queue, notices=trial.notices) as other,
        Proxy(trial.place.warehouse_uri, meet) as proxy,
        ThreadPoolExecutor() as threads,
    ):
        loads = [
            threads.submit(one.run, V1, "same", place=replace(one.place, warehouse_uri=proxy.uri))
            for one in (trial, other)
        ]
        assert [load.result()["inserted"] for load in loads] == [4, 2]
        assert not both.broken
        trial.check_healed()
        other.check_healed()


@pytest.mark.thorough(usual=2)
@pytest.mark.parametrize("before", [True, False], ids=["update", "first"])
@pytest.mark.parametrize(
    ("first", "second"), [(V2, V3), (V3, V2)], ids=["older-first", "newer-first"]
)
def test_backfill_beside_a_scheduled_run_ends_with_the_newest_data(
    trial: Trial, first: datetime, second: datetime, *, before: bool
) -> None:
    trial.place.migrate()
    if before:
        trial.run(V1, "before")
    pause = Pause()
    with Proxy(trial.place.warehouse_uri, pause) as proxy, ThreadPoolExecutor() as threads:
        through = replace(trial.place, warehouse_uri=proxy.uri)
        holder = threads.submit(trial.run, first, "first", place=through)
        assert pause.held.wait(WAIT_SECONDS)
        waiter = threads.submit(trial.run, second, "second")
        wait_for_waiting(trial, 1)
        pause.go_on.set()
        holder.result()
        waiter.result()
    trial.check_healed("first", "second")


def test_writer_that_oversleeps_its_session_cannot_write(trial: Trial) -> None:
    trial.run(V1, "before")
    asleep = threading.Event()
    started: list[Worker] = []

    def put_to_sleep(seen: Seen) -> Fate:
        if seen.kind == "query" and 'update "covid"' in seen.statements[-1]:
            os.kill(started[0].pid, signal.SIGSTOP)
            asleep.set()
        return Fate.PASS

    with Proxy(trial.place.warehouse_uri, put_to_sleep) as proxy:
        through = replace(trial.place, warehouse_uri=proxy.uri)
        trial.place.prepare(V2, "late")
        session = {"idle_in_transaction_session_timeout": "4000"}
        started.append(trial.worker(V2, "late", place=through, session=session))
        assert asleep.wait(WAIT_SECONDS)
        # It waits for the sleeper's lock, and gets it when the server ends the session.
        trial.run(V3, "other")
        os.kill(started[0].pid, signal.SIGCONT)
        assert started[0].end() == "WarehouseUnavailableError"
    assert trial.place.tasks().query("select count(*) from ops.run") == [(2,)]
    trial.run(V2, "late")
    trial.check_healed("late", "other")

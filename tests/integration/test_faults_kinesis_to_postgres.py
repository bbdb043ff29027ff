"""Workers that die, races of runs, and a database that is lost: whole versions, once each."""

from __future__ import annotations

import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from include.core.warehouse import connection as postgres
from include.errors import TargetDiffersError, WarehouseUnavailableError
from include.pipelines.kinesis_to_postgres.stage import (
    OvertakenError,
    Taken,
    find_position,
    take_over,
)
from tests.integration.stream_places import place, publisher, stream
from tests.support.published_changes import LINES, THINGS, line, things
from tests.support.stream_invariants import StreamTrial
from tests.support.tcp_proxy import Fate, Proxy, Seen, commit_of
from tests.support.worker_processes import (
    WAIT_SECONDS,
    Worker,
    failpoints_of,
    processes,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.published_changes import Publisher
    from tests.support.stream_runs import StreamPlace

__all__ = ["place", "publisher", "stream"]

PIPELINE = Path(__file__).parents[2] / "include" / "pipelines" / "kinesis_to_postgres"
FAILPOINTS = sorted(failpoints_of(PIPELINE.glob("*.py")))
REBUILDING = {name for name in FAILPOINTS if name.startswith("rebuild.")}
WAITING = "select 1 from pg_stat_activity where wait_event_type = 'Lock'"
PATIENCE_OF_SERVER = {"idle_in_transaction_session_timeout": "1500"}
STAGED = "insert into ops.stream_change"
RECORDED = "insert into ops.run"


@pytest.fixture
def trial(place: StreamPlace, publisher: Publisher) -> Iterator[StreamTrial]:
    """A table at its first version, and two more and a new table in the stream."""
    with StreamTrial(place, publisher) as under_way:
        under_way.publish(THINGS, "v1", things(*range(40)))
        place.run("before")
        changed = [*things(*range(5, 30)), *things(*range(30, 40), c1="new"), *things(50, 51)]
        under_way.publish(THINGS, "v2", changed)
        under_way.publish(LINES, "v1", [line(order, 1) for order in range(20)])
        under_way.publish(THINGS, "v3", [*things(1, 2), *changed[3:]])
        yield under_way


def test_every_side_effect_has_a_failpoint() -> None:
    assert FAILPOINTS == [
        "apply.checked", "apply.committed", "apply.deleted", "apply.entered_in_ledger",
        "apply.locked", "apply.recorded", "apply.settled", "apply.staged", "apply.written",
        "read_shard.committed", "read_shard.moved", "read_shard.read", "read_shard.set_aside",
        "read_shard.staged", "rebuild.committed", "rebuild.fetched", "rebuild.loaded",
        "rebuild.locked", "snapshots.deleted", "target.committed", "target.made",
    ]  # fmt: skip


@pytest.mark.thorough(usual=5)
@pytest.mark.parametrize("failpoint", sorted({*FAILPOINTS} - REBUILDING))
def test_run_survives_the_death_of_its_worker(trial: StreamTrial, failpoint: str) -> None:
    trial.place.die_at(failpoint, "killed")
    trial.check_readers()
    trial.place.run("killed")
    trial.check_healed("killed", "another")
    kept = [key.split("/")[2:4] for key in trial.place.lake_store.keys("exports/")]
    assert kept == [["order_lines", "v1"], ["test_table", "v3"]]


@pytest.mark.thorough(usual=2)
@pytest.mark.parametrize("failpoint", sorted(REBUILDING))
def test_rebuild_survives_the_death_of_its_worker(trial: StreamTrial, failpoint: str) -> None:
    place = trial.place
    place.run("applied")
    place.query("update exports.acme__test_table set c1 = 'meddled' where pk < 'k000010'")
    trial.seen.clear()
    meddled = place.rows(THINGS)
    trial.states[THINGS].append(meddled)
    killed = Worker(
        partial(place.rebuild, THINGS, "killed"), failpoints=place.failpoints, armed=failpoint
    )
    assert killed.end() == "killed"
    place.rebuild(THINGS, "killed")
    trial.check_readers()
    assert place.rows(THINGS) == sorted(trial.states[THINGS][3], key=THINGS.key_of)
    changed = "select inserted, updated, deleted from ops.run where run_id = 'killed'"
    assert place.query(changed) == [(0, 4, 0)]
    assert len(place.announce("killed")) == 3
    assert place.run("another") == []


@pytest.mark.parametrize("number", [2, 8])
def test_runs_at_once_apply_each_version_once(trial: StreamTrial, number: int) -> None:
    barrier = processes.Barrier(number)
    workers = [
        Worker(partial(trial.place.run, f"run {n}", barrier=barrier), failpoints=trial.place.folder)
        for n in range(number)
    ]
    assert [worker.end() for worker in workers] == ["done"] * number
    trial.check_healed(*(f"run {n}" for n in range(number)))


@pytest.mark.parametrize("statement", [STAGED, RECORDED], ids=["reading", "applying"])
@pytest.mark.parametrize("fate", [Fate.CUT, Fate.LOSE_ANSWER])
def test_commit_that_is_lost_leaves_all_or_nothing(
    trial: StreamTrial, statement: str, fate: Fate
) -> None:
    with Proxy(trial.place.loader_uri, commit_of(statement, fate)) as proxy:
        with pytest.raises(WarehouseUnavailableError):
            replace(trial.place, loader_uri=proxy.uri).run("cut")
        assert proxy.fired
    trial.check_readers()
    trial.place.run("cut")
    trial.check_healed("cut")


def asleep_holding(seen: Seen) -> bool:
    """Whether the lock on a target is asked for next."""
    last = seen.statements[-1] if seen.statements else ""
    return seen.kind == "query" and "from ops.sink" in last and "for update" in last


def asleep_behind(statement: str) -> Callable[[Seen], bool]:
    """Whether the transaction that has a statement commits next."""
    is_commit = commit_of(statement, Fate.CUT)
    return lambda seen: is_commit(seen) is Fate.CUT


def run_that_sleeps(place: StreamPlace, run_id: str) -> None:
    """A run whose sessions the server ends when nothing was heard of them for a moment."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in PATIENCE_OF_SERVER.items():
            patch.setitem(postgres._SESSION, name, value)
        place.run(run_id)


@pytest.mark.parametrize(
    ("falls_asleep", "end"),
    [
        (asleep_behind(STAGED), "done"),
        (asleep_holding, "WarehouseUnavailableError"),
        (asleep_behind(RECORDED), "done"),
    ],
    ids=["after reading", "with the lock", "after applying"],
)
def test_run_that_sleeps_while_another_applies_changes_nothing_twice_on_waking(
    trial: StreamTrial, falls_asleep: Callable[[Seen], bool], end: str
) -> None:
    asleep = threading.Event()
    workers: list[Worker] = []

    def put_to_sleep(seen: Seen) -> Fate:
        if falls_asleep(seen) and not asleep.is_set():
            os.kill(workers[0].pid, signal.SIGSTOP)
            asleep.set()
        return Fate.PASS

    with Proxy(trial.place.loader_uri, put_to_sleep) as proxy:
        sleeper = partial(run_that_sleeps, replace(trial.place, loader_uri=proxy.uri), "asleep")
        workers.append(Worker(sleeper, failpoints=trial.place.failpoints))
        try:
            assert asleep.wait(WAIT_SECONDS)
            # Where the sleeper has the lock, this waits until the server ends its session.
            trial.place.run("awake")
            before = {table: trial.place.rows(table) for table in trial.states}
            os.kill(workers[0].pid, signal.SIGCONT)
            assert workers[0].end() == end
        finally:
            workers[0].kill()
    assert {table: trial.place.rows(table) for table in trial.states} == before
    trial.place.run("asleep")
    trial.check_healed("asleep", "awake")


def test_records_that_two_readers_have_at_once_are_taken_over_by_one(
    place: StreamPlace, publisher: Publisher
) -> None:
    publisher.put([b"foreign"] * 3)
    ((shard, number),) = [
        (shard.shard_id, found[0]["SequenceNumber"])
        for shard in place.reading.stream.shards()
        if (found := records_of(place, shard.shard_id))
    ]
    before = find_position(place.reading, shard)
    after = replace(before, sequence_number=number)
    take_over(place.reading, records_of(place, shard), before=before, after=after, taken=Taken())
    with pytest.raises(OvertakenError):
        take_over(
            place.reading, records_of(place, shard), before=before, after=after, taken=Taken()
        )
    place.run()
    assert place.query("select count(*) from ops.rejected_row") == [(3 + 2,)]


def records_of(place: StreamPlace, shard_id: str) -> list[dict[str, Any]]:
    """All records of a shard."""
    reading = place.reading.stream
    return reading.read(str(reading.iterator(shard_id, after=None))).records


def test_table_that_fails_holds_back_no_other(trial: StreamTrial) -> None:
    place = trial.place
    place.query("insert into exports.acme__test_table (pk) values ('k000050')")
    tables = place.read("half")
    done = []
    for table in tables:
        if table["table"] == THINGS.name:
            with pytest.raises(TargetDiffersError, match="do not fit: a row to insert is there"):
                place.apply(table, "half")
        else:
            done.append(place.apply(table, "half"))
    assert done == [LINES.sink]
    assert place.rows(LINES) == sorted(trial.states[LINES][-1], key=LINES.key_of)
    place.query("delete from exports.acme__test_table where pk = 'k000050'")
    place.run("rest")
    assert place.rows(THINGS) == sorted(trial.states[THINGS][-1], key=THINGS.key_of)


def test_target_with_a_row_that_no_operation_is_about_is_refused(trial: StreamTrial) -> None:
    place = trial.place
    place.query("insert into exports.acme__test_table (pk) values ('foreign')")
    with pytest.raises(TargetDiffersError, match="after v3 it would have 37 rows, and the export"):
        place.run("refused")
    place.query("delete from exports.acme__test_table where pk = 'foreign'")
    place.query("update exports.acme__test_table set c3 = 'foreign' where pk = 'k000020'")
    with pytest.raises(TargetDiffersError, match="or some of them differ"):
        place.run("refused again")
    assert place.query("select distinct run_id from ops.run where sink like '%test_table'") == [
        ("before",)
    ]


def test_tables_that_are_applied_side_by_side_are_all_in_the_notice(trial: StreamTrial) -> None:
    place, held, go_on = trial.place, threading.Event(), threading.Event()

    def hold(seen: Seen) -> Fate:
        written = any("insert into ops.outbox" in each for each in seen.statements)
        if written and seen.statements[-1] == "COMMIT" and not held.is_set():
            held.set()
            assert go_on.wait(WAIT_SECONDS)
        return Fate.PASS

    first, second = place.read("both")
    with Proxy(place.loader_uri, hold) as proxy, ThreadPoolExecutor() as threads:
        slow = threads.submit(replace(place, loader_uri=proxy.uri).apply, first, "both")
        assert held.wait(WAIT_SECONDS)
        quick = threads.submit(place.apply, second, "both")
        while not place.query(WAITING):
            assert not quick.done()
            time.sleep(0.02)
        go_on.set()
        sinks = {slow.result(), quick.result()}
    ((notice,),) = place.query("select body from ops.outbox where run_id = 'both'")
    assert all(f"  - {sink} at" in notice for sink in sinks)
    trial.check_healed("both")


def test_trigger_that_keeps_rows_out_is_noticed(trial: StreamTrial) -> None:
    place = trial.place
    owner = place.own()
    with owner, owner.cursor() as cursor:
        cursor.execute(
            "create function exports.drop_row() returns trigger language plpgsql as"
            " $$ begin if new.pk = 'k000050' then return null; end if; return new; end $$;"
            " create trigger keep_out before insert on exports.acme__test_table"
            " for each row execute function exports.drop_row()"
        )
    owner.close()
    with pytest.raises(TargetDiffersError, match="of 2 to insert 1 were kept"):
        place.run("refused")

"""Publishers that die, race, are overtaken, or whose stream refuses: whole versions, once each."""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timezone
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from include.core.arrivals.events import LandedObject
from include.core.aws import batches
from include.core.runs.run import Run
from include.core.warehouse.connection import transaction
from include.datasets import test_table
from include.errors import ExportBusyError, FilesFailedError
from include.pipelines.table_export_to_kinesis import Settling, runs_of_left
from include.pipelines.table_export_to_kinesis.leases import TableLease, acquire
from tests.integration.stream_places import place, stream
from tests.support.export_runs import ExportPlace
from tests.support.faulty_api import NONE, Call, Fault, FaultyApi
from tests.support.worker_processes import WAIT_SECONDS, Worker, failpoints_of, processes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.synchronize import Barrier

    from tests.support.stream_runs import StreamPlace

__all__ = ["place", "stream"]

PIPELINE = Path(__file__).parents[2] / "include" / "pipelines" / "table_export_to_kinesis"
FAILPOINTS = [
    # test_athena.py tries those of exports that Athena compares.
    *(name for name in failpoints_of(sorted(PIPELINE.glob("*.py"))) if name[:7] != "athena."),
    "finish.entered_in_ledger",
    "finish.recorded",
    "finish.committed",
]
THROUGHPUT = "ProvisionedThroughputExceededException"
SMALL_PARTS = replace(test_table.DATASET, part_rows=40)
FIRST = [f"{n:03};a;b;c\n" for n in range(120)]
SECOND = [*FIRST[5:80], *(f"{n:03};a;new;c\n" for n in range(80, 120)), "200;x;;\n"]
PROCESSES = 8


def rows_of(lines: list[str]) -> list[tuple[Any, ...]]:
    """What the target has to hold: a plain reading of plain lines."""
    cells = (line.rstrip("\n").split(";") for line in lines)
    return sorted(tuple(cell or None for cell in row) for row in cells)


@pytest.fixture
def exports(place: StreamPlace, landing: str) -> Iterator[ExportPlace]:
    """A table whose first version is applied."""
    under_way = ExportPlace(**vars(place) | {"dataset_of": small_parts}, landing=landing)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batches, "_backoff", lambda _: 0.01)
        under_way.publish(under_way.put("acme/test_table/v1/all.csv", "".join(FIRST)))
        under_way.run("first")
        yield under_way


def check(exports: ExportPlace, *, version: str = "v2", lines: list[str] = SECOND) -> None:
    """What holds after a fault and the rerun behind it."""
    exports.run(f"check {version}")
    found = exports.query('select pk, c1, c2, c3 from exports."acme__test_table" order by pk')
    assert found == rows_of(lines)
    assert exports.query("select published_version, leased_until from ops.export_table") == [
        (version, None)
    ]
    assert exports.query("select count(*) from ops.export_progress") == [(0,)]
    ended = "select run_id, status from {} where dag_id = 'table_export_to_kinesis' order by 1"
    told = exports.query(ended.format("ops.outbox"))
    assert told
    assert told == [run for run in exports.query(ended.format("ops.run")) if run[1] != "failed"]
    exports.run(f"again {version}")
    assert exports.query(f"select count(*) from ops.run where run_id = 'again {version}'") == [(0,)]


def check_again(exports: ExportPlace, landed: LandedObject, run_id: str) -> None:
    """A run that has ended well, once more: it puts nothing on the stream, and writes nothing."""
    state = "select xmin::text, t::text from {} as t order by 2"
    before = [exports.query(state.format(name)) for name in ("ops.export", "ops.export_table")]
    with FaultyApi(exports.aws) as through:
        replace(exports, kinesis=through.url).publish(landed, run_id=run_id)
    after = [exports.query(state.format(name)) for name in ("ops.export", "ops.export_table")]
    assert (through.calls, after) == ([], before)


def test_there_are_failpoints_on_both_sides_of_each_side_effect() -> None:
    assert len(set(FAILPOINTS)) >= 14


@pytest.mark.thorough(usual=5)
@pytest.mark.parametrize("failpoint", sorted({*FAILPOINTS}))
def test_publisher_killed_at_any_moment_goes_on_where_it_was(
    exports: ExportPlace, failpoint: str
) -> None:
    landed = exports.put("acme/test_table/v2/all.csv", "".join(SECOND))
    exports.publish_dying_at(failpoint, landed, run_id="two")
    exports.publish(landed, run_id="two")
    ((counts,),) = exports.query(
        "select array[read, unchanged, delivered, deleted] from ops.run where run_id = 'two'"
    )
    assert counts == [116, 75, 41, 5]
    check_again(exports, landed, "two")
    check(exports)


def small_parts(*_: str) -> Any:
    """The declaration with parts of few operations; other processes find it by its name."""
    return SMALL_PARTS


PLACES: dict[str, Callable[[int], list[int]]] = {
    "first": lambda _: [0],
    "middle": lambda entries: [entries // 2],
    "last": lambda entries: [entries - 1],
    "all": lambda entries: [*range(entries)],
}


@pytest.mark.thorough(usual=2)
@pytest.mark.parametrize("places", PLACES.values(), ids=PLACES)
def test_refused_records_are_put_again_and_no_others(
    exports: ExportPlace, places: Callable[[int], list[int]]
) -> None:
    def refuse(call: Call) -> Fault:
        refused = tuple(places(len(call.entries))) if call.number in (0, 1) else ()
        return Fault(places=refused, code=THROUGHPUT)

    with FaultyApi(exports.aws, refuse) as faulty:
        through = replace(exports, kinesis=faulty.url)
        through.publish(exports.put("acme/test_table/v2/all.csv", "".join(SECOND)), run_id="two")
    first, *again = (call.entries for call in faulty.calls[:3])
    assert len(first) > 2
    for entries in again:
        assert entries == [first[place] for place in places(len(first))]
        first = entries
    check(exports)


def test_calls_that_are_throttled_whole_go_again_as_they_were(exports: ExportPlace) -> None:
    fault = Fault(status=400, code=THROUGHPUT)
    with FaultyApi(exports.aws, lambda call: fault if call.number < 3 else NONE) as faulty:
        through = replace(exports, kinesis=faulty.url)
        through.publish(exports.put("acme/test_table/v2/all.csv", "".join(SECOND)), run_id="two")
    assert faulty.fired == 3
    first, *again = (call.entries for call in faulty.calls[:4])
    assert again == [first] * 3
    assert first not in [call.entries for call in faulty.calls[4:]]
    check(exports)


def test_holder_that_sleeps_past_its_lease_puts_and_commits_nothing_on_waking(
    exports: ExportPlace,
) -> None:
    landed = exports.put("acme/test_table/v2/all.csv", "".join(SECOND))
    workers: list[Worker] = []
    stopped = threading.Event()

    def stop(_: Call) -> Fault:
        os.kill(workers[0].pid, signal.SIGSTOP)
        stopped.set()
        return NONE

    with FaultyApi(exports.aws, stop) as through:
        asleep = replace(exports, kinesis=through.url)
        call = partial(asleep.publish, landed, run_id="asleep")
        workers.append(Worker(call, failpoints=exports.failpoints))
        try:
            assert stopped.wait(WAIT_SECONDS)
            exports.query("update ops.export_table set leased_until = now() - interval '1 second'")
            newer = exports.put("acme/test_table/v3/all.csv", "".join(FIRST))
            exports.publish(newer, run_id="awake")
            os.kill(workers[0].pid, signal.SIGCONT)
            assert workers[0].end() == "FilesFailedError"
        finally:
            workers[0].kill()
    assert len(through.calls) == 1
    assert exports.states()["acme/test_table/v2"] == "failed"
    check(exports, version="v3", lines=FIRST)


def test_stream_that_refuses_for_good_fails_the_version_and_keeps_the_base(
    exports: ExportPlace,
) -> None:
    landed = exports.put("acme/test_table/v2/all.csv", "".join(SECOND))
    refusal = Fault(status=400, code="ResourceNotFoundException")
    with FaultyApi(exports.aws, lambda _: refusal) as faulty:
        through = replace(exports, kinesis=faulty.url)
        with pytest.raises(FilesFailedError, match="ResourceNotFoundException"):
            through.publish(landed, run_id="two")
    assert exports.states()["acme/test_table/v2"] == "failed"
    exports.publish(landed, run_id="three", again=True)
    check(exports)


def test_lease_has_one_holder_among_eight_processes(exports: ExportPlace) -> None:
    """A lock by version would let all of them in: each asks for another version."""
    with processes.Pool(PROCESSES) as pool:
        ask = partial(take, replace(exports, dataset_of=small_parts))
        held = [token for token in pool.map(ask, range(PROCESSES)) if token is not None]
    assert len(held) == 1


def take(exports: ExportPlace, number: int) -> int | None:
    """Ask for the lease on a table, as the run of one of its versions does."""
    with transaction(exports.connect, doing="take") as cursor:
        run = Run(dag_id="table_export_to_kinesis", run_id=f"of version {number}")
        acquired = acquire(cursor, {"tenant": "acme", "table": "test_table"}, run)
        return acquired[0]["token"] if acquired else None


def test_eight_processes_that_publish_at_once_do_so_one_after_the_other(
    exports: ExportPlace,
) -> None:
    texts = {f"v{n + 2}": [*FIRST, f"{n + 300};x;y;z\n"] for n in range(PROCESSES)}
    barrier, of_others = processes.Barrier(PROCESSES), replace(exports, dataset_of=small_parts)
    workers = []
    for name, lines in texts.items():
        landed = exports.put(f"acme/test_table/{name}/all.csv", "".join(lines))
        call = partial(publish_at_once, of_others, landed, name, barrier)
        workers.append(Worker(call, failpoints=exports.failpoints))
    assert [worker.end() for worker in workers] == ["done"] * PROCESSES
    publish_what_is_left(exports)
    shards = exports.records()
    ends = [record for record in shards[0] if record["operation"] == "END"]
    assert [end["base"] for end in ends] == [None, *(end["version"] for end in ends[:-1])]
    for records in shards:
        of_versions = [version for version, _ in groupby(record["version"] for record in records)]
        assert of_versions == [end["version"] for end in ends if end["version"] in of_versions]
    put = Counter(
        record["version"]
        for records in shards
        for record in records
        if record["operation"] != "END"
    )
    assert put == {end["version"]: end["operations"] for end in ends}
    check(exports, version="v9", lines=texts["v9"])


def publish_at_once(
    exports: ExportPlace, landed: LandedObject, run_id: str, barrier: Barrier
) -> None:
    """A whole run, as soon as all others are there."""
    barrier.wait(WAIT_SECONDS)
    exports.publish(landed, run_id=run_id)


def publish_what_is_left(exports: ExportPlace) -> None:
    """The runs that sweeps start, until there is nothing left."""
    sweep = Run(dag_id="sweep_arrivals", run_id="sweep")
    while left := runs_of_left(exports.connect, sweep, before=datetime.now(timezone.utc)):
        for started in left:
            (file,) = started["conf"]["objects"]
            landed = LandedObject(bucket=exports.landing, **file)
            exports.publish(landed, run_id=started["trigger_run_id"], again=True)


def test_late_holder_neither_marks_nor_commits(exports: ExportPlace) -> None:
    landed = exports.put("acme/test_table/v2/all.csv", "".join(SECOND))
    received = exports.claim(landed, run_id="asleep")
    registered = exports.registrar().register(received.files)
    computed, parts = exports.work_on(registered["work"][0], "asleep")
    exports.query("update ops.export_table set leased_until = now() - interval '1 second'")
    exports.query("update ops.arrival set claimed_until = now() - interval '1 second'")
    newer = exports.put("acme/test_table/v3/all.csv", "".join(FIRST))
    exports.publish(newer, run_id="awake")
    with pytest.raises(ExportBusyError):
        TableLease(exports.connect, computed["held"])
    with pytest.raises(ExportBusyError):
        exports.settle(received, Settling(registered, [computed], parts), {}, "asleep")
    exports.query("update ops.arrival set claimed_until = now() - interval '1 second'")
    exports.publish(landed, run_id="late", again=True)
    assert exports.states()["acme/test_table/v2"] == "superseded"
    check(exports, version="v3", lines=FIRST)


@pytest.mark.parametrize("runs", [2, PROCESSES])
def test_runs_of_many_versions_at_once_end_with_the_newest(exports: ExportPlace, runs: int) -> None:
    texts = {f"v{n + 2}": [*FIRST, f"{n + 300};x;y;z\n"] for n in range(runs)}
    landed = {
        name: exports.put(f"acme/test_table/{name}/all.csv", "".join(lines))
        for name, lines in texts.items()
    }
    barrier = threading.Barrier(runs)

    def publish(name: str) -> None:
        barrier.wait()
        exports.publish(landed[name], run_id=name)

    with ThreadPoolExecutor(runs) as threads:
        list(threads.map(publish, texts))
    number = 0
    while exports.started:
        conf = exports.started.pop(0)["conf"]
        named = [one for one in landed.values() if one.key == conf["objects"][0]["key"]]
        number += 1
        exports.publish(*named, run_id=f"next{number}", again=True)
    newest = max(texts, key=lambda name: name)
    check(exports, version=newest, lines=texts[newest])


def test_truncated_gzip_fails_its_version_alone(exports: ExportPlace) -> None:
    whole = exports.put("acme/test_table/v2/all.csv.gz", "".join(SECOND))
    body = exports.body_of(whole)
    cut = exports.put("acme/test_table/v3/all.csv.gz", body[: len(body) // 2])
    with pytest.raises(FilesFailedError):
        exports.publish(cut, run_id="cut")
    exports.publish(whole, run_id="two")
    check(exports)


def test_the_same_event_many_times_publishes_once(exports: ExportPlace) -> None:
    landed = exports.put("acme/test_table/v2/all.csv", "".join(SECOND))
    for number in range(4):
        exports.publish(landed, run_id=f"event {number}")
    assert exports.query("select count(*) from ops.run where delivered > 0") == [(2,)]
    check(exports)

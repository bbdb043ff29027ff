"""Publishers that die, race, are overtaken, or whose stream refuses: whole versions, once each."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from include.core.aws import batches
from include.core.runs.run import Run
from include.core.warehouse.connection import transaction
from include.datasets import test_table
from include.errors import ExportBusyError, FilesFailedError
from include.pipelines.table_export_to_kinesis import Settling
from include.pipelines.table_export_to_kinesis.leases import TableLease, acquire
from tests.integration.stream_places import place, stream
from tests.support.export_runs import ExportPlace
from tests.support.faulty_api import Fault, FaultyApi
from tests.support.worker_processes import failpoints_of, processes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.stream_runs import StreamPlace

__all__ = ["place", "stream"]

PIPELINE = Path(__file__).parents[2] / "include" / "pipelines" / "table_export_to_kinesis"
FAILPOINTS = [
    *failpoints_of(sorted(PIPELINE.glob("*.py"))),
    "finish.entered_in_ledger",
    "finish.recorded",
    "finish.committed",
]
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
    under_way = ExportPlace(**vars(place), landing=landing, dataset_of=lambda *_: SMALL_PARTS)
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
    told = "select run_id, count(*) from ops.outbox where dag_id like 'table%' group by run_id"
    assert all(count == 1 for _, count in exports.query(told))
    exports.run(f"again {version}")
    assert exports.query(f"select count(*) from ops.run where run_id = 'again {version}'") == [(0,)]


def test_there_are_failpoints_on_both_sides_of_each_side_effect() -> None:
    assert len(set(FAILPOINTS)) >= 14


@pytest.mark.parametrize("failpoint", sorted({*FAILPOINTS}))
def test_publisher_killed_at_any_moment_goes_on_where_it_was(
    exports: ExportPlace, failpoint: str
) -> None:
    landed = exports.put("acme/test_table/v2/all.csv", "".join(SECOND))
    dying = replace(exports, dataset_of=small_parts)
    dying.publish_dying_at(failpoint, landed, run_id="two")
    exports.publish(landed, run_id="two")
    ((counts,),) = exports.query(
        "select array[read, unchanged, delivered, deleted] from ops.run where run_id = 'two'"
    )
    assert counts == [116, 75, 41, 5]
    check(exports)


def small_parts(*_: str) -> Any:
    """The declaration with parts of few operations; other processes find it by its name."""
    return SMALL_PARTS


@pytest.mark.parametrize(
    "places",
    [(0,), (20,), (39,), tuple(range(40)), ()],
    ids=["first", "middle", "last", "all", "none"],
)
def test_refused_records_are_put_again_and_no_others(
    exports: ExportPlace, places: tuple[int, ...]
) -> None:
    fault = Fault(places=places, code="ProvisionedThroughputExceededException")
    with FaultyApi(exports.aws, lambda call: fault if call.number in (0, 1) else Fault()) as faulty:
        through = replace(exports, kinesis=faulty.url)
        through.publish(exports.put("acme/test_table/v2/all.csv", "".join(SECOND)), run_id="two")
    check(exports)


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

"""States of exports, and holds of tables: what runs that are late or lost leave as it is."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from include.core.runs.run import Run
from include.core.warehouse.connection import transaction
from include.errors import ExportBusyError, FilesFailedError
from include.pipelines.table_export_to_kinesis import Settling, release_tables, runs_of_left
from include.pipelines.table_export_to_kinesis.leases import TableLease, acquire, check
from tests.integration.stream_places import place, stream
from tests.support.clients import client
from tests.support.export_runs import DAG_ID, ExportPlace
from tests.support.faulty_api import FaultyApi

if TYPE_CHECKING:
    from tests.support.stream_runs import StreamPlace

__all__ = ["place", "stream"]

ROWS = "".join(f"{n:04};a;b;c\n" for n in range(200))
FEW = "".join(ROWS.splitlines(keepends=True)[:50])
FEWER = "".join(ROWS.splitlines(keepends=True)[:40])
HEAD = "order_id,line,product,quantity,price,ordered_on,changed_at,gift\n"


@pytest.fixture
def exports(place: StreamPlace, landing: str) -> ExportPlace:
    return ExportPlace(**vars(place), landing=landing)


def all_of(name: str) -> str:
    return f"acme/test_table/{name}/all.csv"


def end_claims(exports: ExportPlace) -> None:
    exports.query("update ops.arrival set claimed_until = now() - interval '1 second'")


def test_task_that_outlives_its_run_neither_renews_nor_commits(exports: ExportPlace) -> None:
    exports.publish(exports.put(all_of("v1"), ROWS))
    run = Run(dag_id=DAG_ID, run_id="failed")
    with transaction(exports.connect, doing="take") as cursor:
        taken = acquire(cursor, {"tenant": "acme", "table": "test_table"}, run)
        assert taken is not None
        release_tables(cursor, run)
    with pytest.raises(ExportBusyError):
        TableLease(exports.connect, taken[0])
    with pytest.raises(ExportBusyError), transaction(exports.connect, doing="check") as cursor:
        check(cursor, taken[0])
    assert exports.query("select leased_until from ops.export_table") == [(None,)]


def lines(*numbers: int, product: str = "Tea") -> list[str]:
    return [f"{n},1,{product},2,1.50,2026-01-31,2026-01-31T10:00:00Z,true\n" for n in numbers]


def test_approval_covers_the_rows_that_stay_since_others_were_rejected(
    exports: ExportPlace,
) -> None:
    where = "acme/order_lines/{}/all.csv"
    first = exports.put(where.format("v1"), HEAD + "".join(lines(*range(1, 301))))
    exports.publish(first, run_id="one")
    damaged = [*lines(*range(1, 50), product="New"), *lines(*range(50, 100)), "x,1,,,,,,\n"]
    second = exports.put(where.format("v2"), HEAD + "".join(damaged))
    exports.publish(second, run_id="two")
    assert exports.states()["acme/order_lines/v2"] == "asked"
    ((key,),) = exports.query(
        "select delta -> 'parts' -> 0 ->> 'key' from ops.export where version = 'v2'"
    )
    client("s3", exports.aws).delete_object(Bucket=exports.lake, Key=key)
    exports.publish(second, run_id="answer", again=True, decision="approved")
    assert exports.states()["acme/order_lines/v2"] == "published"


def test_end_that_is_tried_again_after_its_commit_changes_and_sends_nothing(
    exports: ExportPlace,
) -> None:
    landed = exports.put(all_of("v1"), ROWS)
    received = exports.claim(landed, run_id="publish")
    registered = exports.registrar().register(received.files)
    computed, parts = exports.work_on(registered["work"][0])
    ends = Settling(registered, [computed], parts)
    exports.settle(received, ends, {})
    with FaultyApi(exports.aws) as through:
        for run_id in ("before", "applied"):
            before = written(exports)
            again = ExportPlace(**{**vars(exports), "kinesis": through.url})
            again.settle(received, ends, {})
            assert written(exports) == before
            exports.run(run_id)
        assert through.calls == []


def written(exports: ExportPlace) -> list[Any]:
    """What exports and tables have come to, with the transactions that wrote it."""
    return [
        exports.query(f"select xmin::text, t::text from {table} as t order by 2")
        for table in ("ops.export", "ops.export_table")
    ]


def test_late_run_that_fails_leaves_what_another_has_published(exports: ExportPlace) -> None:
    landed = exports.put(all_of("v1"), ROWS)
    received = exports.claim(landed, run_id="late")
    registered = exports.registrar("late").register(received.files)
    end_claims(exports)
    exports.publish(landed, run_id="other", again=True)
    with pytest.raises(FilesFailedError):
        exports.settle(received, Settling(registered, [], []), {}, "late")
    assert exports.states() == {"acme/test_table/v1": "published"}


def test_approved_version_whose_run_was_lost_is_published_without_another_question(
    exports: ExportPlace,
) -> None:
    exports.publish(exports.put(all_of("v1"), ROWS), run_id="one")
    second = exports.put(all_of("v2"), FEW)
    exports.publish(second, run_id="two")
    received = exports.claim(second, run_id="lost", again=True)
    exports.registrar("lost", again=True, decision="approved").register(received.files)
    end_claims(exports)
    sweep, later = Run(dag_id="sweep", run_id="sweep"), datetime.now(timezone.utc)
    (left,) = runs_of_left(exports.connect, sweep, before=later + timedelta(minutes=1))
    exports.publish(
        second, run_id="swept", again=left["conf"]["again"], decision=left["conf"].get("decision")
    )
    assert exports.states() == {f"acme/test_table/{name}": "published" for name in ("v1", "v2")}


def test_version_that_was_superseded_meanwhile_is_not_asked_about_again(
    exports: ExportPlace,
) -> None:
    exports.publish(exports.put(all_of("v1"), ROWS), run_id="one")
    second = exports.put(all_of("v2"), FEW)
    exports.publish(second, run_id="two")
    received = exports.claim(second, run_id="answer", again=True)
    registrar = exports.registrar("answer", again=True, decision="approved")
    (work,) = registrar.register(received.files)["work"]
    exports.publish(exports.put(all_of("v3"), FEWER), run_id="three")
    computed, _ = exports.work_on(work, "answer")
    assert computed["state"] == "superseded"
    assert exports.states()["acme/test_table/v2"] == "superseded"
    assert exports.query("select leased_until from ops.export_table") == [(None,)]


def test_question_that_the_run_of_its_export_did_not_ask_is_asked_by_the_sweep(
    exports: ExportPlace,
) -> None:
    exports.publish(exports.put(all_of("v1"), ROWS), run_id="one")
    exports.publish(exports.put(all_of("v2"), FEW), run_id="two")
    (asked,) = exports.started
    sweep, now = Run(dag_id="sweep", run_id="sweep"), datetime.now(timezone.utc)
    assert runs_of_left(exports.connect, sweep, before=now + timedelta(minutes=1)) == [asked]
    assert runs_of_left(exports.connect, sweep, before=now - timedelta(minutes=1)) == []

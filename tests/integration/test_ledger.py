"""The ledger: one row a run and sink, and what a failure may do to it."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from include.core.runs.ledger import Counts, Details, RunOfSink, record_failure, record_run
from include.core.warehouse.connection import transaction

if TYPE_CHECKING:
    from include.core.warehouse.connection import Connect

NOW = datetime(2020, 12, 1, 8, 30, tzinfo=timezone.utc)
RUN = RunOfSink(dag_id="d", run_id="r", sink="public.thing", as_of=NOW, started_at=NOW)
COUNTS = Counts(read=3, rejected=1, inserted=2)


def fail(connect: Connect, cause: str) -> None:
    with transaction(connect, doing="fail") as cursor:
        record_failure(cursor, RUN, task="upsert", cause=cause)


def enter(connect: Connect, *, status: str, counts: Counts = COUNTS) -> None:
    with transaction(connect, doing="enter") as cursor:
        record_run(cursor, RUN, counts, Details(warnings=["stale"]), status=status)


def rows(connect: Connect) -> list[tuple[Any, ...]]:
    with transaction(connect, doing="look") as cursor:
        cursor.execute(
            "select status, read, inserted, details, finished_at, xmin::text from ops.run"
        )
        return list(cursor.fetchall())


def test_failure_after_a_success_leaves_its_ledger_row_as_it_is(loader: Connect) -> None:
    enter(loader, status="success")
    before = rows(loader)
    fail(loader, "the notice could not be sent")
    assert rows(loader) == before


def test_failure_is_entered_with_task_and_cause_and_again_with_the_last(loader: Connect) -> None:
    fail(loader, "GitHub is out")
    fail(loader, "Postgres is out")
    ((status, read, _, details, *_),) = rows(loader)
    assert (status, read) == ("failed", 0)
    assert details == {"failed_task": "upsert", "cause": "Postgres is out", "broken": []}


def test_failure_keeps_what_a_run_that_failed_has_counted(loader: Connect) -> None:
    enter(loader, status="failed")
    fail(loader, "1 of 2 files failed")
    ((status, read, inserted, details, *_),) = rows(loader)
    assert (status, read, inserted) == ("failed", 3, 2)
    assert (details["warnings"], details["cause"]) == (["stale"], "1 of 2 files failed")


def test_success_after_a_failure_takes_its_place(loader: Connect) -> None:
    fail(loader, "GitHub is out")
    enter(loader, status="success")
    ((status, read, inserted, details, *_),) = rows(loader)
    assert (status, read, inserted) == ("success", 3, 2)
    assert "cause" not in details

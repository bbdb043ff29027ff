"""Each guard, switched off, lets a fault through that one of the checks sees."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest

from include.core import sink_lock, upsert
from include.core.contract import RejectLimit
from include.core.ledger import Counts
from include.core.sql_files import read_statement
from include.errors import (
    AccountingError,
    RejectLimitError,
    ShrunkenSnapshotError,
    WarehouseUnavailableError,
)
from include.pipelines.github_csv_to_postgres import load, transform
from tests.support import covid_oracle as oracle
from tests.support.apart import WAIT_SECONDS
from tests.support.pipeline_runs import moment, write_version
from tests.support.tcp_proxy import Fate, Pause, Proxy, commit_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.invariants import Trial

V1, V2, V3, V4 = (moment(f"2020-12-0{day}") for day in range(1, 5))
WAITING = """
    select 1 from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock'
"""


@dataclass(frozen=True)
class Guard:
    """A guard of the pipeline.

    Attributes:
        name: what people call it.
        fault: what it guards against, and the check after it.
        off: switches it off.
        red: the check that fails then: a function of the test or of Trial.
    """

    name: str
    fault: Callable[[Trial], None]
    off: Callable[[pytest.MonkeyPatch, Trial], None]
    red: str


def newer_run_comes_while_an_older_one_stages(trial: Trial) -> None:
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


def older_snapshot_comes_late(trial: Trial) -> None:
    trial.run(V3, "newer")
    trial.run(V2, "older")
    trial.check_healed()


def commit_is_lost(trial: Trial) -> None:
    decide = commit_of("insert into ops.run", Fate.CUT)
    with Proxy(trial.place.warehouse_uri, decide) as proxy:
        with pytest.raises(WarehouseUnavailableError):
            trial.run(V1, "cut", place=replace(trial.place, warehouse_uri=proxy.uri))
        assert proxy.fired
    trial.check_all_or_nothing()
    trial.run(V1, "cut")
    trial.check_healed()


def too_many_rows_are_bad(trial: Trial) -> None:
    strict = replace(trial.place.dataset, rejects=RejectLimit())
    with pytest.raises(RejectLimitError):
        trial.run(V2, "bad", place=replace(trial.place, dataset=strict))


def snapshot_is_empty(trial: Trial) -> None:
    trial.run(V1, "before")
    write_version(trial.root, oracle.US, "2020-12-04T060000Z", "date,cases,deaths\n")
    with pytest.raises(ShrunkenSnapshotError):
        trial.run(V4, "empty")


def row_is_lost_between_tasks(trial: Trial) -> None:
    cleaned = trial.place.prepare(V2, "short")
    cleaned["read"] += 1
    with pytest.raises(AccountingError):
        trial.place.tasks().upsert(cleaned, V2, run_id="short")


def stranger_writes_to_the_table(trial: Trial) -> None:
    trial.run(V1, "before")
    trial.place.tasks().query("update covid.us_daily set cases = 7 returning 1")
    trial.run(V1, "again")
    trial._check_rows()


def without_lock(patch: pytest.MonkeyPatch, _: Trial) -> None:
    patch.setattr(
        sink_lock, "read_statement", lambda name: read_statement(name).replace("for update", "")
    )


def without_superseding(patch: pytest.MonkeyPatch, _: Trial) -> None:
    patch.setattr(upsert._Load, "_load_older", upsert._Load._load_newest)


def with_notice_before_commit(patch: pytest.MonkeyPatch, trial: Trial) -> None:
    patch.setattr(load, "write_notice", lambda _, notice: trial.place.publish(notice))


def with_commit_in_between(patch: pytest.MonkeyPatch, _: Trial) -> None:
    fill = upsert._Load._fill

    def fill_and_commit(self: Any) -> Any:
        counts = fill(self)
        self.cursor.connection.commit()
        return counts

    patch.setattr(upsert._Load, "_fill", fill_and_commit)


def without_reject_limit(patch: pytest.MonkeyPatch, _: Trial) -> None:
    patch.setattr(transform, "refuse_rejects", lambda *_, **__: None)


def without_shrink_limit(patch: pytest.MonkeyPatch, _: Trial) -> None:
    patch.setattr(upsert._Load, "_refuse_shrunken", lambda *_: None)


def without_sum(patch: pytest.MonkeyPatch, trial: Trial) -> None:
    # The table holds the sum as well.
    trial.place.migrate()
    trial.place.tasks().query(
        "alter table ops.run drop constraint every_row_accounted_for; select 1"
    )
    patch.setattr(Counts, "check", lambda *_: None)


def without_count_of_writes(patch: pytest.MonkeyPatch, _: Trial) -> None:
    patch.setattr(sink_lock.KnownSink, "is_untouched", property(lambda _: True))


GUARDS = [
    Guard("lock", newer_run_comes_while_an_older_one_stages, without_lock, "_check_rows"),
    Guard("superseded", older_snapshot_comes_late, without_superseding, "_check_rows"),
    Guard("outbox", commit_is_lost, with_notice_before_commit, "check_all_or_nothing"),
    Guard("one transaction", commit_is_lost, with_commit_in_between, "_check_state"),
    Guard("reject limit", too_many_rows_are_bad, without_reject_limit, "too_many_rows_are_bad"),
    Guard("shrink limit", snapshot_is_empty, without_shrink_limit, "snapshot_is_empty"),
    Guard("sum", row_is_lost_between_tasks, without_sum, "row_is_lost_between_tasks"),
    Guard("digest", stranger_writes_to_the_table, without_count_of_writes, "_check_rows"),
]


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.name)
def test_guard_keeps_the_fault_out(trial: Trial, guard: Guard) -> None:
    guard.fault(trial)


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.name)
def test_fault_is_seen_when_the_guard_is_off(
    trial: Trial, monkeypatch: pytest.MonkeyPatch, guard: Guard
) -> None:
    guard.off(monkeypatch, trial)
    with pytest.raises((AssertionError, pytest.fail.Exception)) as seen:
        guard.fault(trial)
    assert guard.red in [entry.name for entry in seen.traceback]

"""Upload runs that end badly, twice or late: what is entered and told is as of one good run."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from include.core.arrivals import complete
from include.core.arrivals.registry import fail
from include.core.runs.run import Run
from include.core.warehouse.connection import transaction
from include.errors import AccountingError, ArchiveError, ArrivalBusyError, FilesFailedError
from tests.support.settled import LEDGER, begin, with_rejects
from tests.support.upload_runs import PIPELINE, PREFIX, Shore, result
from tests.support.worker_processes import failpoints_of

FAILPOINTS = failpoints_of([Path(str(complete.__file__))])


def test_file_that_another_run_has_taken_over_is_named_and_stays_as_that_run_left_it(
    shore: Shore,
) -> None:
    """A lease ends, another run does the file, and the first run comes to its end after all."""
    received = begin(shore, "one", "a.csv", "b.csv")
    results = shore.work(received, "one")
    shore.query("update ops.arrival set claimed_until = now() - interval '1 s' where key ~ 'a.csv'")
    other = shore.receive_by_hand(("a.csv", None), run_id="two")
    done = shore.finish(other, shore.work(other, "two"), "two")
    with pytest.raises(FilesFailedError, match=r"a\.csv: Another run has taken it over"):
        shore.finish(received, results, "one", retry_seconds=0)
    assert done == {"read": 1, "delivered": 1}
    assert shore.query("select key, run_id, state from ops.arrival order by key") == [
        (PREFIX + "a.csv", "two", "done"),
        (PREFIX + "b.csv", "one", "done"),
    ]
    assert [row[:3] for row in shore.query(LEDGER)] == [("one", "failed", 1), ("two", "success", 1)]
    (message,) = shore.take_messages()
    assert shore.receive([message], "three")["known"] == 1


@pytest.mark.parametrize("failpoint", FAILPOINTS)
def test_crash_in_settle_and_its_rerun_are_as_one_run(shore: Shore, failpoint: str) -> None:
    received = begin(shore, "one", "a.csv", "b.csv")
    results = [with_rejects(shore, 0, 4), with_rejects(shore, 1)]
    shore.die_in_finish(failpoint, received, results, "one")
    committed = FAILPOINTS.index(failpoint) >= FAILPOINTS.index("settle.committed")
    assert len(shore.query(LEDGER)) == len(shore.query("select 1 from ops.outbox")) == committed
    assert set(shore.states().values()) == {"done" if committed else "claimed"}
    assert shore.in_queue() == (0 if failpoint == FAILPOINTS[-1] else 2)
    before = shore.written()
    shore.finish(received, results, "one")
    if committed:
        assert shore.written() == before
    assert shore.query(LEDGER) == [("one", "success", 7, 6, 1, 0)]
    assert shore.query("select file, line from ops.rejected_row") == [("file 0", 4)]
    assert shore.sent("one") == ["one success"]
    assert shore.in_queue() == 0


@pytest.mark.parametrize("final", [[], [1]], ids=["unlucky", "faulty"])
@pytest.mark.parametrize("failpoint", FAILPOINTS)
def test_crash_in_settle_of_a_failed_run_and_its_rerun_are_as_one_run(
    shore: Shore, failpoint: str, final: list[int]
) -> None:
    received = begin(shore, "one", "a.csv", "bad.csv")
    results = shore.work(received, "one")
    shore.die_in_finish(failpoint, received, results, "one", final=final)
    committed = FAILPOINTS.index(failpoint) >= FAILPOINTS.index("settle.committed")
    assert shore.states()["bad.csv"] == ("failed" if committed else "claimed")
    if failpoint != FAILPOINTS[-1]:
        assert shore.in_queue() == 2
    with pytest.raises(FilesFailedError, match="1 of 2 files failed"):
        shore.finish(received, results, "one", final=final)
    assert shore.query(LEDGER) == [("one", "failed", 1, 1, 0, 0)]
    assert shore.states() == {"a.csv": "done", "bad.csv": "failed"}
    assert shore.sent("one") == []
    assert shore.in_queue() == (0 if final else 1)


def test_faulty_file_that_two_runs_get_at_once_fails_one_of_them(shore: Shore) -> None:
    event = shore.record("bad.csv", shore.put("bad.csv"))
    shore.announce(event)
    shore.announce(event)
    first, second = ([message] for message in shore.take_messages())
    received, late = shore.receive(first, "one"), shore.receive(second, "two")
    late["messages"][0]["busy_seconds"] = 0  # as if the lease ended just now
    with pytest.raises(FilesFailedError):
        shore.finish(received, [], "one", final=[0])
    shore.finish(late, [], "two")
    assert shore.receive(second, "three")["known"] == 1
    assert [row[:2] for row in shore.query(LEDGER)] == [("one", "failed"), ("two", "skipped")]
    assert shore.in_queue() == 0


def test_run_whose_sum_is_off_enters_nothing_and_keeps_its_messages(shore: Shore) -> None:
    received = begin(shore, "one", "a.csv")
    off = result(0, counts={"read": 2, "delivered": 1})
    with pytest.raises(AccountingError, match="2 rows read, 1 accounted for"):
        shore.finish(received, [off], "one")
    assert shore.query(LEDGER) == []
    assert shore.states() == {"a.csv": "claimed"}
    assert shore.sent("one") == []
    assert shore.in_queue() == 1


def test_run_that_is_settled_twice_at_once_is_entered_and_told_of_once(shore: Shore) -> None:
    received = begin(shore, "one", "a.csv", "b.csv")
    results = [with_rejects(shore, 0, 4), with_rejects(shore, 1)]
    barrier = threading.Barrier(2)

    def settle(folder: Path) -> dict[str, Any]:
        folder.mkdir()
        barrier.wait(10)
        return replace(shore, folder=folder).finish(received, results, "one")

    with ThreadPoolExecutor(2) as threads:
        counts = list(threads.map(settle, [shore.folder / "first", shore.folder / "second"]))
    assert counts == [{"read": 7, "delivered": 6, "rejected": 1}] * 2
    assert shore.query(LEDGER) == [("one", "success", 7, 6, 1, 0)]
    assert shore.query("select line from ops.rejected_row") == [(4,)]
    assert shore.sent("one") == ["one success"]
    assert shore.in_queue() == 0


def test_rejects_that_are_not_what_was_handed_over_enter_nothing(shore: Shore) -> None:
    received = begin(shore, "one", "a.csv")
    meddled = with_rejects(shore, 0, 4)
    stored = meddled["rejects"]
    assert stored is not None
    meddled["rejects"] = {**stored, "sha256": "0" * 64}
    with pytest.raises(ArchiveError):
        shore.finish(received, [meddled], "one")
    assert shore.query(LEDGER) == shore.query("select 1 from ops.outbox") == []
    assert shore.states() == {"a.csv": "claimed"}
    assert shore.in_queue() == 1


def test_writer_whose_file_was_taken_over_cannot_go_on(shore: Shore) -> None:
    received = begin(shore, "one", "a.csv")
    with transaction(shore.connect, doing="fail") as cursor:
        file = received["files"][0]
        fail(cursor, PIPELINE, file, Run(dag_id=PIPELINE, run_id="one"), cause="lost")
    shore.receive_by_hand(("a.csv", None), run_id="two")
    with pytest.raises(ArrivalBusyError):
        shore.work(received, "one")

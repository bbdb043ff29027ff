"""Upload runs that end badly, twice or late: the result is as of one good run."""

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
from tests.support.finished_runs import LEDGER, begin, with_rejects
from tests.support.upload_runs import PIPELINE, PREFIX, UploadRuns, result
from tests.support.worker_processes import failpoints_of

FAILPOINTS = failpoints_of([Path(str(complete.__file__))])


def test_file_that_another_run_has_taken_over_is_named_and_stays_as_that_run_left_it(
    runs: UploadRuns,
) -> None:
    """A lease ends, another run does the file, and the first run comes to its end after all."""
    received = begin(runs, "one", "a.csv", "b.csv")
    results = runs.work(received, "one")
    runs.query("update ops.arrival set claimed_until = now() - interval '1 s' where key ~ 'a.csv'")
    other = runs.receive_by_hand(("a.csv", None), run_id="two")
    done = runs.finish(other, runs.work(other, "two"), "two")
    with pytest.raises(FilesFailedError, match=r"a\.csv: Another run has taken it over"):
        runs.finish(received, results, "one", retry_seconds=0)
    assert done == {"read": 1, "delivered": 1}
    assert runs.query("select key, run_id, state from ops.arrival order by key") == [
        (PREFIX + "a.csv", "two", "done"),
        (PREFIX + "b.csv", "one", "done"),
    ]
    assert [row[:3] for row in runs.query(LEDGER)] == [("one", "failed", 1), ("two", "success", 1)]
    (message,) = runs.take_messages()
    assert runs.receive([message], "three")["known"] == 1


@pytest.mark.thorough(usual=2)
@pytest.mark.parametrize("failpoint", FAILPOINTS)
def test_crash_at_the_end_and_its_rerun_are_as_one_run(runs: UploadRuns, failpoint: str) -> None:
    received = begin(runs, "one", "a.csv", "b.csv")
    results = [with_rejects(runs, 0, 4), with_rejects(runs, 1)]
    runs.die_in_finish(failpoint, received, results, "one")
    committed = FAILPOINTS.index(failpoint) >= FAILPOINTS.index("finish.committed")
    assert len(runs.query(LEDGER)) == len(runs.query("select 1 from ops.outbox")) == committed
    assert set(runs.states().values()) == {"done" if committed else "claimed"}
    assert runs.in_queue() == (0 if failpoint == FAILPOINTS[-1] else 2)
    before = runs.written()
    runs.finish(received, results, "one")
    if committed:
        assert runs.written() == before
    assert runs.query(LEDGER) == [("one", "success", 7, 6, 1, 0)]
    assert runs.query("select file, line from ops.rejected_row") == [("file 0", 4)]
    assert runs.sent("one") == ["one success"]
    assert runs.in_queue() == 0


@pytest.mark.thorough(usual=3)
@pytest.mark.parametrize("final", [[], [1]], ids=["unlucky", "faulty"])
@pytest.mark.parametrize("failpoint", FAILPOINTS)
def test_crash_at_the_end_of_a_failed_run_and_its_rerun_are_as_one_run(
    runs: UploadRuns, failpoint: str, final: list[int]
) -> None:
    received = begin(runs, "one", "a.csv", "bad.csv")
    results = runs.work(received, "one")
    runs.die_in_finish(failpoint, received, results, "one", final=final)
    committed = FAILPOINTS.index(failpoint) >= FAILPOINTS.index("finish.committed")
    assert runs.states()["bad.csv"] == ("failed" if committed else "claimed")
    if failpoint != FAILPOINTS[-1]:
        assert runs.in_queue() == 2
    with pytest.raises(FilesFailedError, match="1 of 2 files failed"):
        runs.finish(received, results, "one", final=final)
    assert runs.query(LEDGER) == [("one", "failed", 1, 1, 0, 0)]
    assert runs.states() == {"a.csv": "done", "bad.csv": "failed"}
    assert runs.sent("one") == []
    assert runs.in_queue() == (0 if final else 1)


def test_faulty_file_that_two_runs_get_at_once_fails_one_of_them(runs: UploadRuns) -> None:
    event = runs.record("bad.csv", runs.put("bad.csv"))
    runs.announce(event)
    runs.announce(event)
    first, second = ([message] for message in runs.take_messages())
    received, late = runs.receive(first, "one"), runs.receive(second, "two")
    late["messages"][0]["busy_seconds"] = 0  # as if the lease ended just now
    with pytest.raises(FilesFailedError):
        runs.finish(received, [], "one", final=[0])
    runs.finish(late, [], "two")
    assert runs.receive(second, "three")["known"] == 1
    assert [row[:2] for row in runs.query(LEDGER)] == [("one", "failed"), ("two", "skipped")]
    assert runs.in_queue() == 0


def test_run_whose_sum_is_off_enters_nothing_and_keeps_its_messages(runs: UploadRuns) -> None:
    received = begin(runs, "one", "a.csv")
    off = result(0, counts={"read": 2, "delivered": 1})
    with pytest.raises(AccountingError, match="2 rows read, 1 accounted for"):
        runs.finish(received, [off], "one")
    assert runs.query(LEDGER) == []
    assert runs.states() == {"a.csv": "claimed"}
    assert runs.sent("one") == []
    assert runs.in_queue() == 1


def test_run_that_is_finished_twice_at_once_is_entered_and_sent_once(runs: UploadRuns) -> None:
    received = begin(runs, "one", "a.csv", "b.csv")
    results = [with_rejects(runs, 0, 4), with_rejects(runs, 1)]
    barrier = threading.Barrier(2)

    def finish(folder: Path) -> dict[str, Any]:
        folder.mkdir()
        barrier.wait(10)
        return replace(runs, folder=folder).finish(received, results, "one")

    with ThreadPoolExecutor(2) as threads:
        counts = list(threads.map(finish, [runs.folder / "first", runs.folder / "second"]))
    assert counts == [{"read": 7, "delivered": 6, "rejected": 1}] * 2
    assert runs.query(LEDGER) == [("one", "success", 7, 6, 1, 0)]
    assert runs.query("select line from ops.rejected_row") == [(4,)]
    assert runs.sent("one") == ["one success"]
    assert runs.in_queue() == 0


def test_rejects_that_are_not_what_was_handed_over_enter_nothing(runs: UploadRuns) -> None:
    received = begin(runs, "one", "a.csv")
    meddled = with_rejects(runs, 0, 4)
    stored = meddled["rejects"]
    assert stored is not None
    meddled["rejects"] = {**stored, "sha256": "0" * 64}
    with pytest.raises(ArchiveError):
        runs.finish(received, [meddled], "one")
    assert runs.query(LEDGER) == runs.query("select 1 from ops.outbox") == []
    assert runs.states() == {"a.csv": "claimed"}
    assert runs.in_queue() == 1


def test_writer_whose_file_was_taken_over_cannot_go_on(runs: UploadRuns) -> None:
    received = begin(runs, "one", "a.csv")
    with transaction(runs.connect, doing="fail") as cursor:
        file = received["files"][0]
        fail(cursor, PIPELINE, file, Run(dag_id=PIPELINE, run_id="one"), cause="lost")
    runs.receive_by_hand(("a.csv", None), run_id="two")
    with pytest.raises(ArrivalBusyError):
        runs.work(received, "one")

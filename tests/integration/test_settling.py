"""The end of an upload run: everything in one transaction, and only then the messages."""

from __future__ import annotations

import json
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from include.core import settling
from include.core.arrivals import fail
from include.core.postgres import transaction
from include.errors import AccountingError, ArchiveError, ArrivalBusyError, FilesFailedError
from tests.support.s3_messages import body
from tests.support.upload_runs import (
    PIPELINE,
    PREFIX,
    Shore,
    result,
)

FAILPOINTS = re.findall(r'failpoint\("([^"]+)"\)', Path(str(settling.__file__)).read_text())
LEDGER = "select run_id, status, read, delivered, rejected, superseded from ops.run order by run_id"


def land(shore: Shore, *names: str) -> None:
    """Files land, each with a message of its own."""
    for name in names:
        shore.announce(shore.record(name, shore.put(name)))


def begin(shore: Shore, run_id: str, *names: str) -> dict[str, Any]:
    """Files land, and a run has received them."""
    land(shore, *names)
    return shore.receive(shore.take_messages(), run_id)


def with_rejects(shore: Shore, index: int, *lines: int) -> dict[str, Any]:
    """The result of a file of three rows more than it has rejected ones."""
    rows = [
        {
            "file": f"file {index}",
            "version": "v",
            "line": line,
            "column_name": None,
            "code": "too_few_columns",
            "reason": "It is short.",
            "raw": "x",
        }
        for line in lines
    ]
    path = shore.folder / f"{index}.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    sha256 = shore.store.put_file(f"work/{index}.jsonl", path)
    counts = {"read": 3 + len(lines), "delivered": 3, "rejected": len(lines)}
    return result(
        index,
        counts=counts,
        rejects={"key": f"work/{index}.jsonl", "sha256": sha256},
        rejects_by_code={"too_few_columns": len(lines)},
    )


def test_run_that_went_well_is_in_ledger_registry_quarantine_and_outbox(shore: Shore) -> None:
    received = begin(shore, "one", "a.csv", "b.csv")
    results = [with_rejects(shore, 0, 4, 7), with_rejects(shore, 1, 5)]
    counts = shore.settle(received, results, "one")
    assert counts == {"read": 9, "delivered": 6, "rejected": 3}
    assert shore.query(LEDGER) == [("one", "success", 9, 6, 3, 0)]
    assert shore.states() == {"a.csv": "done", "b.csv": "done"}
    assert shore.query("select file, line from ops.rejected_row order by 1, 2") == [
        ("file 0", 4),
        ("file 0", 7),
        ("file 1", 5),
    ]
    ((details,),) = shore.query("select details from ops.run")
    assert [source["file"] for source in details["sources"]] == [PREFIX + "a.csv", PREFIX + "b.csv"]
    assert details["sources"][0]["rows_per_second"] == 6
    assert details["rejects_by_code"] == {"too_few_columns": 3}
    ((subject, text),) = shore.query("select subject, body from ops.outbox")
    assert subject == f"Sluice {PIPELINE}: 2 files, 6 rows delivered, 3 rejected"
    assert f"{PREFIX}a.csv (version {received['files'][0]['version_id']}): 5 read, 3" in text
    assert shore.sent("one") == ["one success"]
    assert shore.in_queue() == shore.in_queue(shore.dead_letters) == 0


def test_results_may_come_in_any_order(shore: Shore) -> None:
    received = begin(shore, "one", "a.csv", "b.csv")
    shore.settle(received, [result(1, delivered=2), result(0)], "one")
    query = "select key, counts -> 'counts' -> 'read' from ops.arrival order by key"
    assert shore.query(query) == [(PREFIX + "a.csv", 1), (PREFIX + "b.csv", 2)]


def test_file_without_rows_is_done(shore: Shore) -> None:
    received = begin(shore, "one", "empty.csv")
    empty = result(0, delivered=0, seconds=0.0)
    assert shore.settle(received, [empty], "one") == {}
    assert shore.query(LEDGER) == [("one", "success", 0, 0, 0, 0)]
    assert shore.states() == {"empty.csv": "done"}


def test_run_that_finds_all_files_known_is_skipped_and_its_messages_are_gone(shore: Shore) -> None:
    version = shore.put("a.csv")
    by_hand = shore.receive_by_hand(("a.csv", version), run_id="one")
    shore.settle(by_hand, shore.work(by_hand, "one"), "one")
    shore.announce(shore.record("a.csv", version))
    late = shore.receive(shore.take_messages(), "two")
    assert shore.settle(late, [], "two") == {}
    assert shore.query(LEDGER)[1] == ("two", "skipped", 0, 0, 0, 0)
    ((text,),) = shore.query("select body from ops.outbox where run_id = 'two'")
    assert "Announced, but processed already: 1 file" in text
    assert shore.sent("two") == ["two skipped", "one success"]
    assert shore.in_queue() == 0
    assert shore.states() == {"a.csv": "done"}


def test_one_of_three_files_fails_and_the_others_are_done(shore: Shore) -> None:
    received = begin(shore, "one", "a.csv", "bad.csv", "c.csv")
    results = shore.work(received, "one")
    with pytest.raises(FilesFailedError) as failed:
        shore.settle(received, results, "one")
    assert str(failed.value) == (
        "1 of 3 files failed. The others are done: 2 rows delivered. "
        f"{PREFIX}bad.csv: cause of file 1"
    )
    assert shore.query(LEDGER) == [("one", "failed", 2, 2, 0, 0)]
    ((details,),) = shore.query("select details from ops.run")
    assert details["failures"] == [
        {
            "file": PREFIX + "bad.csv",
            "version_id": received["files"][1]["version_id"],
            "cause": "cause of file 1",
        }
    ]
    assert shore.states() == {"a.csv": "done", "bad.csv": "failed", "c.csv": "done"}
    # The callback of the DAG tells of failures.
    assert shore.sent("one") == []
    assert shore.in_queue() == 1
    assert shore.take_messages() == []
    (again,) = shore.wait_for_messages()
    assert again["MessageId"] == received["messages"][1]["message_id"]


def test_message_goes_only_when_all_of_its_files_are_done(shore: Shore) -> None:
    shore.announce(*(shore.record(name, shore.put(name)) for name in ("a.csv", "bad.csv")))
    received = shore.receive(shore.take_messages(), "one")
    with pytest.raises(FilesFailedError):
        shore.settle(received, shore.work(received, "one"), "one", retry_seconds=0)
    (message,) = shore.take_messages()
    shore.put("bad.csv", "mended")
    mended = shore.receive([message], "two")
    assert [file["key"] for file in mended["files"]] == [PREFIX + "bad.csv"]
    shore.settle(mended, shore.work(mended, "two", bad="nothing"), "two")
    assert shore.states()["a.csv"] == "done"
    assert shore.in_queue() == 0


def test_many_failures_are_told_short(shore: Shore) -> None:
    received = begin(shore, "one", *(f"bad{number}.csv" for number in range(5)))
    with pytest.raises(FilesFailedError, match=r"^5 of 5 files failed\. .*; and 2 more$"):
        shore.settle(received, [], "one")


def test_file_that_failed_with_a_result_is_told_with_what_is_missing(shore: Shore) -> None:
    received = begin(shore, "one", "a.csv", "b.csv")
    short = result(0, cause="2 ids are missing", missing_ids=["7", "9"])
    with pytest.raises(FilesFailedError, match="2 ids are missing"):
        shore.settle(received, [short, result(1, cause="no more is known")], "one")
    ((details,),) = shore.query("select details from ops.run")
    assert [each.get("missing_ids") for each in details["failures"]] == [["7", "9"], None]
    assert shore.states() == {"a.csv": "failed", "b.csv": "failed"}
    assert shore.query(LEDGER) == [("one", "failed", 0, 0, 0, 0)]


def file_is_taken_over(shore: Shore) -> None:
    """A lease ends, another run does the file, and the first run comes to its end after all."""
    received = begin(shore, "one", "a.csv", "b.csv")
    results = shore.work(received, "one")
    shore.query("update ops.arrival set claimed_until = now() - interval '1 s' where key ~ 'a.csv'")
    other = shore.receive_by_hand(("a.csv", None), run_id="two")
    done = shore.settle(other, shore.work(other, "two"), "two")
    with pytest.raises(FilesFailedError, match=r"a\.csv: Another run has taken it over"):
        shore.settle(received, results, "one", retry_seconds=0)
    assert done == {"read": 1, "delivered": 1}
    assert shore.query("select key, run_id, state from ops.arrival order by key") == [
        (PREFIX + "a.csv", "two", "done"),
        (PREFIX + "b.csv", "one", "done"),
    ]
    assert [row[:3] for row in shore.query(LEDGER)] == [("one", "failed", 1), ("two", "success", 1)]
    (message,) = shore.take_messages()
    assert shore.receive([message], "three")["known"] == 1


def test_file_that_another_run_has_taken_over_is_named_and_stays_as_that_run_left_it(
    shore: Shore,
) -> None:
    file_is_taken_over(shore)


def test_file_that_is_taken_over_is_seen_when_the_guard_is_off(
    shore: Shore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("include.core.arrivals.finish", lambda *_, **__: True)
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        file_is_taken_over(shore)


def test_file_that_another_run_holds_keeps_its_message_until_the_lease_is_over(
    shore: Shore,
) -> None:
    version = shore.put("a.csv")
    shore.receive_by_hand(("a.csv", version), run_id="one")
    shore.announce(shore.record("a.csv", version))
    late = shore.receive(shore.take_messages(), "two")
    late["messages"][0]["busy_seconds"] = 1
    shore.settle(late, [], "two")
    assert shore.query(LEDGER) == [("two", "skipped", 0, 0, 0, 0)]
    assert shore.in_queue() == 1
    assert len(shore.wait_for_messages()) == 1


@pytest.mark.parametrize("failpoint", FAILPOINTS)
def test_crash_in_settle_and_its_rerun_are_as_one_run(shore: Shore, failpoint: str) -> None:
    received = begin(shore, "one", "a.csv", "b.csv")
    results = [with_rejects(shore, 0, 4), with_rejects(shore, 1)]
    shore.die_in_settle(failpoint, received, results, "one")
    committed = FAILPOINTS.index(failpoint) >= FAILPOINTS.index("settle.committed")
    assert len(shore.query(LEDGER)) == len(shore.query("select 1 from ops.outbox")) == committed
    assert set(shore.states().values()) == {"done" if committed else "claimed"}
    assert shore.in_queue() == (0 if failpoint == FAILPOINTS[-1] else 2)
    before = shore.written()
    shore.settle(received, results, "one")
    if committed:
        assert shore.written() == before
    assert shore.query(LEDGER) == [("one", "success", 7, 6, 1, 0)]
    assert shore.query("select file, line from ops.rejected_row") == [("file 0", 4)]
    assert shore.sent("one") == ["one success"]
    assert shore.in_queue() == 0


@pytest.mark.parametrize("failpoint", FAILPOINTS)
def test_crash_in_settle_of_a_failed_run_and_its_rerun_are_as_one_run(
    shore: Shore, failpoint: str
) -> None:
    received = begin(shore, "one", "a.csv", "bad.csv")
    results = shore.work(received, "one")
    shore.die_in_settle(failpoint, received, results, "one")
    with pytest.raises(FilesFailedError, match="1 of 2 files failed"):
        shore.settle(received, results, "one")
    assert shore.query(LEDGER) == [("one", "failed", 1, 1, 0, 0)]
    assert shore.states() == {"a.csv": "done", "bad.csv": "failed"}
    assert shore.sent("one") == []
    assert shore.in_queue() == 1


def test_run_that_is_done_again_changes_nothing_and_tells_nothing(shore: Shore) -> None:
    land(shore, "a.csv", "b.csv")
    messages = shore.take_messages()
    received = shore.receive(messages, "one")
    shore.settle(received, shore.work(received, "one"), "one")
    assert shore.sent("one") == ["one success"]
    before = shore.written()
    again = shore.receive(messages, "one")
    counts = shore.settle(again, shore.work(again, "one"), "one")
    assert counts == {"read": 2, "delivered": 2}
    shore.settle(received, shore.work(received, "one"), "one")
    assert shore.written() == before
    assert shore.sent("one") == []


def test_run_that_is_skipped_again_changes_nothing(shore: Shore) -> None:
    land(shore, "a.csv")
    messages = shore.take_messages()
    received = shore.receive(messages, "one")
    shore.settle(received, shore.work(received, "one"), "one")
    again = shore.receive(messages, "two")
    shore.settle(again, [], "two")
    assert shore.sent("two") == ["two skipped", "one success"]
    before = shore.written()
    shore.settle(again, [], "two")
    assert shore.written() == before
    assert shore.sent("two") == []


def test_run_of_messages_that_announce_nothing_deletes_them_without_a_word(shore: Shore) -> None:
    shore.send('{"Event": "s3:TestEvent"}')
    received = shore.receive(shore.take_messages(hidden=1), "one")
    assert shore.settle(received, [], "one") == {}
    assert shore.query(LEDGER) == []
    assert shore.sent("one") == []
    time.sleep(1.1)
    assert shore.take_messages() == []


def test_failed_run_that_is_cleared_ends_with_the_sums_of_all_its_files(shore: Shore) -> None:
    land(shore, "a.csv", "bad.csv", "c.csv")
    messages = shore.take_messages()
    received = shore.receive(messages, "one")
    results = [with_rejects(shore, 0, 4), with_rejects(shore, 2, 5)]
    with pytest.raises(FilesFailedError):
        shore.settle(received, results, "one")
    again = shore.receive(messages, "one")
    counts = shore.settle(again, shore.work(again, "one", bad="mended"), "one")
    assert counts == {"read": 9, "delivered": 7, "rejected": 2}
    assert shore.query(LEDGER) == [("one", "success", 9, 7, 2, 0)]
    assert shore.query("select line from ops.rejected_row order by 1") == [(4,), (5,)]
    assert set(shore.states().values()) == {"done"}
    assert shore.sent("one") == ["one success"]
    assert shore.in_queue() == 0


def test_poison_messages_and_nothing_else_end_among_the_dead_letters(shore: Shore) -> None:
    land(shore, "a.csv")
    poison = ["no event at all", body(shore.record("bad.csv", shore.put("bad.csv")))]
    for text in poison:
        shore.send(text)
    land(shore, "c.csv")
    for number in range(3):
        received = shore.receive(shore.take_messages(), f"run {number}")
        results = shore.work(received, f"run {number}")
        with pytest.raises(FilesFailedError, match="2 of "):
            shore.settle(received, results, f"run {number}", retry_seconds=0)
    assert shore.take_messages() == []
    assert shore.states() == {"a.csv": "done", "bad.csv": "failed", "c.csv": "done"}
    assert shore.in_queue() == 0
    letters = shore.sqs.receive_message(QueueUrl=shore.dead_letters, MaxNumberOfMessages=10)
    assert sorted(each["Body"] for each in letters["Messages"]) == sorted(poison)
    ((details,),) = shore.query("select details from ops.run where run_id = 'run 2'")
    assert [each["cause"] for each in details["failures"]] == [
        "The message is no event of S3",
        "cause of file 0",
    ]


def sum_is_off(shore: Shore) -> None:
    """A result does not add up: nothing is entered, and no message is let go."""
    received = begin(shore, "one", "a.csv")
    off = result(0, counts={"read": 2, "delivered": 1})
    with pytest.raises(AccountingError, match="2 rows read, 1 accounted for"):
        shore.settle(received, [off], "one")
    assert shore.query(LEDGER) == []
    assert shore.states() == {"a.csv": "claimed"}
    assert shore.sent("one") == []
    assert shore.in_queue() == 1


def test_run_whose_sum_is_off_enters_nothing_and_keeps_its_messages(shore: Shore) -> None:
    sum_is_off(shore)


def test_message_that_goes_before_the_commit_is_seen(
    shore: Shore, monkeypatch: pytest.MonkeyPatch
) -> None:
    enter = settling._enter

    def enter_and_let_go(cursor: Any, name: str, received: Any, *given: Any, **more: Any) -> Any:
        ended = enter(cursor, name, received, *given, **more)
        queue = settling.Queue(client=shore.sqs, url=shore.queue, retry_seconds=0)
        settling._let_go(received, ended, queue)
        return ended

    monkeypatch.setattr(settling, "_enter", enter_and_let_go)
    with pytest.raises(AssertionError):
        sum_is_off(shore)


def test_run_that_is_settled_twice_at_once_is_entered_and_told_of_once(shore: Shore) -> None:
    received = begin(shore, "one", "a.csv", "b.csv")
    results = [with_rejects(shore, 0, 4), with_rejects(shore, 1)]
    barrier = threading.Barrier(2)

    def settle(folder: Path) -> dict[str, Any]:
        folder.mkdir()
        barrier.wait(10)
        return replace(shore, folder=folder).settle(received, results, "one")

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
    meddled["rejects"]["sha256"] = "0" * 64
    with pytest.raises(ArchiveError):
        shore.settle(received, [meddled], "one")
    assert shore.query(LEDGER) == shore.query("select 1 from ops.outbox") == []
    assert shore.states() == {"a.csv": "claimed"}
    assert shore.in_queue() == 1


def test_message_that_somebody_else_has_received_since_does_no_harm(shore: Shore) -> None:
    land(shore, "a.csv", "bad.csv")
    first = shore.sqs.receive_message(
        QueueUrl=shore.queue, MaxNumberOfMessages=10, VisibilityTimeout=0
    )["Messages"]
    received = shore.receive(first, "one")
    others = shore.take_messages()
    with pytest.raises(FilesFailedError):
        shore.settle(received, shore.work(received, "one"), "one")
    late = shore.receive(others, "two")
    assert late["known"] == 1
    with pytest.raises(FilesFailedError):
        shore.settle(late, shore.work(late, "two"), "two")
    assert shore.in_queue() == 1


@pytest.mark.parametrize("number", [0, 1, 10, 11])
def test_messages_are_let_go_at_the_borders_of_a_batch(shore: Shore, number: int) -> None:
    version = shore.put("a.csv")
    for _ in range(number):
        shore.announce(shore.record("a.csv", version))
    received = shore.receive(shore.take_messages(), "one")
    assert len(received["messages"]) == number
    shore.settle(received, shore.work(received, "one"), "one")
    assert shore.in_queue() == 0


@pytest.mark.parametrize("number", [1, 10, 11])
def test_messages_come_back_at_the_borders_of_a_batch(shore: Shore, number: int) -> None:
    for _ in range(number):
        shore.announce(shore.record("gone.csv", "v1"))
    received = shore.receive(shore.take_messages(), "one")
    with pytest.raises(FilesFailedError):
        shore.settle(received, [], "one", retry_seconds=0)
    assert len(shore.take_messages()) == number


def test_writer_whose_file_was_taken_over_cannot_go_on(shore: Shore) -> None:
    received = begin(shore, "one", "a.csv")
    with transaction(shore.connect, doing="fail") as cursor:
        file = received["files"][0]
        fail(cursor, PIPELINE, file, dag_id=PIPELINE, run_id="one", cause="lost")
    shore.receive_by_hand(("a.csv", None), run_id="two")
    with pytest.raises(ArrivalBusyError):
        shore.work(received, "one")

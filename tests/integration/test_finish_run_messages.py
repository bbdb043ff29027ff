"""What becomes of the messages of an upload run: deleted when all their files are done."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from include.errors import FilesFailedError
from tests.support.finished_runs import LEDGER, land
from tests.support.s3_messages import body
from tests.support.upload_runs import PREFIX, UploadRuns, result

if TYPE_CHECKING:
    from include.core.arrivals.claim import ReceivedFile


def test_message_goes_only_when_all_of_its_files_are_done(runs: UploadRuns) -> None:
    runs.announce(*(runs.record(name, runs.put(name)) for name in ("a.csv", "bad.csv")))
    received = runs.receive(runs.take_messages(), "one")
    with pytest.raises(FilesFailedError):
        runs.finish(received, runs.work(received, "one"), "one", retry_seconds=0)
    (message,) = runs.take_messages()
    runs.put("bad.csv", "fixed")
    fixed = runs.receive([message], "two")
    assert [file["key"] for file in fixed["files"]] == [PREFIX + "bad.csv"]
    runs.finish(fixed, runs.work(fixed, "two", bad="nothing"), "two")
    assert runs.states()["a.csv"] == "done"
    assert runs.in_queue() == 0


def test_each_failed_file_is_reported_before_its_message_is_released_and_no_refused_one(
    runs: UploadRuns,
) -> None:
    land(runs, "a.csv", "bad.csv", "short.csv")
    runs.send("no event at all")
    received = runs.receive(runs.take_messages(), "one")
    short = result(2, cause="2 ids are missing")
    failed: list[tuple[str, str]] = []

    def note(file: ReceivedFile, cause: str) -> None:
        failed.append((file["key"].removeprefix(PREFIX), cause))
        assert runs.states()[failed[-1][0]] == "failed"
        assert (runs.in_queue(), runs.take_messages()) == (4, [])

    with pytest.raises(FilesFailedError, match="3 of 4 files failed"):
        runs.finish(received, [result(0), short], "one", retry_seconds=0, on_failed=note)
    assert failed == [("bad.csv", "cause of file 1"), ("short.csv", "2 ids are missing")]
    assert len(runs.take_messages()) == 3


def test_file_that_another_run_holds_keeps_its_message_until_the_lease_is_over(
    runs: UploadRuns,
) -> None:
    version = runs.put("a.csv")
    runs.receive_by_hand(("a.csv", version), run_id="one")
    runs.announce(runs.record("a.csv", version))
    late = runs.receive(runs.take_messages(), "two")
    late["messages"][0]["busy_seconds"] = 1
    runs.finish(late, [], "two")
    assert runs.query(LEDGER) == [("two", "skipped", 0, 0, 0, 0)]
    assert runs.in_queue() == 1
    assert len(runs.wait_for_messages()) == 1


def test_run_of_messages_that_name_no_file_deletes_them_and_enters_nothing(
    runs: UploadRuns,
) -> None:
    runs.send('{"Event": "s3:TestEvent"}')
    received = runs.receive(runs.take_messages(hidden=1), "one")
    assert runs.finish(received, [], "one") == {}
    assert runs.query(LEDGER) == []
    assert runs.sent("one") == []
    time.sleep(1.1)
    assert runs.take_messages() == []


def test_file_that_fails_for_good_fails_one_run_and_its_message_goes(runs: UploadRuns) -> None:
    """A faulty file fails one run; nothing but a person has it tried again."""
    land(runs, "a.csv", "bad.csv")
    event = runs.record("bad.csv", runs.file("bad.csv")["version_id"])
    received = runs.receive(runs.take_messages(), "one")
    results = runs.work(received, "one")
    with pytest.raises(FilesFailedError, match="1 of 2 files failed"):
        runs.finish(received, results, "one", final=[1], retry_seconds=0)
    assert runs.in_queue() == runs.in_queue(runs.dead_letters) == 0
    assert runs.states() == {"a.csv": "done", "bad.csv": "failed"}
    query = "select cause, final from ops.arrival where state = 'failed'"
    assert runs.query(query) == [("cause of file 1", True)]
    runs.announce(event)
    late = runs.receive(runs.take_messages(), "two")
    assert runs.finish(late, runs.work(late, "two"), "two") == {}
    assert [row[:2] for row in runs.query(LEDGER)] == [("one", "failed"), ("two", "skipped")]
    assert runs.in_queue() == 0
    by_sweep = runs.receive_by_hand(("bad.csv", None), run_id="s", again=False, found_by="sweep")
    assert (by_sweep["files"], by_sweep["known"]) == ([], 1)
    for again in (False, True):
        by_hand = runs.receive_by_hand(("bad.csv", None), run_id=f"hand {again}", again=again)
        assert [file["key"] for file in by_hand["files"]] == [PREFIX + "bad.csv"]
        with pytest.raises(FilesFailedError):
            runs.finish(by_hand, [], f"hand {again}", final=[0])


def test_message_of_a_faulty_file_and_an_unlucky_one_comes_again_for_the_unlucky_one_alone(
    runs: UploadRuns,
) -> None:
    files = ("bad faulty.csv", "bad luck.csv")
    runs.announce(*(runs.record(name, runs.put(name)) for name in files))
    received = runs.receive(runs.take_messages(), "one")
    with pytest.raises(FilesFailedError, match="2 of 2 files failed"):
        runs.finish(received, [], "one", final=[0], retry_seconds=0)
    again = runs.receive(runs.take_messages(), "two")
    assert [file["key"] for file in again["files"]] == [PREFIX + "bad luck.csv"]
    assert runs.query("select key, state, cause from ops.arrival order by key") == [
        (PREFIX + "bad faulty.csv", "failed", "cause of file 0"),
        (PREFIX + "bad luck.csv", "claimed", "cause of file 1"),
    ]
    runs.finish(again, runs.work(again, "two", bad="nothing"), "two")
    assert runs.in_queue() == 0
    assert runs.states() == {"bad faulty.csv": "failed", "bad luck.csv": "done"}


def test_poison_messages_and_nothing_else_end_among_the_dead_letters(runs: UploadRuns) -> None:
    land(runs, "a.csv")
    poison = ["no event at all", body(runs.record("bad.csv", runs.put("bad.csv")))]
    for text in poison:
        runs.send(text)
    land(runs, "c.csv")
    for number in range(3):
        received = runs.receive(runs.take_messages(), f"run {number}")
        results = runs.work(received, f"run {number}")
        with pytest.raises(FilesFailedError, match="2 of "):
            runs.finish(received, results, f"run {number}", retry_seconds=0)
    assert runs.take_messages() == []
    assert runs.states() == {"a.csv": "done", "bad.csv": "failed", "c.csv": "done"}
    assert runs.in_queue() == 0
    letters = runs.sqs.receive_message(QueueUrl=runs.dead_letters, MaxNumberOfMessages=10)
    assert sorted(each["Body"] for each in letters["Messages"]) == sorted(poison)
    ((details,),) = runs.query("select details from ops.run where run_id = 'run 2'")
    assert [each["cause"] for each in details["failures"]] == [
        "The message is no event of S3",
        "cause of file 0",
    ]


def test_message_that_somebody_else_has_received_since_does_no_harm(runs: UploadRuns) -> None:
    land(runs, "a.csv", "bad.csv")
    first = runs.sqs.receive_message(
        QueueUrl=runs.queue, MaxNumberOfMessages=10, VisibilityTimeout=0
    )["Messages"]
    received = runs.receive(first, "one")
    others = runs.take_messages()
    with pytest.raises(FilesFailedError):
        runs.finish(received, runs.work(received, "one"), "one")
    late = runs.receive(others, "two")
    assert late["known"] == 1
    with pytest.raises(FilesFailedError):
        runs.finish(late, runs.work(late, "two"), "two")
    assert runs.in_queue() == 1


@pytest.mark.parametrize("number", [0, 1, 10, 11])
def test_messages_are_deleted_at_the_borders_of_a_batch(runs: UploadRuns, number: int) -> None:
    version = runs.put("a.csv")
    for _ in range(number):
        runs.announce(runs.record("a.csv", version))
    received = runs.receive(runs.take_messages(), "one")
    assert len(received["messages"]) == number
    runs.finish(received, runs.work(received, "one"), "one")
    assert runs.in_queue() == 0


@pytest.mark.parametrize("number", [1, 10, 11])
def test_messages_come_back_at_the_borders_of_a_batch(runs: UploadRuns, number: int) -> None:
    version = runs.put("bad.csv")
    for _ in range(number):
        runs.announce(runs.record("bad.csv", version))
    received = runs.receive(runs.take_messages(), "one")
    with pytest.raises(FilesFailedError):
        runs.finish(received, [], "one", retry_seconds=0)
    assert len(runs.take_messages()) == number

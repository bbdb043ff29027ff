"""What becomes of the messages of an upload run: deleted when all their files are done."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from include.errors import FilesFailedError
from tests.support.s3_messages import body
from tests.support.settled import LEDGER, land
from tests.support.upload_runs import PREFIX, Shore, result

if TYPE_CHECKING:
    from include.core.arrivals.claim import ReceivedFile


def test_message_goes_only_when_all_of_its_files_are_done(shore: Shore) -> None:
    shore.announce(*(shore.record(name, shore.put(name)) for name in ("a.csv", "bad.csv")))
    received = shore.receive(shore.take_messages(), "one")
    with pytest.raises(FilesFailedError):
        shore.finish(received, shore.work(received, "one"), "one", retry_seconds=0)
    (message,) = shore.take_messages()
    shore.put("bad.csv", "mended")
    mended = shore.receive([message], "two")
    assert [file["key"] for file in mended["files"]] == [PREFIX + "bad.csv"]
    shore.finish(mended, shore.work(mended, "two", bad="nothing"), "two")
    assert shore.states()["a.csv"] == "done"
    assert shore.in_queue() == 0


def test_each_file_that_failed_is_told_of_before_its_message_is_let_go_and_no_refused_one(
    shore: Shore,
) -> None:
    land(shore, "a.csv", "bad.csv", "short.csv")
    shore.send("no event at all")
    received = shore.receive(shore.take_messages(), "one")
    short = result(2, cause="2 ids are missing")
    told: list[tuple[str, str]] = []

    def note(file: ReceivedFile, cause: str) -> None:
        told.append((file["key"].removeprefix(PREFIX), cause))
        assert shore.states()[told[-1][0]] == "failed"
        assert (shore.in_queue(), shore.take_messages()) == (4, [])

    with pytest.raises(FilesFailedError, match="3 of 4 files failed"):
        shore.finish(received, [result(0), short], "one", retry_seconds=0, on_failed=note)
    assert told == [("bad.csv", "cause of file 1"), ("short.csv", "2 ids are missing")]
    assert len(shore.take_messages()) == 3


def test_file_that_another_run_holds_keeps_its_message_until_the_lease_is_over(
    shore: Shore,
) -> None:
    version = shore.put("a.csv")
    shore.receive_by_hand(("a.csv", version), run_id="one")
    shore.announce(shore.record("a.csv", version))
    late = shore.receive(shore.take_messages(), "two")
    late["messages"][0]["busy_seconds"] = 1
    shore.finish(late, [], "two")
    assert shore.query(LEDGER) == [("two", "skipped", 0, 0, 0, 0)]
    assert shore.in_queue() == 1
    assert len(shore.wait_for_messages()) == 1


def test_run_of_messages_that_announce_nothing_deletes_them_without_a_word(shore: Shore) -> None:
    shore.send('{"Event": "s3:TestEvent"}')
    received = shore.receive(shore.take_messages(hidden=1), "one")
    assert shore.finish(received, [], "one") == {}
    assert shore.query(LEDGER) == []
    assert shore.sent("one") == []
    time.sleep(1.1)
    assert shore.take_messages() == []


def test_file_that_fails_for_good_fails_one_run_and_its_message_goes(shore: Shore) -> None:
    """A faulty file fails one run; nothing but a person has it tried again."""
    land(shore, "a.csv", "bad.csv")
    event = shore.record("bad.csv", shore.file("bad.csv")["version_id"])
    received = shore.receive(shore.take_messages(), "one")
    results = shore.work(received, "one")
    with pytest.raises(FilesFailedError, match="1 of 2 files failed"):
        shore.finish(received, results, "one", final=[1], retry_seconds=0)
    assert shore.in_queue() == shore.in_queue(shore.dead_letters) == 0
    assert shore.states() == {"a.csv": "done", "bad.csv": "failed"}
    shown = "select cause, final from ops.arrival where state = 'failed'"
    assert shore.query(shown) == [("cause of file 1", True)]
    shore.announce(event)
    late = shore.receive(shore.take_messages(), "two")
    assert shore.finish(late, shore.work(late, "two"), "two") == {}
    assert [row[:2] for row in shore.query(LEDGER)] == [("one", "failed"), ("two", "skipped")]
    assert shore.in_queue() == 0
    by_sweep = shore.receive_by_hand(("bad.csv", None), run_id="s", again=False, found_by="sweep")
    assert (by_sweep["files"], by_sweep["known"]) == ([], 1)
    for again in (False, True):
        by_hand = shore.receive_by_hand(("bad.csv", None), run_id=f"hand {again}", again=again)
        assert [file["key"] for file in by_hand["files"]] == [PREFIX + "bad.csv"]
        with pytest.raises(FilesFailedError):
            shore.finish(by_hand, [], f"hand {again}", final=[0])


def test_message_of_a_faulty_file_and_an_unlucky_one_comes_again_for_the_unlucky_one_alone(
    shore: Shore,
) -> None:
    files = ("bad faulty.csv", "bad luck.csv")
    shore.announce(*(shore.record(name, shore.put(name)) for name in files))
    received = shore.receive(shore.take_messages(), "one")
    with pytest.raises(FilesFailedError, match="2 of 2 files failed"):
        shore.finish(received, [], "one", final=[0], retry_seconds=0)
    again = shore.receive(shore.take_messages(), "two")
    assert [file["key"] for file in again["files"]] == [PREFIX + "bad luck.csv"]
    assert shore.query("select key, state, cause from ops.arrival order by key") == [
        (PREFIX + "bad faulty.csv", "failed", "cause of file 0"),
        (PREFIX + "bad luck.csv", "claimed", "cause of file 1"),
    ]
    shore.finish(again, shore.work(again, "two", bad="nothing"), "two")
    assert shore.in_queue() == 0
    assert shore.states() == {"bad faulty.csv": "failed", "bad luck.csv": "done"}


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
            shore.finish(received, results, f"run {number}", retry_seconds=0)
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


def test_message_that_somebody_else_has_received_since_does_no_harm(shore: Shore) -> None:
    land(shore, "a.csv", "bad.csv")
    first = shore.sqs.receive_message(
        QueueUrl=shore.queue, MaxNumberOfMessages=10, VisibilityTimeout=0
    )["Messages"]
    received = shore.receive(first, "one")
    others = shore.take_messages()
    with pytest.raises(FilesFailedError):
        shore.finish(received, shore.work(received, "one"), "one")
    late = shore.receive(others, "two")
    assert late["known"] == 1
    with pytest.raises(FilesFailedError):
        shore.finish(late, shore.work(late, "two"), "two")
    assert shore.in_queue() == 1


@pytest.mark.parametrize("number", [0, 1, 10, 11])
def test_messages_are_let_go_at_the_borders_of_a_batch(shore: Shore, number: int) -> None:
    version = shore.put("a.csv")
    for _ in range(number):
        shore.announce(shore.record("a.csv", version))
    received = shore.receive(shore.take_messages(), "one")
    assert len(received["messages"]) == number
    shore.finish(received, shore.work(received, "one"), "one")
    assert shore.in_queue() == 0


@pytest.mark.parametrize("number", [1, 10, 11])
def test_messages_come_back_at_the_borders_of_a_batch(shore: Shore, number: int) -> None:
    version = shore.put("bad.csv")
    for _ in range(number):
        shore.announce(shore.record("bad.csv", version))
    received = shore.receive(shore.take_messages(), "one")
    with pytest.raises(FilesFailedError):
        shore.finish(received, [], "one", retry_seconds=0)
    assert len(shore.take_messages()) == number

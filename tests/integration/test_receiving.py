"""What a run works on: each version once, whatever the messages say and how often."""

from __future__ import annotations

import itertools
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from include.core import receiving
from include.core.receiving import newest_below
from include.core.s3_events import Announced, read_event
from include.errors import ArrivalError, FilesFailedError
from tests.support.s3_messages import body, in_envelope, record
from tests.support.upload_runs import PREFIX, Shore

if TYPE_CHECKING:
    from collections.abc import Callable


_numbers = itertools.count()


def message(*records: Any, text: str | None = None) -> dict[str, Any]:
    """A message as a run gets it."""
    number = next(_numbers)
    written = body(*records) if text is None else text
    return {"MessageId": f"m{number}", "ReceiptHandle": f"r{number}", "Body": written}


def names(received: dict[str, Any]) -> list[tuple[str, str]]:
    return [(f["key"].removeprefix(PREFIX), f["version_id"]) for f in received["files"]]


def test_file_is_claimed_with_what_its_tasks_need(shore: Shore) -> None:
    version = shore.put("a.csv")
    told = message(shore.record("a.csv", version))
    received = shore.receive([told], "one")
    expected = shore.file("a.csv") | {"index": 0, "token": 1, "sequencer": "0055AED6DCD90281E5"}
    assert received["files"] == [expected]
    assert received["messages"] == [
        {
            "message_id": told["MessageId"],
            "receipt": told["ReceiptHandle"],
            "files": [0],
            "failed": False,
            "busy_seconds": 0,
        }
    ]
    assert shore.states() == {"a.csv": "claimed"}


def test_nothing_to_receive_is_nothing_to_do(shore: Shore) -> None:
    received = shore.receive([], "one")
    assert not any(received.values())


@pytest.mark.parametrize("name", ["a%2Bb+c d.csv", "été \U0001f600.csv", "2026/11/a.csv.gz"])
def test_event_that_s3_itself_sends_leads_to_the_file(shore: Shore, name: str) -> None:
    found = shore.sqs.get_queue_attributes(QueueUrl=shore.queue, AttributeNames=["QueueArn"])
    told = {"QueueArn": found["Attributes"]["QueueArn"], "Events": ["s3:ObjectCreated:*"]}
    shore.s3.put_bucket_notification_configuration(
        Bucket=shore.bucket, NotificationConfiguration={"QueueConfigurations": [told]}
    )
    version = shore.put(name)
    deadline = time.monotonic() + 10
    messages: list[dict[str, Any]] = []
    while time.monotonic() < deadline and not any(read_event(m["Body"]) for m in messages):
        messages += shore.take_messages()
    assert names(shore.receive(messages, "one")) == [(name, version)]


def test_same_message_five_times_in_one_run_is_one(shore: Shore) -> None:
    told = message(shore.record("a.csv", shore.put("a.csv")))
    late = told | {"ReceiptHandle": "the newest"}
    received = shore.receive([*[told] * 4, late], "one")
    assert len(received["files"]) == 1
    assert [each["receipt"] for each in received["messages"]] == ["the newest"]


def test_five_messages_of_one_event_share_the_file(shore: Shore) -> None:
    told = [message(shore.record("a.csv", shore.put("a.csv")))]
    told += [message(text=told[0]["Body"]) for _ in range(4)]
    received = shore.receive(told, "one")
    assert len(received["files"]) == 1
    assert [each["files"] for each in received["messages"]] == [[0]] * 5


def test_messages_in_the_envelope_and_bare_that_name_one_version_share_the_file(
    shore: Shore,
) -> None:
    event = body(shore.record("a.csv", shore.put("a.csv")))
    unversioned = body(shore.record("a.csv"))
    told = [message(text=text) for text in (event, in_envelope(event), unversioned)]
    received = shore.receive(told, "one")
    assert [each["files"] for each in received["messages"]] == [[0]] * 3


def test_same_event_in_five_runs_is_worked_on_by_the_first(shore: Shore) -> None:
    event = shore.record("a.csv", shore.put("a.csv"))
    received = shore.receive([message(event)], "one")
    for run_id in ("two", "three"):
        waits = shore.receive([message(event)], run_id)
        assert (waits["files"], waits["busy"], waits["known"]) == ([], 1, 0)
        assert 3590 <= waits["messages"][0]["busy_seconds"] <= 3600
    shore.settle(received, shore.work(received, "one"), "one")
    for run_id in ("four", "five"):
        late = shore.receive([message(event)], run_id)
        assert (late["files"], late["busy"], late["known"]) == ([], 0, 1)
        assert late["messages"][0]["busy_seconds"] == 0
        assert not late["messages"][0]["failed"]


def test_run_that_is_cleared_gets_back_what_it_held_and_what_it_has_done(shore: Shore) -> None:
    told = [message(shore.record(name, shore.put(name))) for name in ("a.csv", "bad.csv")]
    first = shore.receive(told, "one")
    assert [file["token"] for file in first["files"]] == [1, 1]
    with pytest.raises(FilesFailedError, match="1 of 2 files failed"):
        shore.settle(first, shore.work(first, "one"), "one")
    again = shore.receive(told, "one")
    assert names(again) == names(first)
    assert [file["order"] for file in again["files"]] == [file["order"] for file in first["files"]]
    assert (again["known"], again["busy"]) == (0, 0)
    assert shore.states() == {"a.csv": "done", "bad.csv": "claimed"}


def test_records_of_one_message_are_claimed_each(shore: Shore) -> None:
    records = [shore.record(name, shore.put(name)) for name in ("a.csv", "b.csv", "c.csv")]
    removed = record(shore.bucket, PREFIX + "old.csv", name="ObjectRemoved:Delete")
    marker = record(shore.bucket, PREFIX + "dir/")
    received = shore.receive([message(*records, removed, marker)], "one")
    assert [name for name, _ in names(received)] == ["a.csv", "b.csv", "c.csv"]
    assert received["messages"][0]["files"] == [0, 1, 2]
    assert received["failures"] == []


def test_test_event_is_a_message_without_a_file(shore: Shore) -> None:
    test = message(text=json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent"}))
    received = shore.receive([test], "one")
    assert (received["files"], received["failures"]) == ([], [])
    assert received["messages"][0]["files"] == []
    assert not received["messages"][0]["failed"]


def test_events_of_four_versions_in_any_order_claim_each_once_in_order_of_upload(
    shore: Shore,
) -> None:
    versions = [shore.put("a.csv", str(number)) for number in range(4)]
    told = [message(shore.record("a.csv", version)) for version in versions]
    for number, order in enumerate(itertools.permutations(told)):
        shore.query("truncate ops.arrival")
        received = shore.receive(order, f"run {number}")
        by_age = sorted(received["files"], key=lambda file: str(file["order"]))
        assert [file["version_id"] for file in by_age] == versions
        assert shore.states() == {"a.csv": ", ".join(["claimed"] * 4)}


def test_overwritten_version_and_the_newer_one_are_both_claimed(shore: Shore) -> None:
    old = shore.put("a.csv", "old")
    told = [message(shore.record("a.csv", old))]
    new = shore.put("a.csv", "newer")
    told.append(message(shore.record("a.csv", new)))
    received = shore.receive(told, "one")
    assert names(received) == [("a.csv", old), ("a.csv", new)]
    assert [file["size"] for file in received["files"]] == [3, 5]


def test_deleted_object_fails_its_message_alone(shore: Shore) -> None:
    gone = message(shore.record("gone.csv", shore.put("gone.csv")))
    shore.delete("gone.csv")
    good = message(shore.record("a.csv", shore.put("a.csv")))
    received = shore.receive([gone, good], "one")
    assert [name for name, _ in names(received)] == ["a.csv"]
    assert [each["failed"] for each in received["messages"]] == [True, False]
    assert received["failures"][0]["file"] == PREFIX + "gone.csv"
    assert "was deleted after it arrived" in received["failures"][0]["cause"]
    assert shore.states() == {"a.csv": "claimed"}


def test_message_with_a_good_and_a_missing_object_is_failed_and_the_good_one_claimed(
    shore: Shore,
) -> None:
    told = message(shore.record("a.csv", shore.put("a.csv")), shore.record("none.csv", "v1"))
    received = shore.receive([told], "one")
    assert [name for name, _ in names(received)] == ["a.csv"]
    assert received["messages"][0]["failed"]


def strangers_write_to_the_queue(shore: Shore) -> None:
    """Forged messages around a good one: they fail alone, and nothing that they name is read."""
    shore.s3.create_bucket(Bucket=f"{shore.bucket}-other")
    shore.s3.put_object(Bucket=f"{shore.bucket}-other", Key=PREFIX + "x.csv", Body=b"x")
    shore.s3.put_object(Bucket=shore.bucket, Key="uploads/dynamodb/x.csv", Body=b"x")
    odd: Any = shore.record("a.csv", shore.put("a.csv"))
    odd["s3"]["object"]["sequencer"] = {"$ne": None}
    forged = [
        message(text="hello"),
        message(text="[" * 100_000),
        message(text=in_envelope("7")),
        message(record(f"{shore.bucket}-other", PREFIX + "x.csv")),
        message(record(shore.bucket, "uploads/dynamodb/x.csv")),
        message(record(shore.bucket, "uploads/sqs/../dynamodb/x.csv")),
        message(shore.record("no-such.csv")),
        message(shore.record("a.csv", "no-such-version")),
        message(odd),
    ]
    good = message(shore.record("good.csv", shore.put("good.csv")))
    received = shore.receive([*forged[:5], good, *forged[5:]], "one")
    assert [name for name, _ in names(received)] == ["good.csv"]
    assert [each["failed"] for each in received["messages"]] == [True] * 5 + [False] + [True] * 4
    assert len(received["failures"]) == len(forged)
    assert all(each["file"].isprintable() for each in received["failures"])
    assert all(each["cause"].isprintable() for each in received["failures"])
    assert shore.states() == {"good.csv": "claimed"}


def test_forged_messages_fail_alone(shore: Shore) -> None:
    strangers_write_to_the_queue(shore)


@pytest.mark.parametrize("name", ["check_place", "look_up"])
def test_forged_messages_are_seen_when_the_guard_is_off(
    shore: Shore, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def believe(_: Any, bucket: str, key: str, version: str | None, **__: Any) -> dict[str, Any]:
        told = {"bucket": bucket, "key": key, "version_id": version or "null", "etag": "e"}
        return told | {"size": 1, "stored_at": "2026-11-21T06:00:00+00:00", "order": "o"}

    off: dict[str, Callable[..., Any]] = {
        "check_place": lambda *_, **__: None,
        "look_up": believe,
    }
    monkeypatch.setattr(receiving, name, off[name])
    with pytest.raises(AssertionError):
        strangers_write_to_the_queue(shore)


def test_key_that_the_registry_cannot_hold_fails_its_message_alone(shore: Shore) -> None:
    told = [message(shore.record(name)) for name in ("nul\0.csv", "a.csv")]
    shore.put("a.csv")
    received = shore.receive(told, "one")
    assert [each["failed"] for each in received["messages"]] == [True, False]
    assert received["failures"][0]["file"] == r"'uploads/sqs/nul\x00.csv'"


@pytest.mark.parametrize(
    "name", ["notes.txt", "a//b.csv", "../x.csv", "line\nbreak.csv", "UPPER.CSV"]
)
def test_file_with_an_impossible_name_is_entered_as_failed_so_that_it_is_known(
    shore: Shore, name: str
) -> None:
    told = message(shore.record(name, shore.put(name)))
    received = shore.receive([told], "one")
    assert received["files"] == []
    assert received["messages"][0]["failed"]
    assert "Rename the file" in received["failures"][0]["cause"]
    assert shore.states() == {name: "failed"}
    assert shore.query("select cause, run_id from ops.arrival") == [
        (received["failures"][0]["cause"], "one")
    ]
    assert shore.receive([told], "two")["messages"][0]["failed"]


def test_files_beyond_what_a_run_takes_are_left_to_a_later_one(
    shore: Shore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiving, "MOST_FILES", 2)
    told = [message(shore.record(name, shore.put(name))) for name in ("a.csv", "b.csv", "c.csv")]
    two = message(*(shore.record(name) for name in ("b.csv", "d.csv")))
    shore.put("d.csv")
    first = shore.receive([*told, two], "one")
    assert [name for name, _ in names(first)] == ["a.csv", "b.csv"]
    assert first["left"] == 3
    assert [each["busy_seconds"] for each in first["messages"]] == [0, 0, 1, 1]
    assert shore.states() == {"a.csv": "claimed", "b.csv": "claimed"}
    second = shore.receive([told[2], two], "two")
    assert [name for name, _ in names(second)] == ["c.csv", "d.csv"]
    assert (second["left"], second["busy"]) == (0, 1)


@pytest.mark.parametrize(("number", "left"), [(0, 0), (1, 0), (2, 0), (3, 1)])
def test_limit_of_a_run_is_held_at_its_border(
    shore: Shore, monkeypatch: pytest.MonkeyPatch, number: int, left: int
) -> None:
    monkeypatch.setattr(receiving, "MOST_FILES", 2)
    files = [f"{each}.csv" for each in range(number)]
    told = [message(shore.record(name, shore.put(name))) for name in files]
    received = shore.receive(told, "one")
    assert (len(received["files"]), received["left"]) == (number - left, left)


def test_of_runs_that_get_the_same_messages_at_once_one_gets_each_file(shore: Shore) -> None:
    files = [f"{number}.csv" for number in range(4)]
    told = [message(shore.record(name, shore.put(name))) for name in files]
    barrier = threading.Barrier(4)

    def run(number: int) -> dict[str, Any]:
        barrier.wait(10)
        return shore.receive(told, f"run {number}")

    with ThreadPoolExecutor(4) as threads:
        received = list(threads.map(run, range(4)))
    claimed = [name for each in received for name, _ in names(each)]
    assert sorted(claimed) == files
    assert sum(each["busy"] for each in received) == 12


def test_by_hand_a_deleted_version_is_taken_and_one_that_is_done_is_done_again(
    shore: Shore,
) -> None:
    version = shore.put("a.csv")
    received = shore.receive_by_hand(("a.csv", None), run_id="one")
    shore.settle(received, shore.work(received, "one"), "one")
    shore.delete("a.csv")
    again = shore.receive_by_hand(("a.csv", version), run_id="two")
    assert names(again) == [("a.csv", version)]
    assert again["messages"] == []
    assert shore.query("select found_by, state, run_id, attempts from ops.arrival") == [
        ("hand", "claimed", "two", 2)
    ]
    nothing = shore.receive_by_hand(("a.csv", None), run_id="three")
    assert "was deleted" in nothing["failures"][0]["cause"]


def test_sweep_takes_what_is_not_done_and_no_deleted_version(shore: Shore) -> None:
    done, missed, gone = (shore.put(f"{name}.csv") for name in ("done", "missed", "gone"))
    received = shore.receive_by_hand(("done.csv", done), run_id="one")
    shore.settle(received, shore.work(received, "one"), "one")
    shore.delete("gone.csv")
    files = (("done.csv", done), ("missed.csv", missed), ("gone.csv", gone))
    swept = shore.receive_by_hand(*files, run_id="two", again=False, found_by="sweep")
    assert names(swept) == [("missed.csv", missed)]
    assert swept["known"] == 1
    assert [each["file"] for each in swept["failures"]] == [PREFIX + "gone.csv"]


def test_prefix_by_hand_means_the_newest_version_of_each_file_below_it(shore: Shore) -> None:
    shore.put("in/")
    shore.put("in/a.csv")
    newest = [("in/a.csv", shore.put("in/a.csv")), ("in/b.csv", shore.put("in/b.csv"))]
    shore.put("in/gone.csv")
    shore.delete("in/gone.csv")
    shore.put("other.csv")
    assert newest_below(shore.landing, PREFIX + "in/") == [
        Announced(bucket=shore.bucket, key=PREFIX + name, version_id=version)
        for name, version in newest
    ]


@pytest.mark.parametrize(
    ("prefix", "message"),
    [
        ("uploads/dynamodb/", "outside of uploads/sqs/"),
        ("uploads/", "outside of uploads/sqs/"),
        ("", "outside of uploads/sqs/"),
        (PREFIX + "none/", "nothing is there"),
        (PREFIX, "3 files are there, and a run takes 2. Give a longer prefix"),
    ],
)
def test_prefix_with_nothing_or_too_much_below_it_is_refused(
    shore: Shore, monkeypatch: pytest.MonkeyPatch, prefix: str, message: str
) -> None:
    monkeypatch.setattr(receiving, "MOST_FILES", 2)
    for name in ("a.csv", "b.csv", "c.csv"):
        shore.put(name)
    with pytest.raises(ArrivalError, match=message):
        newest_below(shore.landing, prefix)

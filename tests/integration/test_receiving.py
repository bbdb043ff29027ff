"""What a run works on: each version once, whatever the messages say and how often."""

from __future__ import annotations

import itertools
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from include.core.arrivals import claim
from include.core.arrivals.events import read_event
from include.errors import FilesFailedError
from tests.support.received import message, names
from tests.support.s3_messages import body, in_envelope, record
from tests.support.upload_runs import PREFIX, Shore


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
            "again": False,
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
    shore.finish(received, shore.work(received, "one"), "one")
    for run_id in ("four", "five"):
        late = shore.receive([message(event)], run_id)
        assert (late["files"], late["busy"], late["known"]) == ([], 0, 1)
        assert late["messages"][0]["busy_seconds"] == 0
        assert not late["messages"][0]["again"]


def test_run_that_is_cleared_gets_back_what_it_held_and_what_it_has_done(shore: Shore) -> None:
    told = [message(shore.record(name, shore.put(name))) for name in ("a.csv", "bad.csv")]
    first = shore.receive(told, "one")
    assert [file["token"] for file in first["files"]] == [1, 1]
    with pytest.raises(FilesFailedError, match="1 of 2 files failed"):
        shore.finish(first, shore.work(first, "one"), "one")
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
    assert not received["messages"][0]["again"]


def test_events_of_four_versions_in_any_order_claim_each_once_in_order_of_upload(
    shore: Shore, shared_warehouse_uri: str
) -> None:
    owner = replace(shore, warehouse_uri=shared_warehouse_uri)
    versions = [shore.put("a.csv", str(number)) for number in range(4)]
    told = [message(shore.record("a.csv", version)) for version in versions]
    for number, order in enumerate(itertools.permutations(told)):
        owner.query("truncate ops.arrival")
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


def test_files_beyond_what_a_run_takes_are_left_to_a_later_one(
    shore: Shore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claim, "MOST_FILES", 2)
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
    monkeypatch.setattr(claim, "MOST_FILES", 2)
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

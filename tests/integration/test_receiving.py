"""What a run works on: each version once, however the messages name it and how often."""

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
from tests.support.claimed_files import message, names
from tests.support.s3_messages import body, in_envelope, record
from tests.support.upload_runs import PREFIX, UploadRuns


def test_file_is_claimed_with_what_its_tasks_need(runs: UploadRuns) -> None:
    version = runs.put("a.csv")
    sent = message(runs.record("a.csv", version))
    received = runs.receive([sent], "one")
    expected = runs.file("a.csv") | {"index": 0, "token": 1, "sequencer": "0055AED6DCD90281E5"}
    assert received["files"] == [expected]
    assert received["messages"] == [
        {
            "message_id": sent["MessageId"],
            "receipt": sent["ReceiptHandle"],
            "files": [0],
            "again": False,
            "busy_seconds": 0,
        }
    ]
    assert runs.states() == {"a.csv": "claimed"}


def test_nothing_to_receive_is_nothing_to_do(runs: UploadRuns) -> None:
    received = runs.receive([], "one")
    assert not any(received.values())


@pytest.mark.parametrize("name", ["a%2Bb+c d.csv", "été \U0001f600.csv", "2026/11/a.csv.gz"])
def test_event_that_s3_itself_sends_leads_to_the_file(runs: UploadRuns, name: str) -> None:
    found = runs.sqs.get_queue_attributes(QueueUrl=runs.queue, AttributeNames=["QueueArn"])
    sent = {"QueueArn": found["Attributes"]["QueueArn"], "Events": ["s3:ObjectCreated:*"]}
    runs.s3.put_bucket_notification_configuration(
        Bucket=runs.bucket, NotificationConfiguration={"QueueConfigurations": [sent]}
    )
    version = runs.put(name)
    deadline = time.monotonic() + 10
    messages: list[dict[str, Any]] = []
    while time.monotonic() < deadline and not any(read_event(m["Body"]) for m in messages):
        messages += runs.take_messages()
    assert names(runs.receive(messages, "one")) == [(name, version)]


def test_same_message_five_times_in_one_run_is_one(runs: UploadRuns) -> None:
    sent = message(runs.record("a.csv", runs.put("a.csv")))
    late = sent | {"ReceiptHandle": "the newest"}
    received = runs.receive([*[sent] * 4, late], "one")
    assert len(received["files"]) == 1
    assert [each["receipt"] for each in received["messages"]] == ["the newest"]


def test_five_messages_of_one_event_share_the_file(runs: UploadRuns) -> None:
    sent = [message(runs.record("a.csv", runs.put("a.csv")))]
    sent += [message(text=sent[0]["Body"]) for _ in range(4)]
    received = runs.receive(sent, "one")
    assert len(received["files"]) == 1
    assert [each["files"] for each in received["messages"]] == [[0]] * 5


def test_messages_in_the_envelope_and_bare_that_name_one_version_share_the_file(
    runs: UploadRuns,
) -> None:
    event = body(runs.record("a.csv", runs.put("a.csv")))
    unversioned = body(runs.record("a.csv"))
    sent = [message(text=text) for text in (event, in_envelope(event), unversioned)]
    received = runs.receive(sent, "one")
    assert [each["files"] for each in received["messages"]] == [[0]] * 3


def test_same_event_in_five_runs_is_worked_on_by_the_first(runs: UploadRuns) -> None:
    event = runs.record("a.csv", runs.put("a.csv"))
    received = runs.receive([message(event)], "one")
    for run_id in ("two", "three"):
        waits = runs.receive([message(event)], run_id)
        assert (waits["files"], waits["busy"], waits["known"]) == ([], 1, 0)
        assert 3590 <= waits["messages"][0]["busy_seconds"] <= 3600
    runs.finish(received, runs.work(received, "one"), "one")
    for run_id in ("four", "five"):
        late = runs.receive([message(event)], run_id)
        assert (late["files"], late["busy"], late["known"]) == ([], 0, 1)
        assert late["messages"][0]["busy_seconds"] == 0
        assert not late["messages"][0]["again"]


def test_run_that_is_cleared_gets_back_what_it_held_and_what_it_has_done(runs: UploadRuns) -> None:
    sent = [message(runs.record(name, runs.put(name))) for name in ("a.csv", "bad.csv")]
    first = runs.receive(sent, "one")
    assert [file["token"] for file in first["files"]] == [1, 1]
    with pytest.raises(FilesFailedError, match="1 of 2 files failed"):
        runs.finish(first, runs.work(first, "one"), "one")
    again = runs.receive(sent, "one")
    assert names(again) == names(first)
    assert [file["order"] for file in again["files"]] == [file["order"] for file in first["files"]]
    assert (again["known"], again["busy"]) == (0, 0)
    assert runs.states() == {"a.csv": "done", "bad.csv": "claimed"}


def test_records_of_one_message_are_claimed_each(runs: UploadRuns) -> None:
    records = [runs.record(name, runs.put(name)) for name in ("a.csv", "b.csv", "c.csv")]
    removed = record(runs.bucket, PREFIX + "old.csv", name="ObjectRemoved:Delete")
    marker = record(runs.bucket, PREFIX + "dir/")
    received = runs.receive([message(*records, removed, marker)], "one")
    assert [name for name, _ in names(received)] == ["a.csv", "b.csv", "c.csv"]
    assert received["messages"][0]["files"] == [0, 1, 2]
    assert received["failures"] == []


def test_test_event_is_a_message_without_a_file(runs: UploadRuns) -> None:
    test = message(text=json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent"}))
    received = runs.receive([test], "one")
    assert (received["files"], received["failures"]) == ([], [])
    assert received["messages"][0]["files"] == []
    assert not received["messages"][0]["again"]


def test_events_of_four_versions_in_any_order_claim_each_once_in_order_of_upload(
    runs: UploadRuns, shared_warehouse_uri: str
) -> None:
    owner = replace(runs, warehouse_uri=shared_warehouse_uri)
    versions = [runs.put("a.csv", str(number)) for number in range(4)]
    sent = [message(runs.record("a.csv", version)) for version in versions]
    for number, order in enumerate(itertools.permutations(sent)):
        owner.query("truncate ops.arrival, ops.arrival_progress")
        received = runs.receive(order, f"run {number}")
        by_age = sorted(received["files"], key=lambda file: str(file["order"]))
        assert [file["version_id"] for file in by_age] == versions
        assert runs.states() == {"a.csv": ", ".join(["claimed"] * 4)}


def test_overwritten_version_and_the_newer_one_are_both_claimed(runs: UploadRuns) -> None:
    old = runs.put("a.csv", "old")
    sent = [message(runs.record("a.csv", old))]
    new = runs.put("a.csv", "newer")
    sent.append(message(runs.record("a.csv", new)))
    received = runs.receive(sent, "one")
    assert names(received) == [("a.csv", old), ("a.csv", new)]
    assert [file["size"] for file in received["files"]] == [3, 5]


def test_files_beyond_what_a_run_takes_are_left_to_a_later_one(
    runs: UploadRuns, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claim, "MOST_FILES", 2)
    sent = [message(runs.record(name, runs.put(name))) for name in ("a.csv", "b.csv", "c.csv")]
    two = message(*(runs.record(name) for name in ("b.csv", "d.csv")))
    runs.put("d.csv")
    first = runs.receive([*sent, two], "one")
    assert [name for name, _ in names(first)] == ["a.csv", "b.csv"]
    assert first["left"] == 3
    assert [each["busy_seconds"] for each in first["messages"]] == [0, 0, 1, 1]
    assert runs.states() == {"a.csv": "claimed", "b.csv": "claimed"}
    second = runs.receive([sent[2], two], "two")
    assert [name for name, _ in names(second)] == ["c.csv", "d.csv"]
    assert (second["left"], second["busy"]) == (0, 1)


@pytest.mark.parametrize(("number", "left"), [(0, 0), (1, 0), (2, 0), (3, 1)])
def test_limit_of_a_run_is_held_at_its_border(
    runs: UploadRuns, monkeypatch: pytest.MonkeyPatch, number: int, left: int
) -> None:
    monkeypatch.setattr(claim, "MOST_FILES", 2)
    files = [f"{each}.csv" for each in range(number)]
    sent = [message(runs.record(name, runs.put(name))) for name in files]
    received = runs.receive(sent, "one")
    assert (len(received["files"]), received["left"]) == (number - left, left)


def test_of_runs_that_get_the_same_messages_at_once_one_gets_each_file(runs: UploadRuns) -> None:
    files = [f"{number}.csv" for number in range(4)]
    sent = [message(runs.record(name, runs.put(name))) for name in files]
    barrier = threading.Barrier(4)

    def run(number: int) -> dict[str, Any]:
        barrier.wait(10)
        return runs.receive(sent, f"run {number}")

    with ThreadPoolExecutor(4) as threads:
        received = list(threads.map(run, range(4)))
    claimed = [name for each in received for name, _ in names(each)]
    assert sorted(claimed) == files
    assert sum(each["busy"] for each in received) == 12

"""Messages and files that a run refuses: each alone, and none is forgotten."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.received import message, names
from tests.support.s3_messages import in_envelope, record
from tests.support.upload_runs import PREFIX, Shore


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


def test_forged_messages_fail_alone(shore: Shore) -> None:
    """Nothing that they name is read."""
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


def test_key_that_the_registry_cannot_hold_fails_its_message_alone(shore: Shore) -> None:
    told = [message(shore.record(name)) for name in ("nul\0.csv", "a.csv")]
    shore.put("a.csv")
    received = shore.receive(told, "one")
    assert [each["failed"] for each in received["messages"]] == [True, False]
    assert received["failures"][0]["file"] == r"'uploads/sqs/nul\x00.csv'"


@pytest.mark.parametrize(
    "name", ["notes.txt", "a//b.csv", "../x.csv", "line\nbreak.csv", "a.csv.zip"]
)
def test_file_with_an_impossible_name_is_entered_as_failed_so_that_it_is_known(
    shore: Shore, name: str
) -> None:
    told = message(shore.record(name, shore.put(name)))
    received = shore.receive([told], "one")
    assert received["files"] == []
    assert received["messages"][0]["failed"]
    assert "Upload the file again" in received["failures"][0]["cause"]
    assert shore.states() == {name: "failed"}
    assert shore.query("select cause, run_id from ops.arrival") == [
        (received["failures"][0]["cause"], "one")
    ]
    assert shore.receive([told], "two")["messages"][0]["failed"]

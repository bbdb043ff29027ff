"""Messages and files that a run refuses: each alone, and none is forgotten."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from include.core.arrivals.claim import claim_messages
from include.core.runs.run import Run
from tests.support.claimed_files import message, names
from tests.support.s3_messages import in_envelope, record
from tests.support.upload_runs import PIPELINE, PREFIX, UploadRuns, as_json


def test_deleted_object_fails_its_message_alone(runs: UploadRuns) -> None:
    gone = message(runs.record("gone.csv", runs.put("gone.csv")))
    runs.delete("gone.csv")
    good = message(runs.record("a.csv", runs.put("a.csv")))
    received = runs.receive([gone, good], "one")
    assert [name for name, _ in names(received)] == ["a.csv"]
    assert [each["again"] for each in received["messages"]] == [False, False]
    (failure,) = received["failures"]
    assert failure["file"] == PREFIX + "gone.csv"
    assert failure["cause"].startswith("It was deleted after it arrived. Upload it again")
    assert runs.states() == {"gone.csv": "failed", "a.csv": "claimed"}
    entered = "select cause, final from ops.arrival where state = 'failed'"
    assert runs.query(entered) == [(failure["cause"], True)]
    late = runs.receive([gone], "two")
    assert (late["known"], late["failures"]) == (1, [])


def test_message_with_a_good_and_a_missing_object_is_failed_and_the_good_one_claimed(
    runs: UploadRuns,
) -> None:
    sent = message(runs.record("a.csv", runs.put("a.csv")), runs.record("none.csv", "v1"))
    received = runs.receive([sent], "one")
    assert [name for name, _ in names(received)] == ["a.csv"]
    assert not received["messages"][0]["again"]


def test_forged_messages_fail_alone(runs: UploadRuns) -> None:
    """Nothing that they name is read."""
    runs.s3.create_bucket(Bucket=f"{runs.bucket}-other")
    runs.s3.put_object(Bucket=f"{runs.bucket}-other", Key=PREFIX + "x.csv", Body=b"x")
    runs.s3.put_object(Bucket=runs.bucket, Key="uploads/dynamodb/x.csv", Body=b"x")
    odd: Any = runs.record("a.csv", runs.put("a.csv"))
    odd["s3"]["object"]["sequencer"] = {"$ne": None}
    forged = [
        message(text="hello"),
        message(text="[" * 100_000),
        message(text=in_envelope("7")),
        message(record(f"{runs.bucket}-other", PREFIX + "x.csv")),
        message(record(runs.bucket, "uploads/dynamodb/x.csv")),
        message(record(runs.bucket, "uploads/sqs/../dynamodb/x.csv")),
        message(runs.record("no-such.csv")),
        message(runs.record("a.csv", "no-such-version")),
        message(odd),
    ]
    good = message(runs.record("good.csv", runs.put("good.csv")))
    received = runs.receive([*forged[:5], good, *forged[5:]], "one")
    assert [name for name, _ in names(received)] == ["good.csv"]
    # What is no event at all names no file that could be entered anywhere.
    unreadable = [True] * 3 + [False] * 6 + [True]
    assert [each["again"] for each in received["messages"]] == unreadable
    assert len(received["failures"]) == len(forged)
    assert all(each["file"].isprintable() for each in received["failures"])
    assert all(each["cause"].isprintable() for each in received["failures"])
    assert runs.states() == {"good.csv": "claimed"}


def test_key_that_the_registry_cannot_hold_fails_its_message_alone(runs: UploadRuns) -> None:
    sent = [message(runs.record(name)) for name in ("nul\0.csv", "a.csv")]
    runs.put("a.csv")
    received = runs.receive(sent, "one")
    assert [each["again"] for each in received["messages"]] == [False, False]
    assert len(received["failures"]) == 1
    assert received["failures"][0]["file"] == r"'uploads/sqs/nul\x00.csv'"


@pytest.mark.parametrize(
    "name", ["notes.txt", "a//b.csv", "../x.csv", "line\nbreak.csv", "a.csv.zip"]
)
def test_file_with_an_impossible_name_is_entered_as_failed_so_that_it_is_known(
    runs: UploadRuns, name: str
) -> None:
    sent = message(runs.record(name, runs.put(name)))
    received = runs.receive([sent], "one")
    assert received["files"] == []
    assert not received["messages"][0]["again"]
    assert "Upload the file again" in received["failures"][0]["cause"]
    assert runs.states() == {name: "failed"}
    assert runs.query("select cause, run_id from ops.arrival") == [
        (received["failures"][0]["cause"], "one")
    ]
    late = runs.receive([sent], "two")
    assert (late["known"], late["failures"], late["messages"][0]["again"]) == (1, [], False)


class Refusing:
    """A client of S3 that answers calls about some keys with an error.

    Arguments:
        s3: the client.
        refused: code and HTTP status of the answer about each key.
    """

    def __init__(self, s3: Any, refused: dict[str, tuple[str, int]]) -> None:
        self._s3, self._refused = s3, refused
        self.calls = 0

    def list_object_versions(self, **asked: Any) -> Any:
        self.calls += 1
        if asked["Prefix"] in self._refused:
            code, status = self._refused[asked["Prefix"]]
            answer: Any = {
                "Error": {"Code": code},
                "ResponseMetadata": {"HTTPStatusCode": status},
            }
            raise ClientError(answer, "ListObjectVersions")
        return self._s3.list_object_versions(**asked)

    def head_object(self, **asked: Any) -> Any:
        self.calls += 1
        return self._s3.head_object(**asked)


def receive_through(runs: UploadRuns, client: Any, messages: list[Any]) -> dict[str, Any]:
    landing = replace(runs.landing, client=client)
    run = Run(dag_id=PIPELINE, run_id="one")
    return as_json(claim_messages(landing, messages, run, connect=runs.connect))


@pytest.mark.parametrize(
    ("code", "status", "again"),
    [
        ("SlowDown", 503, True),
        ("InternalError", 500, True),
        ("Throttling", 400, True),
        ("AccessDenied", 403, False),
        ("InvalidRequest", 400, False),
    ],
)
def test_file_that_s3_does_not_look_up_fails_alone_and_comes_again_if_that_may_help(
    runs: UploadRuns, code: str, status: int, again: Any
) -> None:
    names_of = ("a.csv", "odd.csv", "z.csv")
    sent = [message(runs.record(name, runs.put(name))) for name in names_of]
    refusing = Refusing(runs.s3, {PREFIX + "odd.csv": (code, status)})
    received = receive_through(runs, refusing, sent)
    assert [name for name, _ in names(received)] == ["a.csv", "z.csv"]
    assert [each["again"] for each in received["messages"]] == [False, again, False]
    cause = f"AWS answered {code} to ListObjectVersions"
    assert received["failures"] == [{"file": PREFIX + "odd.csv", "cause": cause}]


def test_receive_is_tried_again_when_s3_looks_up_nothing_at_all(runs: UploadRuns) -> None:
    sent = [message(runs.record(name, runs.put(name))) for name in ("a.csv", "b.csv")]
    refusing = Refusing(runs.s3, {PREFIX + name: ("SlowDown", 503) for name in ("a.csv", "b.csv")})
    with pytest.raises(ClientError, match="SlowDown"):
        receive_through(runs, refusing, sent)
    assert runs.states() == {}


def test_same_record_many_times_is_looked_up_once(runs: UploadRuns) -> None:
    sent = message(*[runs.record("a.csv", runs.put("a.csv"))] * 3000)
    counting = Refusing(runs.s3, {})
    received = receive_through(runs, counting, [sent])
    assert (len(received["files"]), counting.calls) == (1, 1)
    assert set(received["messages"][0]["files"]) == {0}


def test_same_record_of_nothing_many_times_is_one_failure(runs: UploadRuns) -> None:
    sent = message(*[runs.record("none.csv", "v1")] * 3000)
    counting = Refusing(runs.s3, {})
    received = receive_through(runs, counting, [sent])
    assert (len(received["failures"]), counting.calls) == (1, 1)

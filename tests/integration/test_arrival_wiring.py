"""What happens in the emulator, which runs the committed template, when a file lands."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Aws

PIPELINES = [("uploads/sqs/", "CsvUploadToSqs"), ("uploads/dynamodb/", "CsvUploadToDynamodb")]
QUEUES = [
    f"{outputs}{queue}" for _, outputs in PIPELINES for queue in ("QueueUrl", "DeadLetterQueueUrl")
]


@pytest.fixture(autouse=True)
def empty_queues(aws: Aws) -> Iterator[None]:
    """Other tests may use the queues before and after."""
    sqs = aws.client("sqs")
    for queue in (*QUEUES, "ObserverQueueUrl"):
        sqs.purge_queue(QueueUrl=aws.outputs[queue])
    yield
    for queue in (*QUEUES, "ObserverQueueUrl"):
        sqs.purge_queue(QueueUrl=aws.outputs[queue])


def land(aws: Aws, key: str) -> str:
    """Put a file; returns its version."""
    bucket = aws.outputs["LandingBucket"]
    answer = aws.client("s3").put_object(Bucket=bucket, Key=key, Body=b"id\n1\n")
    return str(answer["VersionId"])


def receive(aws: Aws, output: str, *, hidden_seconds: int = 60) -> list[dict[str, Any]]:
    """Wait a few seconds for messages of a queue."""
    answer = aws.client("sqs").receive_message(
        QueueUrl=aws.outputs[output],
        AttributeNames=["All"],
        MaxNumberOfMessages=10,
        VisibilityTimeout=hidden_seconds,
        WaitTimeSeconds=5,
    )
    return list(answer.get("Messages", []))


def landed(aws: Aws, output: str, until: str) -> list[tuple[str, str]]:
    """Give key and version of each file that a queue names, until it names the last one.

    Events of files that land one after the other may overtake each other, but not by seconds.
    """
    found: list[tuple[str, str]] = []
    deadline = time.monotonic() + 10
    while until not in [key for key, _ in found] and time.monotonic() < deadline:
        for message in receive(aws, output):
            records = json.loads(message["Body"])["Records"]
            assert {record["s3"]["bucket"]["name"] for record in records} == {
                aws.outputs["LandingBucket"]
            }
            found += [(r["s3"]["object"]["key"], r["s3"]["object"]["versionId"]) for r in records]
    return sorted(found)


@pytest.mark.parametrize(("prefix", "outputs"), PIPELINES)
def test_csv_files_below_a_prefix_reach_its_queue_and_nothing_else_does(
    aws: Aws, prefix: str, outputs: str
) -> None:
    (other,) = (given for given, _ in PIPELINES if given != prefix)
    for key in (f"{prefix}a.txt", f"{prefix}a.csv.zip", f"{other}a.csv", "exports/a.csv", "a.csv"):
        land(aws, key)
    names = ("UPPER.CSV", "a.CSV.GZ", "a.CSV.gz", "a.csv", "a.csv.GZ", "deep/er.csv.gz", "z.csv")
    expected = [(f"{prefix}{name}", land(aws, f"{prefix}{name}")) for name in names]
    assert landed(aws, f"{outputs}QueueUrl", f"{prefix}z.csv") == expected


@pytest.mark.parametrize(("prefix", "outputs"), PIPELINES)
def test_message_that_was_received_three_times_goes_to_the_dead_letter_queue(
    aws: Aws, prefix: str, outputs: str
) -> None:
    land(aws, f"{prefix}poison.csv")
    received = [receive(aws, f"{outputs}QueueUrl", hidden_seconds=0) for _ in range(3)]
    assert [[m["Attributes"]["ApproximateReceiveCount"] for m in lap] for lap in received] == [
        ["1"],
        ["2"],
        ["3"],
    ]
    sqs = aws.client("sqs")
    again = sqs.receive_message(QueueUrl=aws.outputs[f"{outputs}QueueUrl"])
    assert "Messages" not in again
    (dead,) = receive(aws, f"{outputs}DeadLetterQueueUrl")
    assert dead["Body"] == received[0][0]["Body"]


@pytest.mark.parametrize(("prefix", "outputs"), PIPELINES)
def test_received_message_stays_hidden_for_an_hour_unless_asked_otherwise(
    aws: Aws, prefix: str, outputs: str
) -> None:
    land(aws, f"{prefix}a.csv")
    sqs, queue = aws.client("sqs"), aws.outputs[f"{outputs}QueueUrl"]
    (message,) = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=5)["Messages"]
    attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["VisibilityTimeout"])
    assert attributes["Attributes"] == {"VisibilityTimeout": "3600"}
    assert "Messages" not in sqs.receive_message(QueueUrl=queue)
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])


def test_events_of_the_pipeline_reach_the_observer_queue_and_other_events_do_not(aws: Aws) -> None:
    names = ["extracted", "transformed", "loaded", "rejected", "failed"]
    own = [("sluice.csv_upload_to_dynamodb", name) for name in names]
    answer = aws.client("events").put_events(
        Entries=[
            {
                "EventBusName": aws.outputs["EventsBus"],
                "Source": source,
                "DetailType": name,
                "Detail": json.dumps({"chunk": 1}),
            }
            for source, name in [("somebody.else", "loaded"), *own]
        ]
    )
    assert answer["FailedEntryCount"] == 0
    seen: list[str] = []
    while len(seen) < len(names) and (messages := receive(aws, "ObserverQueueUrl")):
        seen += [json.loads(message["Body"])["detail-type"] for message in messages]
    assert sorted(seen) == sorted(names)

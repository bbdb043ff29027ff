"""What the emulator, which runs the committed template, does when an alarm starts and ends.

It has no metrics of queues and streams of its own, and lets an alarm watch a metric whatever its
dimensions: states are set by hand here, and when they would change is tried in tests/unit.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from infra.local.aws import STACK_NAME

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Aws

ENDINGS = [
    "changes_stream-lag",
    "changes_stream-refused-writes",
    "csv_upload_to_dynamodb-dead-letters",
    "csv_upload_to_dynamodb-oldest-message",
    "csv_upload_to_sqs-dead-letters",
    "csv_upload_to_sqs-oldest-message",
    "json_queue-dead-letters",
    "json_queue-oldest-message",
    "observer_queue-dead-letters",
    "table_export_to_kinesis-dead-letters",
    "table_export_to_kinesis-oldest-message",
]


@pytest.fixture
def told(aws: Aws) -> Iterator[str]:
    """URL of a queue that is subscribed to the alerts topic for as long as a test takes.

    The laptop's own subscriber gets the same, and has to be empty for the tests after this one.
    """
    sqs, sns = aws.client("sqs"), aws.client("sns")
    queue = str(sqs.create_queue(QueueName="told-of-alarms")["QueueUrl"])
    wanted = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    arn = wanted["Attributes"]["QueueArn"]
    topic = aws.outputs["AlertsTopicArn"]
    subscribed = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    yield queue
    sns.unsubscribe(SubscriptionArn=subscribed["SubscriptionArn"])
    sqs.delete_queue(QueueUrl=queue)
    sqs.purge_queue(QueueUrl=aws.notices_queue)


def receive(aws: Aws, queue: str) -> list[dict[str, Any]]:
    """Take what a subscriber gets within seconds: subject, and what the alarm says."""
    sqs, found = aws.client("sqs"), []
    while messages := sqs.receive_message(
        QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1
    ).get("Messages"):
        for message in messages:
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
            notice = json.loads(message["Body"])
            found.append({"Subject": notice["Subject"], **json.loads(notice["Message"])})
    return found


def set_state(aws: Aws, name: str, state: str) -> None:
    aws.client("cloudwatch").set_alarm_state(
        AlarmName=name, StateValue=state, StateReason="to see whether it arrives"
    )


def test_cloudformation_makes_every_alarm_under_a_name_that_says_what_it_watches(aws: Aws) -> None:
    answer = aws.client("cloudwatch").describe_alarms(AlarmNamePrefix=f"{STACK_NAME}-")
    assert [alarm["AlarmName"] for alarm in answer["MetricAlarms"]] == [
        f"{STACK_NAME}-{ending}" for ending in ENDINGS
    ]


@pytest.mark.parametrize(
    ("ending", "output"),
    [
        ("csv_upload_to_sqs-dead-letters", "CsvUploadToSqsDeadLetterQueueUrl"),
        ("csv_upload_to_dynamodb-oldest-message", "CsvUploadToDynamodbQueueUrl"),
        ("json_queue-dead-letters", "JsonDeadLetterQueueUrl"),
        ("observer_queue-dead-letters", "ObserverDeadLetterQueueUrl"),
    ],
)
def test_alarm_watches_a_queue_that_is_there(aws: Aws, ending: str, output: str) -> None:
    answer = aws.client("cloudwatch").describe_alarms(AlarmNames=[f"{STACK_NAME}-{ending}"])
    (alarm,) = answer["MetricAlarms"]
    (dimension,) = alarm["Dimensions"]
    assert dimension["Name"] == "QueueName"
    assert aws.outputs[output].endswith(f"/{dimension['Value']}")


@pytest.mark.parametrize("ending", ENDINGS)
def test_subscriber_is_told_once_that_an_alarm_starts_and_once_that_it_is_over(
    aws: Aws, told: str, ending: str
) -> None:
    name = f"{STACK_NAME}-{ending}"
    set_state(aws, name, "ALARM")
    set_state(aws, name, "ALARM")
    set_state(aws, name, "OK")
    notices = receive(aws, told)
    assert sorted((n["AlarmName"], n["NewStateValue"]) for n in notices) == [
        (name, "ALARM"),
        (name, "OK"),
    ]
    for notice in notices:
        assert name in notice["Subject"]
        assert "docs/monitoring.md#" in notice["AlarmDescription"]

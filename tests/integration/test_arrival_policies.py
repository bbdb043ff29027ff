"""What the policies of the template let pass in an emulator that enforces them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError

from infra.local import aws
from infra.local.layout import Layout
from infra.local.processes.warden import guarded_group
from tests.support.guarded_aws import start_guarded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Call = Callable[["Guarded"], Any]

EVENT = {"Source": "sluice.csv_upload_to_dynamodb", "DetailType": "loaded", "Detail": "{}"}


@dataclass(frozen=True, kw_only=True)
class Guarded:
    """An emulator that enforces policies.

    Attributes:
        emulator: it; its clients may do everything.
        outputs: of the stack.
        keys: access key of a user with the policy of the execution role.
        upload: Bucket, Key and VersionId of a file that has landed.
    """

    emulator: aws.Emulator
    outputs: dict[str, str]
    keys: dict[str, str]
    upload: dict[str, str]

    def dags(self, service: Any) -> Any:
        """Give a client that may do what the DAGs may."""
        return boto3.client(
            service,
            endpoint_url=self.emulator.endpoint,
            region_name=aws.REGION,
            aws_access_key_id=self.keys["AccessKeyId"],
            aws_secret_access_key=self.keys["SecretAccessKey"],
        )


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    layout = Layout(tmp_path_factory.mktemp("guarded"))
    with guarded_group(layout.root) as group:
        emulator, outputs = start_guarded(group, layout)
        iam = emulator.client("iam")
        iam.create_user(UserName="dags")
        iam.attach_user_policy(UserName="dags", PolicyArn=outputs["PipelinesPolicyArn"])
        keys = iam.create_access_key(UserName="dags")["AccessKey"]
        upload = {"Bucket": outputs["LandingBucket"], "Key": "uploads/sqs/a.csv"}
        put = emulator.client("s3").put_object(**upload, Body=b"id\n1\n")
        upload["VersionId"] = put["VersionId"]
        yield Guarded(emulator=emulator, outputs=outputs, keys=keys, upload=upload)


def topic_of_arrivals(guarded: Guarded) -> str:
    s3 = guarded.emulator.client("s3")
    told = s3.get_bucket_notification_configuration(Bucket=guarded.outputs["LandingBucket"])
    return str(told["TopicConfigurations"][0]["TopicArn"])


def received(guarded: Guarded, output: str) -> list[str]:
    answer = guarded.emulator.client("sqs").receive_message(
        QueueUrl=guarded.outputs[output], MaxNumberOfMessages=10, WaitTimeSeconds=5
    )
    return [message["Body"] for message in answer.get("Messages", [])]


def test_file_arrives_where_only_what_policies_allow_passes(guarded: Guarded) -> None:
    bodies = received(guarded, "CsvUploadToSqsQueueUrl")
    keys = [r["s3"]["object"]["key"] for b in bodies for r in json.loads(b).get("Records", [])]
    assert keys == ["uploads/sqs/a.csv"]


def test_event_reaches_the_observer_where_only_what_policies_allow_passes(
    guarded: Guarded,
) -> None:
    bus = guarded.outputs["EventsBus"]
    guarded.emulator.client("events").put_events(Entries=[{**EVENT, "EventBusName": bus}])
    (body,) = received(guarded, "ObserverQueueUrl")
    assert json.loads(body)["detail-type"] == "loaded"


def test_no_other_bucket_of_the_account_can_tell_of_arrivals(guarded: Guarded) -> None:
    s3 = guarded.emulator.client("s3")
    s3.create_bucket(Bucket="somebody-elses")
    told = {"TopicArn": topic_of_arrivals(guarded), "Events": ["s3:ObjectCreated:*"]}
    with pytest.raises(ClientError, match="Unable to validate the following destination"):
        s3.put_bucket_notification_configuration(
            Bucket="somebody-elses", NotificationConfiguration={"TopicConfigurations": [told]}
        )


def landed(guarded: Guarded, key: str = "uploads/sqs/a.csv") -> dict[str, str]:
    return {"Bucket": guarded.outputs["LandingBucket"], "Key": key}


def test_dags_are_told_that_a_version_or_a_file_of_theirs_is_not_there(guarded: Guarded) -> None:
    s3, other = guarded.dags("s3"), "00000000-0000-0000-0000-000000000000"
    with pytest.raises(ClientError, match="NoSuchVersion"):
        s3.get_object(**guarded.upload | {"VersionId": other})
    with pytest.raises(ClientError, match="404"):
        s3.head_object(Bucket=guarded.outputs["LakeBucket"], Key="raw/none")


# One line a right; batches of messages and statements are left out, for the emulator asks for
# actions there that IAM does not have, and events for the condition on their source.
ALLOWED: dict[str, Call] = {
    "read a version of an upload": lambda g: g.dags("s3").get_object(**g.upload),
    "list versions of uploads": lambda g: g.dags("s3").list_object_versions(
        Bucket=g.outputs["LandingBucket"], Prefix="uploads/sqs/"
    ),
    "put a file of its own": lambda g: g.dags("s3").put_object(
        Bucket=g.outputs["LakeBucket"], Key="work/a", Body=b""
    ),
    "take an arrival": lambda g: g.dags("sqs").receive_message(
        QueueUrl=g.outputs["CsvUploadToDynamodbQueueUrl"]
    ),
    "send a row": lambda g: g.dags("sqs").send_message(
        QueueUrl=g.outputs["JsonQueueUrl"], MessageBody="{}"
    ),
    "look up items": lambda g: g.dags("dynamodb").batch_get_item(
        RequestItems={g.outputs["ItemsTable"]: {"Keys": [{"id": {"S": "1"}}]}}
    ),
    "send a notice": lambda g: g.dags("sns").publish(
        TopicArn=g.outputs["AlertsTopicArn"], Message="told"
    ),
}
REFUSED: dict[str, Call] = {
    "read an upload whatever its version": lambda g: g.dags("s3").get_object(**landed(g)),
    "put an upload": lambda g: g.dags("s3").put_object(**landed(g), Body=b""),
    "delete an upload": lambda g: g.dags("s3").delete_object(**landed(g)),
    "read another file": lambda g: g.dags("s3").get_object(**landed(g, "elsewhere/a.csv")),
    "read a file that was delivered": lambda g: g.dags("s3").get_object(
        Bucket=g.outputs["LakeBucket"], Key="json/a"
    ),
    "list versions of other files": lambda g: g.dags("s3").list_object_versions(
        Bucket=g.outputs["LandingBucket"], Prefix="elsewhere/"
    ),
    "put a file elsewhere": lambda g: g.dags("s3").put_object(
        Bucket=g.outputs["LakeBucket"], Key="elsewhere/a", Body=b""
    ),
    "delete a file of its own": lambda g: g.dags("s3").delete_object(
        Bucket=g.outputs["LakeBucket"], Key="raw/a"
    ),
    "take a dead letter": lambda g: g.dags("sqs").receive_message(
        QueueUrl=g.outputs["CsvUploadToSqsDeadLetterQueueUrl"]
    ),
    "forge an arrival": lambda g: g.dags("sqs").send_message(
        QueueUrl=g.outputs["CsvUploadToSqsQueueUrl"], MessageBody="{}"
    ),
    "tell of an arrival": lambda g: g.dags("sns").publish(
        TopicArn=topic_of_arrivals(g), Message="{}"
    ),
    "take a row": lambda g: g.dags("sqs").receive_message(QueueUrl=g.outputs["JsonQueueUrl"]),
    "read the whole table": lambda g: g.dags("dynamodb").scan(TableName=g.outputs["ItemsTable"]),
    "put an item unconditionally": lambda g: g.dags("dynamodb").put_item(
        TableName=g.outputs["ItemsTable"], Item={"id": {"S": "1"}}
    ),
}


@pytest.mark.parametrize("right", ALLOWED)
def test_dags_may(guarded: Guarded, right: str) -> None:
    ALLOWED[right](guarded)


@pytest.mark.parametrize("right", REFUSED)
def test_dags_may_not(guarded: Guarded, right: str) -> None:
    with pytest.raises(ClientError, match="not authorized to perform"):
        REFUSED[right](guarded)

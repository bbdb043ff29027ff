"""What CloudFormation of the emulator makes of the pipelines' template, changes and takes away."""

from __future__ import annotations

import copy
import itertools
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from infra.local.aws import emulated

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import Aws

_numbers = itertools.count()

# The call that fails unless what an output names is there, by how the output's name ends.
FOUND_BY = {
    "Bucket": ("s3", "head_bucket", "Bucket"),
    "Bus": ("events", "describe_event_bus", "Name"),
    "Database": ("glue", "get_database", "Name"),
    "PolicyArn": ("iam", "get_policy", "PolicyArn"),
    "QueueUrl": ("sqs", "get_queue_attributes", "QueueUrl"),
    "Stream": ("kinesis", "describe_stream_summary", "StreamName"),
    "Table": ("dynamodb", "describe_table", "TableName"),
    "TopicArn": ("sns", "get_topic_attributes", "TopicArn"),
    "Workgroup": ("athena", "get_work_group", "WorkGroup"),
}
# What goes with a bucket or a queue, and is listed nowhere.
POLICIES = {"AWS::S3::BucketPolicy", "AWS::SQS::QueuePolicy"}
# Calls that list all there is of a kind, where they put it, and what names one; None: itself.
LISTS = [
    ("athena", "list_work_groups", "WorkGroups", "Name"),
    ("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
    ("dynamodb", "list_tables", "TableNames", None),
    ("events", "list_event_buses", "EventBuses", "Name"),
    ("glue", "get_databases", "DatabaseList", "Name"),
    ("iam", "list_policies", "Policies", "Arn"),
    ("kinesis", "list_streams", "StreamNames", None),
    ("s3", "list_buckets", "Buckets", "Name"),
    ("sns", "list_subscriptions", "Subscriptions", "SubscriptionArn"),
    ("sns", "list_topics", "Topics", "TopicArn"),
    ("sqs", "list_queues", "QueueUrls", None),
]


class Made:
    """A stack that is there.

    Attributes:
        name: its name.
        template: what it was made of.
    """

    def __init__(self, aws: Aws, name: str, template: dict[str, Any]) -> None:
        self._aws = aws
        self._cloudformation = aws.client("cloudformation")
        self.name = name
        self.template = template
        self._carry_out("create", template)

    @property
    def outputs(self) -> dict[str, str]:
        (stack,) = self._cloudformation.describe_stacks(StackName=self.name)["Stacks"]
        return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}

    def resources(self) -> dict[str, str]:
        """Physical ids by logical ids."""
        answer = self._cloudformation.describe_stack_resources(StackName=self.name)
        return {r["LogicalResourceId"]: r["PhysicalResourceId"] for r in answer["StackResources"]}

    def update(self, template: dict[str, Any]) -> None:
        self._carry_out("update", template)

    def delete(self) -> None:
        self._cloudformation.delete_stack(StackName=self.name)
        self._wait("delete")

    def _carry_out(self, what: str, template: dict[str, Any]) -> None:
        getattr(self._cloudformation, f"{what}_stack")(
            StackName=self.name,
            TemplateBody=json.dumps(emulated(template)),
            Capabilities=["CAPABILITY_IAM"],
        )
        self._wait(what)

    def _wait(self, what: str) -> None:
        # A stack that ends otherwise than complete is an error of the waiter.
        waiter = self._cloudformation.get_waiter(f"stack_{what}_complete")
        waiter.wait(StackName=self.name, WaiterConfig={"Delay": 0.2, "MaxAttempts": 150})


@contextmanager
def made(aws: Aws, templates_folder: Path, environment: str) -> Iterator[Made]:
    path = templates_folder / environment / "pipelines.template.json"
    stack = Made(aws, f"{environment}-{next(_numbers)}", json.loads(path.read_text()))
    try:
        yield stack
    finally:
        stack.delete()


@pytest.fixture(scope="module", params=["dev", "prod"])
def of_each(request: pytest.FixtureRequest, aws: Aws, templates_folder: Path) -> Iterator[Made]:
    """Each environment's stack in turn."""
    with made(aws, templates_folder, request.param) as found:
        yield found


def everything(aws: Aws) -> set[str]:
    """Names of all that the emulator holds of the kinds that the template makes."""
    found = set()
    for service, call, place, name in LISTS:
        answer = getattr(aws.client(service), call)()
        found |= {str(item if name is None else item[name]) for item in answer.get(place, [])}
    kms = aws.client("kms")
    for key in kms.list_keys()["Keys"]:
        # A deleted key is there for some days more, but cannot be used.
        if kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]["KeyState"] != "PendingDeletion":
            found.add(key["KeyId"])
    return found


def test_every_output_names_what_is_there(aws: Aws, of_each: Made) -> None:
    assert set(of_each.outputs) == set(of_each.template["Outputs"])
    for output, value in of_each.outputs.items():
        ((service, call, argument),) = (
            found_by for ending, found_by in FOUND_BY.items() if output.endswith(ending)
        )
        getattr(aws.client(service), call)(**{argument: value})


def test_deploying_it_again_changes_nothing(of_each: Made) -> None:
    before = of_each.resources()
    with pytest.raises(ClientError, match="No updates are to be performed"):
        of_each.update(of_each.template)
    assert of_each.resources() == before


def longer_kept(template: dict[str, Any]) -> dict[str, Any]:
    """The template with two days for the changes stream and two weeks for the JSON queue."""
    changed = copy.deepcopy(template)
    for output, name, value in (
        ("ChangesStream", "RetentionPeriodHours", 48),
        ("JsonQueueUrl", "MessageRetentionPeriod", 1_209_600),
    ):
        logical_id = template["Outputs"][output]["Value"]["Ref"]
        properties = changed["Resources"][logical_id]["Properties"]
        assert properties[name] < value
        properties[name] = value
    return changed


def test_longer_times_are_set_in_place_and_what_is_stored_stays(
    aws: Aws, templates_folder: Path
) -> None:
    s3, sqs = aws.client("s3"), aws.client("sqs")
    with made(aws, templates_folder, "dev") as stack:
        before, outputs = stack.resources(), stack.outputs
        lake, queue = outputs["LakeBucket"], outputs["JsonQueueUrl"]
        s3.put_object(Bucket=lake, Key="raw/kept", Body=b"kept")
        sqs.send_message(QueueUrl=queue, MessageBody="kept")
        stack.update(longer_kept(stack.template))
        assert (stack.resources(), stack.outputs) == (before, outputs)
        stream = aws.client("kinesis").describe_stream_summary(StreamName=outputs["ChangesStream"])
        assert stream["StreamDescriptionSummary"]["RetentionPeriodHours"] == 48
        attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
        assert attributes["MessageRetentionPeriod"] == "1209600"
        (message,) = sqs.receive_message(QueueUrl=queue)["Messages"]
        stored = s3.get_object(Bucket=lake, Key="raw/kept")
        assert (message["Body"], stored["Body"].read()) == ("kept", b"kept")
        s3.delete_object(Bucket=lake, Key="raw/kept", VersionId=stored["VersionId"])


def test_stack_of_dev_goes_and_leaves_nothing(aws: Aws, templates_folder: Path) -> None:
    before = everything(aws)
    with made(aws, templates_folder, "dev"):
        assert len(everything(aws) - before) >= 20
    assert everything(aws) == before


def test_stack_of_prod_goes_and_leaves_all_that_holds_data(
    aws: Aws, templates_folder: Path
) -> None:
    before = everything(aws)
    with made(aws, templates_folder, "prod") as stack:
        kept = {
            physical_id
            for logical_id, physical_id in stack.resources().items()
            if stack.template["Resources"][logical_id].get("DeletionPolicy") == "Retain"
            and stack.template["Resources"][logical_id]["Type"] not in POLICIES
        }
    assert everything(aws) - before == kept

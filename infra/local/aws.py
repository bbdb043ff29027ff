"""The AWS emulator on 127.0.0.1, and in it what CloudFormation makes of the deployed template."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from infra.common.errors import StackError
from infra.common.paths import REPOSITORY
from infra.local import ports
from infra.local.layout import TEMPLATE, Layout, emulator_python
from infra.local.processes.group import environment_without

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from infra.local.processes.group import Group, Program

REGION = "us-east-1"
STACK_NAME = "sluice-pipelines"
NOTICES_QUEUE = "sluice-laptop-notices"
# The emulator takes any; they keep the AWS libraries from looking for real ones.
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
}
# What the emulator's CloudFormation cannot make; nothing on the laptop needs it.
NOT_EMULATED = frozenset({"AWS::Events::Archive"})


@dataclass(frozen=True, kw_only=True)
class Emulator:
    """A running AWS emulator.

    Attributes:
        program: its process.
        endpoint: its URL, the same for every service.
    """

    program: Program
    endpoint: str

    def client(self, service: Any) -> Any:
        """A boto3 client of one service."""
        return client(service, self.endpoint)


def client(service: Any, endpoint: str, *, config: Config | None = None) -> Any:
    """A boto3 client of one service of an emulator at endpoint."""
    # A busy laptop answers late, so reads get longer than connects.
    patient = Config(retries={"max_attempts": 2}, connect_timeout=5, read_timeout=60)
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        config=patient.merge(config) if config else patient,
    )


def environment(endpoint: str) -> dict[str, str]:
    """What AWS libraries and tools read to reach an emulator, and nothing but it."""
    return {
        **CREDENTIALS,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "AWS_ENDPOINT_URL": endpoint,
        # Without it, libraries wait for the metadata service of EC2 when credentials lack.
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def start(group: Group, layout: Layout) -> Emulator:
    """Start the emulator of a stack with what it held when it was last stopped.

    Objects in S3 are on disk as soon as they are put; the rest is written when it is stopped.

    Raises:
        StackError: it is not installed or does not start.
    """
    if not emulator_python().exists():
        raise StackError("ministack is not installed: python3 -m infra.common.bootstrap emulator")
    port = ports.choose()
    temporary = layout.emulator / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    program = group.start(
        "ministack",
        [str(emulator_python()), "-m", "infra.local.stand_ins.emulator"],
        env=_environment(layout, port),
        cwd=layout.emulator,
    )
    emulator = Emulator(program=program, endpoint=f"http://{ports.HOST}:{port}")
    program.wait_until(lambda: ports.answers(f"{emulator.endpoint}/_ministack/health"), seconds=60)
    return emulator


def _environment(layout: Layout, port: int) -> dict[str, str]:
    return {
        **environment_without("AWS_", "PYTHON"),
        **CREDENTIALS,
        "PYTHONPATH": str(REPOSITORY),
        "BIND_HOST": ports.HOST,
        "MINISTACK_HOST": ports.HOST,
        "GATEWAY_PORT": str(port),
        "MINISTACK_REGION": REGION,
        "PERSIST_STATE": "1",
        "STATE_DIR": str(layout.emulator / "state"),
        # STATE_DIR is written at the end, S3_DATA_DIR with each object.
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(layout.emulator / "s3"),
        "TMPDIR": str(layout.emulator / "tmp"),
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        # It would remove containers of the machine's own Docker.
        "DOCKER_HOST": f"unix://{layout.emulator}/no-docker.sock",
    }


def deploy(emulator: Emulator, template: Path = TEMPLATE) -> dict[str, str]:
    """Create the stack of the template, or update it; returns the stack's outputs.

    All of the template is made but the types of NOT_EMULATED.

    Raises:
        StackError: CloudFormation did not accept it; says what it said.
    """
    cloudformation = emulator.client("cloudformation")
    wanted = emulated(json.loads(template.read_text()))
    found = _stack(cloudformation)
    if found and wanted == _deployed(cloudformation):
        return _outputs(found, emulator)
    change = "update" if found else "create"
    getattr(cloudformation, f"{change}_stack")(
        StackName=STACK_NAME, TemplateBody=json.dumps(wanted), Capabilities=["CAPABILITY_IAM"]
    )
    waiter = cloudformation.get_waiter(f"stack_{change}_complete")
    try:
        waiter.wait(StackName=STACK_NAME, WaiterConfig={"Delay": 0.2, "MaxAttempts": 300})
    except Exception as error:
        raise StackError(f"CloudFormation: {error}. {_why(cloudformation)}") from error
    made = _stack(cloudformation)
    if made is None:
        raise StackError(f"CloudFormation lost the stack {STACK_NAME}")
    outputs = _outputs(made, emulator)
    if not found:
        _drop_test_events(emulator, outputs)
    return outputs


def _drop_test_events(emulator: Emulator, outputs: Mapping[str, str]) -> None:
    """Empty the queues of a new stack: runs that have nothing to do would slow the first one.

    S3 sends a test event for each rule of a new bucket; on AWS the pipelines throw them away.
    """
    sqs = emulator.client("sqs")
    for name, url in outputs.items():
        if name.endswith("QueueUrl"):
            sqs.purge_queue(QueueUrl=url)


def emulated(template: dict[str, Any]) -> dict[str, Any]:
    """The template without what the emulator cannot make."""
    resources = {
        name: resource
        for name, resource in template["Resources"].items()
        if resource["Type"] not in NOT_EMULATED
    }
    return {**template, "Resources": resources}


def _stack(cloudformation: Any) -> dict[str, Any] | None:
    try:
        stacks = cloudformation.describe_stacks(StackName=STACK_NAME)["Stacks"]
    except ClientError:
        # CloudFormation answers with a ValidationError if there is no such stack.
        return None
    return next((s for s in stacks if s["StackStatus"] != "DELETE_COMPLETE"), None)


def _deployed(cloudformation: Any) -> Any:
    body = cloudformation.get_template(StackName=STACK_NAME)["TemplateBody"]
    return json.loads(body) if isinstance(body, str) else body


def _outputs(stack: dict[str, Any], emulator: Emulator) -> dict[str, str]:
    # URLs still name the port that the emulator had when the stack was made.
    own = re.compile(rf"^http://{re.escape(ports.HOST)}:\d+(?=/)")
    found = {o["OutputKey"]: str(o["OutputValue"]) for o in stack.get("Outputs", [])}
    return {name: own.sub(emulator.endpoint, value) for name, value in found.items()}


def _why(cloudformation: Any) -> str:
    events = cloudformation.describe_stack_events(StackName=STACK_NAME)["StackEvents"]
    failed = [e for e in events if "FAILED" in e["ResourceStatus"]]
    return "; ".join(f"{e['LogicalResourceId']}: {e.get('ResourceStatusReason')}" for e in failed)


def subscribe_laptop(emulator: Emulator, topic: str) -> str:
    """Make a queue that receives every notice, outside of the template; returns its URL."""
    sqs = emulator.client("sqs")
    queue = str(sqs.create_queue(QueueName=NOTICES_QUEUE)["QueueUrl"])
    attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    arn = attributes["Attributes"]["QueueArn"]
    sns = emulator.client("sns")
    subscriptions = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    if arn not in [s["Endpoint"] for s in subscriptions]:
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    return queue

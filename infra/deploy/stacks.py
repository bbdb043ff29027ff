"""The CloudFormation stacks of an environment, as they stand."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from infra.deploy.errors import DeployError

# In the order in which they are made; the last one is there where an environment has QuickSight.
PARTS = ("code", "pipelines", "platform", "charts")
_STUCK = {
    "ROLLBACK_FAILED": "its creation failed and could not be undone: delete it by make destroy",
    "DELETE_FAILED": "it was deleted in part: finish that by make destroy",
    "UPDATE_ROLLBACK_FAILED": "an update failed and could not be undone: remove the cause that its "
    "events name, then run `aws cloudformation continue-update-rollback --stack-name {name}`",
}


@dataclass(frozen=True, kw_only=True)
class Stack:
    """A stack that exists.

    Attributes:
        name: unique in account and region.
        status: as CloudFormation words it.
        outputs: name to value.
        protected: whether deleting it is refused.
    """

    name: str
    status: str
    outputs: dict[str, str] = field(default_factory=dict)
    protected: bool = False


def stack_name(environment: str, part: str) -> str:
    """The name of one of the stacks of an environment."""
    return f"sluice-{environment}-{part}"


def find(cloudformation: Any, name: str) -> Stack | None:
    """The stack of that name, or None when there is none."""
    try:
        (found,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise
    if found["StackStatus"] == "DELETE_COMPLETE":
        return None
    return Stack(
        name=name,
        status=found["StackStatus"],
        outputs={o["OutputKey"]: o["OutputValue"] for o in found.get("Outputs", [])},
        protected=bool(found.get("EnableTerminationProtection")),
    )


def check_can_change(stack: Stack | None) -> None:
    """Refuse a stack that an update could not succeed on.

    Raises:
        DeployError: says in which state it is and what gets it out of there.
    """
    if stack is None:
        return
    if advice := _STUCK.get(stack.status):
        text = advice.format(name=stack.name)
        raise DeployError(f"stack {stack.name} is in {stack.status}: {text}")
    if stack.status.endswith("_IN_PROGRESS") and stack.status != "REVIEW_IN_PROGRESS":
        raise DeployError(
            f"stack {stack.name} is in {stack.status}: somebody else changes it; wait for the end"
        )


def output(cloudformation: Any, name: str, key: str) -> str:
    """An output of a stack that was deployed.

    Raises:
        DeployError: there is no such stack, or it has no such output.
    """
    stack = find(cloudformation, name)
    if stack is None or key not in stack.outputs:
        raise DeployError(f"stack {name} has no output {key}: deploy it with the code of this tree")
    return stack.outputs[key]


@dataclass(frozen=True, kw_only=True)
class Resource:
    """Something that a stack made.

    Attributes:
        type: such as AWS::S3::Bucket.
        name: its physical id.
        fate: what its deletion policy makes of it when the stack is deleted: Delete, Retain or
            Snapshot.
    """

    type: str
    name: str
    fate: str


def resources(cloudformation: Any, name: str) -> list[Resource]:
    """All that a stack has made and not deleted, with the fate that its deployed template gives."""
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=name)
    made = [each for page in pages for each in page["StackResourceSummaries"]]
    if not made:
        return []  # one that was announced and never made has no template either
    body = cloudformation.get_template(StackName=name)["TemplateBody"]
    declared = (json.loads(body) if isinstance(body, str) else body)["Resources"]
    return [
        Resource(
            type=each["ResourceType"],
            name=each["PhysicalResourceId"],
            fate=_fate(declared.get(each["LogicalResourceId"], {})),
        )
        for each in made
        if each.get("PhysicalResourceId") and each["ResourceStatus"] != "DELETE_COMPLETE"
    ]


def _fate(declared: dict[str, Any]) -> str:
    # CloudFormation's own default, but for databases, which it keeps a snapshot of.
    default = "Snapshot" if declared.get("Type", "").startswith("AWS::RDS::DB") else "Delete"
    return str(declared.get("DeletionPolicy", default))

"""Reading templates: resources by what they are for, and what CloudFormation would make of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Template = dict[str, Any]

STACKS = ("code", "pipelines", "platform")

ACCOUNT = "123456789012"
REGION = "ap-northeast-1"  # no region has a longer name
PSEUDO_PARAMETERS = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::StackName": "sluice-some",
    "AWS::StackId": f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/Some/0a1b2c3d-11e4-4f00",
}
_TARGETS = {
    "AWS::S3::BucketPolicy": "Bucket",
    "AWS::SQS::QueuePolicy": "Queues",
    "AWS::SNS::TopicPolicy": "Topics",
}


def read(folder: Path, environment: str, stack: str) -> Template:
    """Read the template of a stack from where they are synthesized."""
    path = folder / environment / f"{stack}.template.json"
    template: Template = json.loads(path.read_text())
    return template


def templates_of(folder: Path, environment: str) -> list[Template]:
    """Read the templates of all stacks of an environment."""
    assert len(list((folder / environment).glob("*.template.json"))) == len(STACKS)
    return [read(folder, environment, stack) for stack in STACKS]


def found(made: list[Template], *kinds: str) -> list[tuple[Template, str, dict[str, Any]]]:
    """Return template, logical id and properties of all of some kinds; there must be one."""
    resources = [
        (template, logical_id, resource["Properties"])
        for template in made
        for logical_id, resource in template["Resources"].items()
        if resource["Type"] in kinds
    ]
    assert resources, f"no {', '.join(kinds)} in any template"
    return resources


def of_type(template: Template, kind: str) -> dict[str, Any]:
    """Return properties by logical id; an absent type is a failure, not an empty success."""
    found = {
        logical_id: resource["Properties"]
        for logical_id, resource in template["Resources"].items()
        if resource["Type"] == kind
    }
    assert found, f"no {kind} in the template"
    return found


def behind(template: Template, output: str) -> tuple[str, dict[str, Any]]:
    """Return logical id and properties of the resource whose Ref an output gives."""
    logical_id = template["Outputs"][output]["Value"]["Ref"]
    return logical_id, template["Resources"][logical_id]["Properties"]


def arn_behind(template: Template, output: str) -> dict[str, Any]:
    """Return the ARN of the resource whose Ref an output gives."""
    return {"Fn::GetAtt": [behind(template, output)[0], "Arn"]}


def dead_letter_queue_of(template: Template, output: str) -> str:
    """Return the logical id of the queue that takes what the queue behind an output gives up."""
    _, queue = behind(template, output)
    logical_id: str = queue["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0]
    return logical_id


def statements(template: Template, *, kind: str, target: Any, effect: str) -> list[dict[str, Any]]:
    """Return what the policies of a target allow, or deny."""
    return [
        statement
        for policy in of_type(template, kind).values()
        if policy[_TARGETS[kind]] == target
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Effect"] == effect
    ]


def refusals_of_plain_http(template: Template, *, kind: str, target: Any) -> list[dict[str, Any]]:
    """Return statements for everybody that deny what comes without TLS, in policies of a target."""
    return [
        statement
        for statement in statements(template, kind=kind, target=target, effect="Deny")
        if statement["Principal"] in ("*", {"AWS": "*"})
        and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    ]


def resolved(value: Any) -> Any:
    """Work out what CloudFormation can before it has made anything.

    Raises:
        KeyError: it takes a resource.
    """
    if isinstance(value, list):
        return [resolved(item) for item in value]
    if not isinstance(value, dict):
        return value
    if value.keys() <= _FUNCTIONS.keys() and value:
        ((function, argument),) = value.items()
        return _FUNCTIONS[function](resolved(argument))
    return {name: resolved(item) for name, item in value.items()}


_FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "Fn::GetAtt": lambda argument: PSEUDO_PARAMETERS[".".join(argument)],
    "Fn::Join": lambda argument: argument[0].join(argument[1]),
    "Fn::Select": lambda argument: argument[1][int(argument[0])],
    "Fn::Split": lambda argument: argument[1].split(argument[0]),
    "Ref": PSEUDO_PARAMETERS.__getitem__,
}


def mentions(value: Any, logical_id: str) -> bool:
    """Whether a value takes a resource of the template."""
    if isinstance(value, dict):
        if value.get("Ref") == logical_id or value.get("Fn::GetAtt", [None])[0] == logical_id:
            return True
        return any(mentions(item, logical_id) for item in value.values())
    return isinstance(value, list) and any(mentions(item, logical_id) for item in value)

"""What CloudFormation would make of values in a template, with what is known of other stacks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from infra.local import aws

if TYPE_CHECKING:
    from collections.abc import Mapping

PSEUDO_PARAMETERS = {
    "AWS::AccountId": "000000000000",
    "AWS::Partition": "aws",
    "AWS::Region": aws.REGION,
}


@dataclass(frozen=True, kw_only=True)
class Known:
    """What a template takes from elsewhere.

    Attributes:
        outputs: of other stacks, by their names.
        attributes: of resources, by their names.
        references: what stands for resources, by their logical ids.
    """

    outputs: Mapping[str, str]
    attributes: Mapping[str, str]
    references: Mapping[str, str] = field(default_factory=dict)


def of_type(template: Mapping[str, Any], kind: str) -> list[dict[str, Any]]:
    """Properties of all resources of a type; there has to be one."""
    found = [each["Properties"] for each in template["Resources"].values() if each["Type"] == kind]
    assert found, f"no {kind} in the template"
    return found


def resolve(value: Any, known: Known) -> Any:
    """Put in what functions of CloudFormation stand for.

    Where nothing is known of a resource, its logical id stands for it, in an ARN if one is asked
    for; an output that is not known is its own name.
    """
    if isinstance(value, list):
        return [resolve(item, known) for item in value]
    if not isinstance(value, dict):
        return value
    found = _function(value, known)
    if found is None:
        return {name: resolve(item, known) for name, item in value.items()}
    return found


def _function(value: dict[str, Any], known: Known) -> str | None:
    match value:
        case {"Ref": str(name)}:
            found = PSEUDO_PARAMETERS.get(name) or known.references.get(name, name)
        case {"Fn::Join": [separator, parts]}:
            found = separator.join(resolve(parts, known))
        case {"Fn::GetAtt": [str(name), "Arn"]}:
            found = f"arn:aws:::{name}"
        case {"Fn::GetAtt": [_, str(attribute)]}:
            found = known.attributes[attribute]
        case {"Fn::GetStackOutput": {"OutputName": str(name)}}:
            found = known.outputs.get(name, name)
        case _:
            return None
    return found

"""The policies of the execution role, given to a user of an emulator that enforces them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.support.iam_policies import grants_of
from tests.support.resolved import Known, of_type, resolve

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from infra.local import aws

# What the emulator looks up in policies where IAM has another name, or none of its own.
_BATCHES = {
    "sqs:ChangeMessageVisibility": "sqs:ChangeMessageVisibilityBatch",
    "sqs:DeleteMessage": "sqs:DeleteMessageBatch",
    "sqs:SendMessage": "sqs:SendMessageBatch",
}


def statements_of_the_role(
    emulator: aws.Emulator, pipelines_policy: str, platform: Mapping[str, Any], known: Known
) -> list[dict[str, Any]]:
    """Every statement of both policies.

    Arguments:
        emulator: has the pipelines' stack.
        pipelines_policy: ARN of its policy.
        platform: template that has the other policy.
        known: what that template takes from elsewhere.
    """
    return [*_attached(emulator, pipelines_policy), *_own(platform, known)]


def _attached(emulator: aws.Emulator, policy: str) -> list[dict[str, Any]]:
    """What a policy says that CloudFormation has made."""
    iam = emulator.client("iam")
    version = iam.get_policy(PolicyArn=policy)["Policy"]["DefaultVersionId"]
    found = iam.get_policy_version(PolicyArn=policy, VersionId=version)["PolicyVersion"]["Document"]
    statements: list[dict[str, Any]] = found["Statement"]
    return statements


def _own(platform: Mapping[str, Any], known: Known) -> list[dict[str, Any]]:
    """What the platform's own policy of the role says."""
    (role,) = [
        each
        for each in of_type(platform, "AWS::IAM::Role")
        if "airflow.amazonaws.com" in json.dumps(each)
    ]
    own = [arn["Ref"] for arn in role["ManagedPolicyArns"] if "Ref" in arn]
    return [
        resolve(statement, known)
        for policy in own
        for statement in platform["Resources"][policy]["Properties"]["PolicyDocument"]["Statement"]
    ]


def keys_of_a_user(emulator: aws.Emulator, statements: list[dict[str, Any]]) -> dict[str, str]:
    """Access keys of a user with these statements, in the words of the emulator."""
    iam = emulator.client("iam")
    iam.create_user(UserName="dags")
    document = {"Version": "2012-10-17", "Statement": [*statements, *_as_emulated(statements)]}
    policy = iam.create_policy(PolicyName="dags", PolicyDocument=json.dumps(document))
    iam.attach_user_policy(UserName="dags", PolicyArn=policy["Policy"]["Arn"])
    keys = iam.create_access_key(UserName="dags")["AccessKey"]
    return {
        "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
    }


def _as_emulated(statements: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The same rights where the emulator looks for others than IAM does.

    It asks for a right to each batch operation, which IAM has not; it does not find the table of
    a batch of statements, nor the stream of an iterator, nor the workgroup of a query, nor the
    source of an event.
    """
    for grant in grants_of(statements):
        allowed = {"Effect": grant.effect, "Resource": grant.resource}
        if grant.action in _BATCHES:
            yield allowed | {"Action": _BATCHES[grant.action]}
        if grant.action.startswith("dynamodb:PartiQL"):
            yield allowed | {"Action": "dynamodb:BatchExecuteStatement", "Resource": "*"}
        if grant.action in ("athena:GetQueryExecution", "kinesis:GetRecords"):
            yield allowed | {"Action": grant.action, "Resource": "*"}
        if grant.action == "events:PutEvents":
            yield allowed | {"Action": grant.action}

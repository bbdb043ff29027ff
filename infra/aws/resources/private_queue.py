"""What every queue of Sluice has in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from aws_cdk import Aws, Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs

from infra.aws.resources.removal import removal_policy

if TYPE_CHECKING:
    from constructs import Construct

    from infra.aws.environment import Environment

DEAD_LETTER_DAYS = 14  # as long as SQS can


def private_queue(
    scope: Construct,
    construct_id: str,
    *,
    environment: Environment,
    retention: Duration | None = None,
    **properties: Any,
) -> sqs.Queue:
    """Add an encrypted queue that is reached by TLS only.

    Arguments:
        scope: the construct that owns the queue.
        construct_id: its name there.
        environment: decides whether the queue outlives its stack.
        retention: how long a message is kept; as for dead letters when None.
        properties: more of sqs.Queue's.
    """
    queue = sqs.Queue(
        scope,
        construct_id,
        # With SQS's own key, services of AWS can send without a right to any key.
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        enforce_ssl=True,
        removal_policy=removal_policy(environment),
        retention_period=retention or Duration.days(DEAD_LETTER_DAYS),
        **properties,
    )
    # A queue that outlives its stack must stay closed to plain HTTP.
    policy = cast("sqs.QueuePolicy", queue.node.find_child("Policy"))
    policy.apply_removal_policy(removal_policy(environment))
    return queue


def admit(queue: sqs.Queue, *, sid: str, service: str, source_arn: str) -> None:
    """Let one resource of this account, through its service, send to a queue.

    Arguments:
        queue: what is sent to.
        sid: names the statement.
        service: such as sns.amazonaws.com.
        source_arn: the resource; its ARN has the account's number in it.
    """
    queue.add_to_resource_policy(
        iam.PolicyStatement(
            sid=sid,
            actions=["sqs:SendMessage"],
            principals=[iam.ServicePrincipal(service)],
            resources=[queue.queue_arn],
            conditions={
                "ArnEquals": {"aws:SourceArn": source_arn},
                # Not every service says for which account it acts, and the ARN does already.
                "StringEqualsIfExists": {"aws:SourceAccount": Aws.ACCOUNT_ID},
            },
        )
    )

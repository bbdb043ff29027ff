"""What every topic of Sluice is encrypted with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Aws
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.aws.resources.publishers import PUBLISHERS
from infra.aws.resources.removal import removal_policy

if TYPE_CHECKING:
    from infra.aws.environment import Environment

USES = ("kms:Decrypt", "kms:GenerateDataKey")  # what publishing to an encrypted topic takes


class TopicsKey(Construct):
    """One key for all topics, since a key costs a dollar a month and a topic nothing.

    The key that SNS keeps in the account would be free, but services that publish by themselves
    have no right to it, and cannot be given one.
    https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html

    Attributes:
        key: the key, changed every year.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, environment: Environment, bucket_arn: str
    ) -> None:
        super().__init__(scope, construct_id)
        self.key = kms.Key(
            self,
            "Key",
            description="Sluice: topics of arrivals and alerts.",
            enable_key_rotation=True,
            removal_policy=removal_policy(environment),
        )
        self._admit(
            "EventsOfTheLandingBucket",
            "s3.amazonaws.com",
            {
                "ArnEquals": {"aws:SourceArn": bucket_arn},
                "StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID},
            },
        )
        for publisher in PUBLISHERS:
            # Not each of them says to KMS for whom it acts; to the topic, which comes first, it
            # has to.
            conditions = {
                "ArnLikeIfExists": {"aws:SourceArn": publisher.source_arn},
                "StringEqualsIfExists": {"aws:SourceAccount": Aws.ACCOUNT_ID},
            }
            self._admit(publisher.sid, publisher.service, conditions)

    def _admit(self, sid: str, service: str, conditions: dict[str, dict[str, str]]) -> None:
        self.key.add_to_resource_policy(
            iam.PolicyStatement(
                sid=sid,
                actions=list(USES),
                principals=[iam.ServicePrincipal(service)],
                resources=["*"],  # in a key's own policy: this key
                conditions=conditions,
            )
        )

"""What the topics of arrivals are encrypted with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Aws
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.aws.resources.removal import removal_policy

if TYPE_CHECKING:
    from infra.aws.environment import Environment


class ArrivalsKey(Construct):
    """One key for all topics of arrivals, since a key costs a dollar a month and a topic nothing.

    The key that SNS keeps in the account would be free, but S3 has no right to it, and nobody can
    give it one.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/grant-destinations-permissions-to-s3.html

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
            description="Sluice: topics that S3 publishes arrivals to.",
            enable_key_rotation=True,
            removal_policy=removal_policy(environment),
        )
        self.key.add_to_resource_policy(
            iam.PolicyStatement(
                sid="EventsOfTheLandingBucket",
                actions=["kms:Decrypt", "kms:GenerateDataKey"],
                principals=[iam.ServicePrincipal("s3.amazonaws.com")],
                resources=["*"],  # in a key's own policy: this key
                conditions={
                    "ArnEquals": {"aws:SourceArn": bucket_arn},
                    "StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID},
                },
            )
        )

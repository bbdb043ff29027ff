"""Where files from outside arrive: uploads/ and exports/."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Duration
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.aws.resources.private_bucket import private_bucket

if TYPE_CHECKING:
    from infra.aws.environment import Environment


class LandingBucket(Construct):
    """The landing bucket; a run names the version of the object that it reads.

    Attributes:
        bucket: the bucket.
    """

    def __init__(self, scope: Construct, construct_id: str, *, environment: Environment) -> None:
        super().__init__(scope, construct_id)
        self.bucket = private_bucket(
            self,
            environment=environment,
            lifecycle_rules=[
                # Long after any event for an overwritten version has been worked off or swept up.
                s3.LifecycleRule(noncurrent_version_expiration=Duration.days(90)),
            ],
        )

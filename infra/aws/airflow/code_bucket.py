"""Where MWAA reads what it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Duration
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.aws.resources.private_bucket import private_bucket

if TYPE_CHECKING:
    from infra.aws.environment import Environment


class CodeBucket(Construct):
    """The code bucket: dags/, plugins.zip, requirements.txt and startup.sh, every version of them.

    MWAA takes a version of the last three, so old ones stay long enough to go back to.

    Attributes:
        bucket: the bucket.
    """

    def __init__(self, scope: Construct, construct_id: str, *, environment: Environment) -> None:
        super().__init__(scope, construct_id)
        self.bucket = private_bucket(
            self,
            environment=environment,
            lifecycle_rules=[s3.LifecycleRule(noncurrent_version_expiration=Duration.days(365))],
        )

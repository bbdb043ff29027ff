"""What every bucket of Sluice has in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Duration
from aws_cdk import aws_s3 as s3

from infra.aws.resources.removal import removal_policy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from constructs import Construct

    from infra.aws.environment import Environment


def private_bucket(
    scope: Construct,
    *,
    environment: Environment,
    lifecycle_rules: Sequence[s3.LifecycleRule],
    name: str | None = None,
) -> s3.Bucket:
    """Add a private, versioned, encrypted bucket that is reached by TLS only.

    Arguments:
        scope: the construct that owns the bucket.
        environment: decides whether the bucket outlives its stack.
        lifecycle_rules: beside the one that clears up broken uploads after a day.
        name: CloudFormation's choice when None.
    """
    bucket = s3.Bucket(
        scope,
        "Bucket",
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        bucket_name=name,
        encryption=s3.BucketEncryption.S3_MANAGED,
        enforce_ssl=True,
        lifecycle_rules=[
            s3.LifecycleRule(abort_incomplete_multipart_upload_after=Duration.days(1)),
            *lifecycle_rules,
        ],
        object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
        removal_policy=removal_policy(environment),
        versioned=True,
    )
    if bucket.policy is not None:
        # A bucket that outlives its stack must stay closed to plain HTTP.
        bucket.policy.apply_removal_policy(removal_policy(environment))
    return bucket

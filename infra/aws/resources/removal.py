"""What happens to data when its stack goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import RemovalPolicy

if TYPE_CHECKING:
    from infra.aws.environment import Environment


def removal_policy(environment: Environment) -> RemovalPolicy:
    """Return the policy of everything that holds data in this environment.

    CloudFormation refuses to delete a bucket with objects in it, even where data need not be kept.
    """
    return RemovalPolicy.RETAIN if environment.keeps_data else RemovalPolicy.DESTROY

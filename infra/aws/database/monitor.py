"""Who writes down how the warehouse's machine fares."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import ArnFormat, Aws, Stack
from aws_cdk import aws_iam as iam

if TYPE_CHECKING:
    from constructs import Construct


def monitoring_role(scope: Construct, construct_id: str, *, identifier: str) -> iam.Role:
    """Add the role by which RDS watches the operating system of one instance, and of no other.

    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/cross-service-confused-deputy-prevention.html

    Arguments:
        scope: the construct that owns the role.
        construct_id: its name there.
        identifier: of the instance.
    """
    instance = Stack.of(scope).format_arn(
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
        resource="db",
        resource_name=identifier,
        service="rds",
    )
    return iam.Role(
        scope,
        construct_id,
        assumed_by=iam.ServicePrincipal("monitoring.rds.amazonaws.com").with_conditions(
            {
                "ArnEquals": {"aws:SourceArn": instance},
                "StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID},
            }
        ),
        description="Sluice: enhanced monitoring of the warehouse.",
        managed_policies=[
            iam.ManagedPolicy.from_aws_managed_policy_name(
                "service-role/AmazonRDSEnhancedMonitoringRole"
            )
        ],
    )

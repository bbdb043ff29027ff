"""Who may log in to the warehouse with tokens of IAM."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

if TYPE_CHECKING:
    from aws_cdk import aws_rds as rds

LOADER = "sluice_loader"
CHARTS_READER = "sluice_charts_reader"


def user_arn(instance: rds.DatabaseInstance, user: str) -> str:
    """Return what rds-db:connect is allowed on for one user of one instance.

    The instance is named by its resource id, which another one of the same name does not get.
    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.IAMPolicy.html
    """
    return Stack.of(instance).format_arn(
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
        resource="dbuser",
        resource_name=f"{instance.instance_resource_id}/{user}",
        service="rds-db",
    )


class ChartsAccess(Construct):
    """The policy to attach to roles of people and tools that draw charts.

    It lets in by IAM. By the network, ranges that the environment names for charts are let in.

    Attributes:
        policy: the policy, attached to nothing here.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, instance: rds.DatabaseInstance
    ) -> None:
        super().__init__(scope, construct_id)
        self.policy = iam.ManagedPolicy(
            self,
            "Policy",
            description="Sluice: log in to the warehouse to read what charts show.",
            statements=[
                iam.PolicyStatement(
                    sid="LogInToReadCharts",
                    actions=["rds-db:connect"],
                    resources=[user_arn(instance, CHARTS_READER)],
                )
            ],
        )

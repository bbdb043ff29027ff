"""The way of QuickSight into the VPC."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Aws
from aws_cdk import aws_iam as iam
from aws_cdk import aws_quicksight as quicksight
from constructs import Construct

if TYPE_CHECKING:
    from infra.aws.environment import Environment

_EC2 = f"arn:{Aws.PARTITION}:ec2:{Aws.REGION}:{Aws.ACCOUNT_ID}"


class Connection(Construct):
    """Network interfaces of QuickSight in the private subnets, and the role it makes them with.

    Attributes:
        connection: the VPC connection.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: Environment,
        security_group: str,
        subnets: list[str],
    ) -> None:
        """Make both.

        Arguments:
            scope: the construct that owns them.
            construct_id: its name there.
            environment: decides the id.
            security_group: id of the group that leads to the warehouse and nowhere else.
            subnets: ids of the private subnets.
        """
        super().__init__(scope, construct_id)
        self.connection = quicksight.CfnVPCConnection(
            self,
            "Connection",
            aws_account_id=Aws.ACCOUNT_ID,
            vpc_connection_id=environment.charts_prefix,
            name=environment.charts_prefix,
            role_arn=self._role(security_group, subnets).role_arn,
            security_group_ids=[security_group],
            subnet_ids=subnets,
        )

    def _role(self, security_group: str, subnets: list[str]) -> iam.Role:
        """Return the role, which only this account can hand to QuickSight.

        https://docs.aws.amazon.com/quicksight/latest/user/vpc-creating-a-connection-in-quicksight-cli.html
        """
        policy = iam.ManagedPolicy(
            self,
            "Policy",
            description="Sluice: network interfaces of QuickSight.",
            statements=[
                iam.PolicyStatement(
                    sid="KeepNetworkInterfaces",
                    actions=[
                        "ec2:CreateNetworkInterface",
                        "ec2:DeleteNetworkInterface",
                        "ec2:ModifyNetworkInterfaceAttribute",
                    ],
                    # EC2 names an interface only as it makes it.
                    resources=[
                        f"{_EC2}:network-interface/*",
                        f"{_EC2}:security-group/{security_group}",
                        *(f"{_EC2}:subnet/{subnet}" for subnet in subnets),
                    ],
                ),
                iam.PolicyStatement(
                    sid="SeeTheNetwork",
                    actions=["ec2:DescribeSecurityGroups", "ec2:DescribeSubnets"],
                    resources=["*"],  # the actions know no resource
                ),
            ],
        )
        return iam.Role(
            self,
            "Role",
            description="Sluice: QuickSight's way to the warehouse.",
            assumed_by=iam.ServicePrincipal("quicksight.amazonaws.com"),
            managed_policies=[policy],
        )

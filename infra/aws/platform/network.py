"""The network: two zones, each with a public, a private and an isolated subnet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_ec2 as ec2
from constructs import Construct

if TYPE_CHECKING:
    from infra.aws.environment import Environment

ZONES = 2  # MWAA takes exactly two


class Network(Construct):
    """The VPC and who may talk to whom in it.

    Attributes:
        vpc: with subnet groups Public, Private and Isolated.
        airflow: security group of MWAA.
        database: security group of the warehouse.
    """

    def __init__(self, scope: Construct, construct_id: str, *, environment: Environment) -> None:
        super().__init__(scope, construct_id)
        self.vpc = ec2.Vpc(
            self,
            "Vpc",
            max_azs=ZONES,
            nat_gateways=environment.nat_gateways,
            restrict_default_security_group=False,
            subnet_configuration=[
                ec2.SubnetConfiguration(
                    name="Public", subnet_type=ec2.SubnetType.PUBLIC, cidr_mask=24
                ),
                ec2.SubnetConfiguration(
                    name="Private", subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS, cidr_mask=20
                ),
                ec2.SubnetConfiguration(
                    name="Isolated", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED, cidr_mask=24
                ),
            ],
        )
        self.airflow = ec2.SecurityGroup(self, "Airflow", vpc=self.vpc, allow_all_outbound=False)
        self.database = ec2.SecurityGroup(self, "Database", vpc=self.vpc, allow_all_outbound=False)

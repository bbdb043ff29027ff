"""The network: two zones, each with a public, a private and an isolated subnet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_ec2 as ec2
from constructs import Construct

if TYPE_CHECKING:
    from infra.aws.environment import Environment

ZONES = 2  # MWAA takes exactly two
HTTPS = ec2.Port.tcp(443)
POSTGRES = ec2.Port.tcp(5432)


class Network(Construct):
    """The VPC and who may talk to whom in it.

    Public subnets hold NAT gateways and nothing else. Private ones hold MWAA, which goes out by
    way of NAT. Isolated ones hold the warehouse and have no route but the VPC's own. Routes to
    networks that people come from are made together with the VPN or peering that leads there.

    The default security group of the VPC stays as EC2 makes it, open among its own members and
    outwards: CloudFormation can add rules to it but take none away, and CDK's way around that is a
    Lambda function with rights to change security groups. Nothing is put into it instead.

    Attributes:
        vpc: with subnet groups Public, Private and Isolated.
        airflow: security group of MWAA.
        database: security group of the warehouse.
        charts: security group of QuickSight; None in an environment without it.
    """

    def __init__(self, scope: Construct, construct_id: str, *, environment: Environment) -> None:
        super().__init__(scope, construct_id)
        zones: dict[str, object] = {"max_azs": ZONES}
        if environment.zones:
            zones = {"availability_zones": list(environment.zones)}
        self.vpc = ec2.Vpc(
            self,
            "Vpc",
            ip_addresses=ec2.IpAddresses.cidr(environment.vpc_cidr),
            **zones,
            nat_gateways=environment.nat_gateways,
            restrict_default_security_group=False,
            subnet_configuration=[
                ec2.SubnetConfiguration(
                    name="Public",
                    subnet_type=ec2.SubnetType.PUBLIC,
                    cidr_mask=24,
                    map_public_ip_on_launch=False,
                ),
                ec2.SubnetConfiguration(
                    name="Private", subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS, cidr_mask=20
                ),
                ec2.SubnetConfiguration(
                    name="Isolated", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED, cidr_mask=24
                ),
            ],
        )
        self.airflow = self._group("Airflow", "Sluice: Airflow, and the endpoints MWAA makes.")
        self.database = self._group("Database", "Sluice: the warehouse.")
        self.charts: ec2.SecurityGroup | None = None
        if environment.quicksight is not None:
            self.charts = self._group("Charts", "Sluice: QuickSight.")
            # Answers come back by themselves, as to any group: the rules for answers are those of
            # VPC connections made before April 2023.
            # https://docs.aws.amazon.com/quicksight/latest/user/vpc-security-groups.html
            self.charts.connections.allow_to(self.database, POSTGRES, "QuickSight to the warehouse")
        self._connect(environment)

    def _group(self, construct_id: str, description: str) -> ec2.SecurityGroup:
        return ec2.SecurityGroup(
            self,
            construct_id,
            allow_all_outbound=False,
            description=description,
            vpc=self.vpc,
        )

    def _connect(self, environment: Environment) -> None:
        # MWAA's own parts, its metadata database among them, meet in this group.
        # https://docs.aws.amazon.com/mwaa/latest/userguide/vpc-security.html
        self.airflow.connections.allow_internally(ec2.Port.all_traffic(), "MWAA among itself")
        self.airflow.add_egress_rule(ec2.Peer.any_ipv4(), HTTPS, "AWS, GitHub and the weather API")
        self.airflow.connections.allow_to(self.database, POSTGRES, "Airflow to the warehouse")
        for cidr in environment.ui_cidrs:
            # The endpoint of a private UI is in the group that the environment is given.
            # https://docs.aws.amazon.com/mwaa/latest/userguide/vpc-vpe-access.html
            self.airflow.add_ingress_rule(ec2.Peer.ipv4(cidr), HTTPS, "People to the Airflow UI")
        for cidr in environment.charts_cidrs:
            self.database.add_ingress_rule(ec2.Peer.ipv4(cidr), POSTGRES, "Charts to the warehouse")

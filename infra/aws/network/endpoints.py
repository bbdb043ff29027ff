"""AWS services that are reached within the VPC, past the NAT gateways."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from infra.aws.network.vpc import HTTPS

if TYPE_CHECKING:
    from infra.aws.environment import Environment
    from infra.aws.network.vpc import Network

_PRIVATE = ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS)


class Endpoints(Construct):
    """Gateway endpoints of S3 and DynamoDB, which are free, and interface endpoints of others.

    No endpoint has a policy: MWAA's own machinery works through them as well, as AWS's accounts
    rather than this one, and what the DAGs may do is in the execution role.
    https://docs.aws.amazon.com/mwaa/latest/userguide/vpc-security.html
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, environment: Environment, network: Network
    ) -> None:
        super().__init__(scope, construct_id)
        for name, gateway in {
            "S3": ec2.GatewayVpcEndpointAwsService.S3,
            "Dynamodb": ec2.GatewayVpcEndpointAwsService.DYNAMODB,
        }.items():
            ec2.GatewayVpcEndpoint(self, name, service=gateway, subnets=[_PRIVATE], vpc=network.vpc)
        if environment.endpoints:
            self._add_interfaces(environment.endpoints, network)

    def _add_interfaces(self, services: tuple[str, ...], network: Network) -> None:
        group = ec2.SecurityGroup(
            self,
            "Group",
            allow_all_outbound=False,
            description="Sluice: endpoints of AWS services.",
            vpc=network.vpc,
        )
        # Airflow's way out on this port is open to any address, so nothing is to be added there.
        group.add_ingress_rule(network.airflow, HTTPS, "Airflow to AWS services")
        ways = [
            part for part in group.node.find_all() if isinstance(part, ec2.CfnSecurityGroupIngress)
        ]
        for service in services:
            endpoint = ec2.InterfaceVpcEndpoint(
                self,
                service,
                open=False,
                private_dns_enabled=True,
                security_groups=[group],
                service=ec2.InterfaceVpcEndpointAwsService(service),
                subnets=_PRIVATE,
                vpc=network.vpc,
            )
            # As soon as it is there, its service has no other address.
            endpoint.node.add_dependency(*ways)

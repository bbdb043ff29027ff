"""The warehouse: Postgres in the isolated subnets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_rds as rds
from constructs import Construct

from infra.aws.resources.removal import removal_policy

if TYPE_CHECKING:
    from infra.aws.environment import Environment
    from infra.aws.platform.network import Network

NAME = "warehouse"
OWNER = "sluice_migrations"


class Database(Construct):
    """The warehouse.

    Attributes:
        instance: the RDS instance.
        secret_arn: ARN of the secret of its owner, which RDS makes and rotates.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, environment: Environment, network: Network
    ) -> None:
        super().__init__(scope, construct_id)
        self.instance = rds.DatabaseInstance(
            self,
            "Instance",
            engine=rds.DatabaseInstanceEngine.postgres(version=rds.PostgresEngineVersion.VER_18_1),
            database_name=NAME,
            credentials=rds.Credentials.from_username(OWNER),
            instance_type=ec2.InstanceType(environment.database_class),
            vpc=network.vpc,
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED),
            security_groups=[network.database],
            storage_encrypted=True,
            iam_authentication=True,
            deletion_protection=environment.keeps_data,
            removal_policy=removal_policy(environment),
        )
        secret = self.instance.secret
        assert secret is not None  # noqa: S101 -- from_username makes one
        self.secret_arn = secret.secret_arn

"""The warehouse: Postgres in the isolated subnets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from aws_cdk import aws_rds as rds
from constructs import Construct

from infra.aws.database.access import LOADER, user_arn
from infra.aws.database.logs import EXPORTS, DatabaseLogs
from infra.aws.database.monitor import monitoring_role
from infra.aws.database.parameters import PARAMETERS
from infra.aws.resources.own_name import own_name
from infra.aws.resources.removal import removal_policy

if TYPE_CHECKING:
    from infra.aws.environment import Environment
    from infra.aws.network.vpc import Network

NAME = "warehouse"
OWNER = "sluice_migrations"

# Without a minor version: RDS begins with a current one and keeps it current by itself.
_ENGINE = rds.DatabaseInstanceEngine.postgres(version=rds.PostgresEngineVersion.VER_18)


class Database(Construct):
    """The warehouse.

    RDS makes the owner's password, keeps it in a secret that it owns, and changes it every seven
    days; CloudFormation never has it. Another rhythm can be asked for by RotateSecret, and not
    here: CloudFormation's RotationSchedule is documented for rotation by a Lambda function only.
    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html

    The instance's name is known beforehand, so that its log groups and the policy of its key can
    name it. It also keeps CloudFormation from replacing the instance by an empty one: a second
    one of the same name cannot be made.

    Attributes:
        instance: the RDS instance.
        key: encrypts storage, backups, logs, insights, the owner's secret and the connections.
        secret_arn: ARN of the secret of its owner, which RDS makes and rotates.
        loader_arn, owner_arn: what rds-db:connect is allowed on for who loads rows, and for the
            owner of all tables.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, environment: Environment, network: Network
    ) -> None:
        super().__init__(scope, construct_id)
        identifier = own_name(NAME)
        self.key = kms.Key(
            self,
            "Key",
            description=f"Sluice: the warehouse of {environment.name}, its logs and its secrets.",
            enable_key_rotation=True,
            # A snapshot is as good as lost without its key.
            removal_policy=removal_policy(environment),
        )
        logs = DatabaseLogs(
            self, "Logs", environment=environment, identifier=identifier, key=self.key
        )
        self.instance = self._instance(environment, identifier, network)
        self.instance.node.add_dependency(logs)
        secret = self.instance.secret
        assert secret is not None  # noqa: S101 -- RDS manages it
        self.secret_arn = secret.secret_arn
        self.loader_arn = user_arn(self.instance, LOADER)
        self.owner_arn = user_arn(self.instance, OWNER)

    def _instance(
        self, environment: Environment, identifier: str, network: Network
    ) -> rds.DatabaseInstance:
        return rds.DatabaseInstance(
            self,
            "Instance",
            engine=_ENGINE,
            instance_identifier=identifier,
            instance_type=ec2.InstanceType(environment.database_class),
            database_name=NAME,
            parameter_group=rds.ParameterGroup(
                self,
                "Parameters",
                description="Sluice: TLS only, and no row values in logs.",
                engine=_ENGINE,
                parameters=PARAMETERS,
            ),
            **self._access(network),
            **self._storage(environment),
            **self._watch(identifier),
            auto_minor_version_upgrade=True,
            multi_az=environment.database_standby,
            # UTC, and well before the daily DAGs at 08:30.
            preferred_backup_window="03:00-04:00",
            preferred_maintenance_window="sun:04:30-sun:05:30",
        )

    def _access(self, network: Network) -> dict[str, object]:
        return {
            "credentials": rds.Credentials.from_username(OWNER, encryption_key=self.key),
            "iam_authentication": True,
            "manage_master_user_password": True,
            "publicly_accessible": False,
            "security_groups": [network.database],
            "vpc": network.vpc,
            "vpc_subnets": ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED),
        }

    def _storage(self, environment: Environment) -> dict[str, object]:
        """Return what keeps the data: a last snapshot where it has to be kept, and its backups.

        An instance that outlived its stack would hold on to the VPC, which could not be deleted.
        """
        keeps = environment.keeps_data
        return {
            "allocated_storage": environment.database_gib,
            "backup_retention": Duration.days(environment.backup_days),
            "copy_tags_to_snapshot": True,
            "delete_automated_backups": not keeps,
            "deletion_protection": keeps,
            "max_allocated_storage": environment.database_max_gib,
            "removal_policy": RemovalPolicy.SNAPSHOT if keeps else RemovalPolicy.DESTROY,
            "storage_encryption_key": self.key,
            "storage_type": rds.StorageType.GP3,
        }

    def _watch(self, identifier: str) -> dict[str, object]:
        return {
            "cloudwatch_logs_exports": EXPORTS,
            "database_insights_mode": rds.DatabaseInsightsMode.STANDARD,
            "enable_performance_insights": True,
            "monitoring_interval": Duration.minutes(1),
            "monitoring_role": monitoring_role(self, "Monitor", identifier=identifier),
            "performance_insight_encryption_key": self.key,
            # Seven days, which cost nothing.
            "performance_insight_retention": rds.PerformanceInsightRetention.DEFAULT,
        }

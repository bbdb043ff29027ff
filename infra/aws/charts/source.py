"""The warehouse as a data source of QuickSight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aws_cdk import Aws
from aws_cdk import aws_iam as iam
from aws_cdk import aws_quicksight as quicksight
from constructs import Construct

from infra.aws.database.instance import NAME

if TYPE_CHECKING:
    from infra.aws.charts.people import People
    from infra.aws.environment import Environment

# QuickSight reads secrets with this role of the account, and no other.
# https://docs.aws.amazon.com/quicksight/latest/user/secrets-manager-integration.html
SECRETS_ROLE = "aws-quicksight-secretsmanager-role-v0"


@dataclass(frozen=True, kw_only=True)
class Warehouse:
    """What leads to the warehouse.

    Attributes:
        host: name of its endpoint.
        secret_arn: as whom to log in.
        key_arn: what the secret is encrypted with.
    """

    host: str
    secret_arn: str
    key_arn: str


class Source(Construct):
    """The data source; QuickSight tries it as soon as it is made.

    Attributes:
        source: it.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: Environment,
        warehouse: Warehouse,
        connection: quicksight.CfnVPCConnection,
        people: People,
    ) -> None:
        """Make it, after QuickSight may read its secret.

        Arguments:
            scope: the construct that owns it.
            construct_id: its name there.
            environment: decides its id.
            warehouse: what it leads to.
            connection: the way there.
            people: who may make data sets of it.
        """
        super().__init__(scope, construct_id)
        kind = quicksight.CfnDataSource
        self.source = kind(
            self,
            "Source",
            aws_account_id=Aws.ACCOUNT_ID,
            data_source_id=environment.charts_prefix,
            name=f"Sluice: warehouse ({environment.name})",
            type="POSTGRESQL",
            credentials=kind.DataSourceCredentialsProperty(secret_arn=warehouse.secret_arn),
            data_source_parameters=kind.DataSourceParametersProperty(
                postgre_sql_parameters=kind.PostgreSqlParametersProperty(
                    database=NAME, host=warehouse.host, port=5432
                )
            ),
            # The warehouse refuses a connection without TLS, too.
            ssl_properties=kind.SslPropertiesProperty(disable_ssl=False),
            vpc_connection_properties=kind.VpcConnectionPropertiesProperty(
                vpc_connection_arn=connection.attr_arn
            ),
            permissions=people.may(kind.ResourcePermissionProperty, "use a source"),
        )
        self.source.node.add_dependency(self._let_read(warehouse))

    def _let_read(self, warehouse: Warehouse) -> iam.ManagedPolicy:
        """Let QuickSight read the one secret, and use the key for nothing but that."""
        return iam.ManagedPolicy(
            self,
            "Policy",
            description="Sluice: the secret that QuickSight reads the warehouse with.",
            roles=[iam.Role.from_role_name(self, "Secrets", SECRETS_ROLE)],
            statements=[
                iam.PolicyStatement(
                    sid="ReadThePasswordOfCharts",
                    actions=["secretsmanager:GetSecretValue"],
                    resources=[warehouse.secret_arn],
                ),
                iam.PolicyStatement(
                    sid="DecryptThePasswordOfCharts",
                    actions=["kms:Decrypt"],
                    resources=[warehouse.key_arn],
                    conditions={
                        "StringEquals": {
                            "kms:EncryptionContext:SecretARN": warehouse.secret_arn,
                            "kms:ViaService": f"secretsmanager.{Aws.REGION}.amazonaws.com",
                        }
                    },
                ),
            ],
        )

"""How QuickSight logs in to the warehouse: a password, which the DAGs change."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from aws_cdk import Aws
from aws_cdk import aws_iam as iam
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from infra.aws.charts.declared import charted, secret_name
from infra.aws.database.instance import NAME

if TYPE_CHECKING:
    from infra.aws.database.instance import Database
    from infra.aws.environment import Environment

# include/sql/warehouse/charts_login.sql makes it.
USER = "sluice_quicksight"
_HERE = f"{Aws.REGION}:{Aws.ACCOUNT_ID}"


class ChartsLogin(Construct):
    """The secret of the user that QuickSight reads the warehouse as.

    Secrets Manager makes the first password, which opens nothing: the user comes with the first
    renewal, and each has another password. The secret goes with its stack.

    Attributes:
        secret: user and password, in the words that RDS and QuickSight have for them.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        prefix: str,
        database: Database,
    ) -> None:
        super().__init__(scope, construct_id)
        self._key = database.key
        self.secret = secretsmanager.Secret(
            self,
            "Secret",
            description=f"Sluice: as whom QuickSight reads the warehouse ({USER}).",
            encryption_key=database.key,
            generate_secret_string=secretsmanager.SecretStringGenerator(
                secret_string_template=json.dumps(
                    {"dbname": NAME, "engine": "postgres", "username": USER}
                ),
                generate_string_key="password",
                exclude_punctuation=True,
                password_length=40,
            ),
            secret_name=secret_name(prefix),
        )

    def statements(self, environment: Environment) -> list[iam.PolicyStatement]:
        """Return what the DAGs do: renew the password, and have the data sets read again."""
        data_sets = [
            f"arn:{Aws.PARTITION}:quicksight:{_HERE}:dataset/{data_set.id_after(environment.charts_prefix)}"
            for data_set in charted()
        ]
        return [
            iam.PolicyStatement(
                sid="RenewThePasswordOfCharts",
                actions=[
                    "secretsmanager:DescribeSecret",
                    "secretsmanager:GetSecretValue",
                    "secretsmanager:PutSecretValue",
                    "secretsmanager:UpdateSecretVersionStage",
                ],
                resources=[self.secret.secret_arn],
            ),
            iam.PolicyStatement(
                sid="EncryptThePasswordOfCharts",
                actions=["kms:GenerateDataKey"],
                resources=[self._key.key_arn],
                conditions={
                    "StringEquals": {
                        "kms:EncryptionContext:SecretARN": self.secret.secret_arn,
                        "kms:ViaService": f"secretsmanager.{Aws.REGION}.amazonaws.com",
                    }
                },
            ),
            iam.PolicyStatement(
                sid="RefreshCharts",
                actions=["quicksight:CreateIngestion", "quicksight:DescribeIngestion"],
                # Who starts an ingestion gives it its name.
                resources=[f"{data_set}/ingestion/*" for data_set in data_sets],
            ),
        ]

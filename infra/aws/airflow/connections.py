"""Airflow's connections in Secrets Manager; none of them holds a password."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import SecretValue, Stack
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from infra.aws.database.access import LOADER
from infra.aws.database.instance import NAME, OWNER

if TYPE_CHECKING:
    from infra.aws.database.instance import Database
    from infra.aws.environment import Environment

CERTIFICATES = "/usr/local/airflow/rds-global-bundle.pem"


class Connections(Construct):
    """The connections of the DAGs to the warehouse.

    The loader logs in with a token of IAM. The owner's password is read, at each login, from the
    secret that RDS keeps it in, so that changing it breaks nothing.

    Each goes with its stack: nothing of it is lost that the next stack would not write again, and
    a name that is still taken would stop that one.

    Attributes:
        prefix: of every secret that Airflow looks up, such as sluice/dev.
        arns: of the connections' secrets, as exact as IAM can name them.
        key: what they are encrypted with; who reads them decrypts with it.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, environment: Environment, database: Database
    ) -> None:
        super().__init__(scope, construct_id)
        self.prefix = f"sluice/{environment.name}"
        self.key = database.key
        self.arns: list[str] = []
        self._database = database
        self._add("sluice_warehouse", login=LOADER, extra={"iam": True})
        self._add("sluice_migrations", login=OWNER, extra={"password_secret": database.secret_arn})

    def _add(self, name: str, *, login: str, extra: dict[str, object]) -> None:
        connection = {
            "conn_type": "postgres",
            "host": self._database.instance.instance_endpoint.hostname,
            "port": 5432,
            "schema": NAME,
            "login": login,
            "extra": {"sslmode": "verify-full", "sslrootcert": CERTIFICATES, **extra},
        }
        secret = secretsmanager.Secret(
            self,
            name,
            description=f"Sluice: where and as whom Airflow finds {name}; no password.",
            encryption_key=self.key,
            secret_name=f"{self.prefix}/connections/{name}",
            secret_string_value=SecretValue.unsafe_plain_text(  # nothing of it is secret
                Stack.of(self).to_json_string(connection)
            ),
        )
        self.arns.append(secret.secret_arn)

"""Airflow's connections in Secrets Manager; none of them holds a password."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from aws_cdk import SecretValue
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from infra.aws.platform.database import NAME, OWNER
from infra.aws.resources.removal import removal_policy

if TYPE_CHECKING:
    from infra.aws.environment import Environment
    from infra.aws.platform.database import Database

CERTIFICATES = "/usr/local/airflow/rds-global-bundle.pem"
LOADER = "sluice_loader"


class Connections(Construct):
    """The connections of the DAGs to the warehouse.

    Attributes:
        prefix: of every secret that Airflow looks up, such as sluice/dev.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, environment: Environment, database: Database
    ) -> None:
        super().__init__(scope, construct_id)
        self.prefix = f"sluice/{environment.name}"
        self._environment = environment
        self._database = database
        self._add("sluice_warehouse", login=LOADER, extra={"iam": True})
        self._add("sluice_migrations", login=OWNER, extra={"password_secret": database.secret_arn})

    def _add(self, name: str, *, login: str, extra: dict[str, Any]) -> None:
        endpoint = self._database.instance.instance_endpoint
        connection = {
            "conn_type": "postgres",
            "host": endpoint.hostname,
            "port": 5432,
            "schema": NAME,
            "login": login,
            "extra": {"sslmode": "verify-full", "sslrootcert": CERTIFICATES, **extra},
        }
        secretsmanager.Secret(
            self,
            name,
            secret_name=f"{self.prefix}/connections/{name}",
            # Nothing of it is secret.
            secret_string_value=SecretValue.unsafe_plain_text(json.dumps(connection)),
            removal_policy=removal_policy(self._environment),
        )

"""Clients for plain functions, made from Airflow's connections while a task runs.

Connections: sluice_warehouse (Postgres, as the loader), sluice_migrations (Postgres, as the owner
of all tables), aws_default, github (HTTP; its password is an optional token).
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import psycopg2
from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook
from airflow.providers.amazon.aws.hooks.secrets_manager import SecretsManagerHook
from airflow.providers.postgres.hooks.postgres import PostgresHook
from airflow.sdk import Connection
from airflow.sdk.exceptions import AirflowNotFoundException
from airflow.sdk.log import mask_secret
from botocore.exceptions import BotoCoreError, ClientError

from include.core.aws.batches import error_code
from include.core.aws.clients import UNCHECKED
from include.core.aws.objects import ObjectStore
from include.core.warehouse.migrations import bring_up_to_date
from include.core.web.client import Web
from include.errors import SluiceError, WarehouseRefusedError, WarehouseUnavailableError
from include.pipelines.github_csv_to_postgres import GitHub
from wiring.defaults import settings

if TYPE_CHECKING:
    from psycopg2.extensions import connection

    from include.contracts.github import GitHubDataset
    from include.core.runs.outbox import Notice
    from include.core.warehouse.connection import Connect

# A refused login has no SQLSTATE in psycopg2; RDS asks for tokens by way of PAM.
_PAM_REFUSAL = "PAM authentication failed"
_POSTGRES_PORT = 5432
WAREHOUSE, MIGRATIONS = "sluice_warehouse", "sluice_migrations"
# https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html#API_GetSecretValue_Errors
_REFUSALS = (
    "AccessDeniedException",
    "DecryptionFailure",
    "InvalidParameterException",
    "InvalidRequestException",
    "ResourceNotFoundException",
)


def warehouse() -> Connect:
    """Bring the warehouse up to date, and return what opens a connection of its loader.

    Raises:
        WarehouseUnavailableError, WarehouseRefusedError: it cannot be brought up to date.
    """
    loader = _opener(WAREHOUSE)
    bring_up_to_date(loader, migrations())
    return loader


def migrations() -> Connect:
    """What opens a connection of the owner, which may change tables and roles."""
    return _opener(MIGRATIONS)


class _Hook(PostgresHook):
    """Takes the password from the secret that the connection names, if any, at each connect.

    The extra password_secret is the ARN of a secret as RDS keeps it for its master user, which
    RDS rotates. Where RDS wants a token of that user instead, it gets one: it does so of members
    of rds_iam, and who has made a member is one itself since Postgres 16.
    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html
    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.html
    """

    ignored_extra_options = PostgresHook.ignored_extra_options | {"password_secret"}

    def get_conn(self) -> Any:
        secret = self.connection.extra_dejson.get("password_secret")
        if not secret:
            return super().get_conn()
        hook: Any = SecretsManagerHook  # it has no types
        self.connection.password = hook().get_secret_as_dict(secret)["password"]
        # Airflow masks what its own backends give; this password came past them.
        mask_secret(self.connection.password)
        try:
            return super().get_conn()
        except psycopg2.OperationalError as error:
            if _PAM_REFUSAL not in str(error):
                raise
            _, self.connection.password, _ = self.get_iam_token(self.connection)
            return super().get_conn()

    def get_iam_token(self, conn: Any) -> tuple[str, str, int]:
        """A name, a fresh token for it in place of a password, and the port.

        The provider's own makes a client at each connect, which takes longer than most statements.
        """
        port = conn.port or _POSTGRES_PORT
        return conn.login, _rds().generate_db_auth_token(conn.host, port, conn.login), port


def _opener(conn_id: str) -> Connect:
    hook = _Hook(postgres_conn_id=conn_id)

    def connect() -> connection:
        try:
            return cast("connection", hook.get_conn())  # psycopg 3 is not installed
        except (BotoCoreError, ClientError) as error:
            raise _no_password(conn_id, error) from None

    return connect


def _no_password(conn_id: str, error: BotoCoreError | ClientError) -> SluiceError:
    problem = f"AWS gives no password for {conn_id}"
    # No answer at all: the network, or the endpoint, may come back.
    if not isinstance(error, ClientError):
        return WarehouseUnavailableError(f"{problem}: {type(error).__name__}")
    code = error_code(error)
    kind = WarehouseRefusedError if code in _REFUSALS else WarehouseUnavailableError
    return kind(f"{problem}: it answered {code} to {error.operation_name}")


@cache
def _aws() -> tuple[Any, AwsBaseHook]:
    """The session of this process, and the hook that knows the connection.

    Each session reads what botocore knows of all services anew, and a hook's own client looks
    through the source of all its callers for their names. With four clients, both together take
    longer than most tasks work.
    """
    hook = AwsBaseHook(client_type="sts")
    return hook.get_session(), hook


@cache
def _rds() -> Any:
    return aws_client("rds")


def aws_client(service: str) -> Any:
    """A boto3 client of one AWS service."""
    session, hook = _aws()
    return session.client(
        service,
        endpoint_url=hook.conn_config.get_service_endpoint_url(service_name=service),
        config=UNCHECKED.merge(hook.config) if hook.config else UNCHECKED,
        verify=hook.verify,
    )


def lake() -> ObjectStore:
    """The bucket of the raw archive and of hand-overs."""
    return ObjectStore(client=aws_client("s3"), bucket=settings().lake_bucket)


def github(dataset: GitHubDataset) -> GitHub:
    """GitHub, as far as the dataset may reach it."""
    here = settings()
    addresses = (here.github_api_url, here.github_raw_url)
    stand_ins = {
        address for address in addresses if urlsplit(address).hostname not in dataset.hosts
    }
    web = Web(
        hosts=dataset.hosts,
        stand_ins=tuple(sorted(stand_ins)),
        request_seconds=dataset.request_seconds,
        retry_seconds=here.source_retry_seconds or dataset.retry_seconds,
    )
    return GitHub(web=web, api_url=addresses[0], raw_url=addresses[1], token=password_of("github"))


def password_of(connection: str) -> str | None:
    """The password of one of Airflow's connections; None where there is no such connection."""
    try:
        password: str | None = Connection.get(connection).password
    except AirflowNotFoundException:
        return None
    return password


def publish(notice: Notice) -> None:
    """Send a notice to SNS."""
    aws_client("sns").publish(
        TopicArn=settings().alerts_topic_arn,
        Subject=notice.subject,
        Message=notice.body,
        MessageAttributes={
            name: {"DataType": "String", "StringValue": value}
            for name, value in notice.attributes.items()
        },
    )

"""Clients for plain functions, made from Airflow's connections while a task runs.

Connections: sluice_warehouse (Postgres), aws_default, github (HTTP; its password is an optional
token).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook
from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.providers.amazon.aws.hooks.sns import SnsHook
from airflow.providers.postgres.hooks.postgres import PostgresHook
from airflow.sdk import Connection, get_current_context
from airflow.sdk.exceptions import AirflowNotFoundException

from include.core.objects import ObjectStore
from include.core.stage_events import StageEvents
from include.core.web import Web
from include.pipelines.github_csv_to_postgres import GitHub
from wiring.defaults import settings

if TYPE_CHECKING:
    from include.core.contract import GitHubDataset
    from include.core.outbox import Notice
    from include.core.postgres import Connect

WAREHOUSE = "sluice_warehouse"


def warehouse() -> Connect:
    """What opens a connection to the warehouse."""
    hook = PostgresHook(postgres_conn_id=WAREHOUSE)
    return cast("Connect", hook.get_conn)  # psycopg 3 is not installed


def aws_client(service: str) -> Any:
    """A boto3 client of one AWS service."""
    return AwsBaseHook(client_type=service).get_conn()


def stage_events(pipeline: str) -> StageEvents:
    """The bus that is told of each stage of this run."""
    ti = get_current_context()["ti"]
    return StageEvents(
        client=aws_client("events"),
        bus=settings().events_bus,
        pipeline=pipeline,
        dag_id=ti.dag_id,
        run_id=ti.run_id,
    )


def lake() -> ObjectStore:
    """The bucket of the raw archive and of hand-overs."""
    return ObjectStore(client=S3Hook().get_conn(), bucket=settings().lake_bucket)


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
    return GitHub(web=web, api_url=addresses[0], raw_url=addresses[1], token=_github_token())


def _github_token() -> str | None:
    try:
        token: str | None = Connection.get("github").password
    except AirflowNotFoundException:
        return None
    return token


def publish(notice: Notice) -> None:
    """Hand a notice to SNS."""
    hook: Any = SnsHook  # it has no types
    hook().publish_to_target(
        target_arn=settings().alerts_topic_arn,
        subject=notice.subject,
        message=notice.body,
        message_attributes=notice.attributes,
    )

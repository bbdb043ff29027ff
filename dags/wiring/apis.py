"""What the tasks of api_to_lake work with, and the form of its DAGs."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowSkipException

from include.core.aws.hand_over import HandOver
from include.core.web.client import Web
from include.core.web.origins import origin_of
from include.errors import CredentialsRefusedError
from include.pipelines.api_to_lake import FetchResources, LakeResources, UnansweredCallError
from wiring import run_input
from wiring.clients import aws_client, lake, password_of, warehouse
from wiring.defaults import settings
from wiring.task_context import task_folder, this_run

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from include.contracts.apis import ApiDataset
    from include.pipelines.api_to_lake import (
        PublishedHour,
        StoredHour,
    )

# The form in the UI; the API and the command line are held to the same schema.
PARAMS = {
    "as_of": run_input.moment_param(
        title="Hour",
        description=(
            "The hour that this moment is in, in the time zone at the bottom left of the page. "
            "Empty: the hour of the logical date, which is now unless you changed it."
        ),
    ),
    "refetch": run_input.switch_param(
        title="Ask again",
        description="Ask the API also for what is in the raw zone, and use the new answers.",
    ),
}
_GOOD_HOURS = "GoodHours"
_NAMESPACE = "Sluice"
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html
_OLDEST_METRIC = timedelta(days=13)


class Asked(run_input.Moments):
    """What resolve_hour returns: the moments, of which as_of is a full hour, and the switch."""

    refetch: bool


def resolve_hour(*, params: Mapping[str, Any], run: Any) -> Asked:
    """Check what a run was given, and find its hour.

    Arguments:
        params: the run's parameters with their defaults.
        run: Airflow's dag_run; unknown names in what it was triggered with are refused.

    Raises:
        RunInputError: an unknown name, a wrong type, or a moment in the future.
    """
    run_input.refuse_unknown(run.conf, PARAMS)
    moments = run_input.moments_asked(params["as_of"], run)
    as_of = datetime.fromisoformat(moments["as_of"])
    return Asked(
        as_of=as_of.replace(minute=0, second=0).isoformat(),
        started_at=moments["started_at"],
        refetch=run_input.switched("refetch", params["refetch"], default=False),
    )


def hour_of(asked: Asked) -> datetime:
    """The hour that a run is about."""
    return datetime.fromisoformat(asked["as_of"])


@contextmanager
def fetch_resources(dataset: ApiDataset) -> Iterator[FetchResources]:
    """What asking an API works with; its folder is gone at the end.

    Raises:
        CredentialsRefusedError: there is no key.
    """
    here = settings()
    web = Web(
        hosts=(origin_of(dataset.url).host,),
        stand_ins=(here.api_stand_in,) if here.api_stand_in else (),
        request_seconds=dataset.request_seconds,
        retry_seconds=here.source_retry_seconds or dataset.retry_seconds,
    )
    with _hand_over() as hand_over:
        yield FetchResources(
            web=web,
            stand_in=here.api_stand_in.rstrip("/"),
            key=_key(dataset),
            late_seconds=here.api_late_seconds,
            connect=warehouse(),
            hand_over=hand_over,
        )


@contextmanager
def lake_resources() -> Iterator[LakeResources]:
    """What filling a table of the lake works with; its folder is gone at the end."""
    with _hand_over() as hand_over:
        yield LakeResources(
            hand_over=hand_over,
            connect=warehouse(),
            glue=aws_client("glue"),
            database=settings().lake_database,
            memory=settings().duckdb_memory,
            ui_url=settings().ui_url,
        )


@contextmanager
def skipping_unanswered() -> Iterator[None]:
    """Skip a task whose call has no answer: the hour goes on without it."""
    try:
        yield
    except UnansweredCallError as error:
        raise AirflowSkipException(str(error)) from None


def unless_skipped(stored: StoredHour) -> StoredHour:
    """What store_raw has stored; in an hour that has no answer the task is skipped instead."""
    if stored["state"] == "skipped":
        raise AirflowSkipException("No call of this hour has an answer")
    return stored


def count_good_hour(dataset: ApiDataset, published: PublishedHour | None, asked: Asked) -> None:
    """Count an hour that is in the table, at its own time, for the alarm of missing hours."""
    as_of = hour_of(asked)
    if published is None or datetime.now(timezone.utc) - as_of > _OLDEST_METRIC:
        return
    dimensions = {"Database": settings().lake_database, "Dataset": dataset.name}
    value = {
        "MetricName": _GOOD_HOURS,
        "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
        "Timestamp": as_of,
        "Value": 1,
    }
    aws_client("cloudwatch").put_metric_data(Namespace=_NAMESPACE, MetricData=[value])


@contextmanager
def _hand_over() -> Iterator[HandOver]:
    with task_folder() as folder:
        yield HandOver(store=lake(), prefix=this_run().work_prefix, folder=folder)


def _key(dataset: ApiDataset) -> str:
    name = dataset.key.connection
    # A key pasted into a connection often brings a line feed along.
    key = (password_of(name) or "").strip()
    if not key:
        raise CredentialsRefusedError(f"There is no key: set the password of the connection {name}")
    return key

"""What QuickSight shows of the warehouse: read again after each load, in environments with it.

The tasks are there only where the settings name QuickSight's data sets.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import get_current_context, task
from airflow.sdk.exceptions import AirflowSkipException, AirflowTaskTimeout

from include.contracts.charts import daily_chart
from include.core.aws.secrets import RenewedSecret
from include.core.warehouse.charts_login import renew_charts_login
from wiring.clients import aws_client, migrations
from wiring.defaults import settings
from wiring.failures import cause_of, records_cause

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.contracts.github import GitHubDataset
    from wiring.run_input import RunInput

log = logging.getLogger(__name__)

# A table of a million rows takes a minute or two.
_LONGEST = timedelta(minutes=10)
_SECONDS_BETWEEN_LOOKS = 10


def refresh_charts(dataset: GitHubDataset, asked: Any, *, after: Any) -> Any:
    """Add the tasks that have QuickSight read a table again, if it is shown there.

    Neither fails a run: the load is done by then, and charts show the one before until the next.

    Arguments:
        dataset: what is loaded.
        asked: the run's input, of which a dry run is skipped.
        after: the task that ends the load.

    Returns:
        What it is given as after.
    """
    prefix = settings().quicksight_datasets
    if prefix is None or daily_chart(dataset) is None:
        return after
    # Tasks load the DAG's file, and most environments have no QuickSight.
    from wiring.charts_refresh import RefreshDataSet  # noqa: PLC0415

    refresh = RefreshDataSet(
        task_id="refresh_charts",
        data_set_id=f"{prefix}-{dataset.name}",
        # Each try is an ingestion of its own.
        ingestion_id="{{ ti.id }}-{{ ti.try_number }}",
        check_interval=_SECONDS_BETWEEN_LOOKS,
        do_xcom_push=False,
        execution_timeout=_LONGEST,
        retries=2,
    )
    after >> prepare_charts(asked) >> refresh
    return after


def make_charts_login(after: Any) -> None:
    """Add the task that makes the user of QuickSight and its first password, where it is.

    This one may fail: QuickSight refuses a data source that it cannot log in to.
    """
    if settings().quicksight_datasets is not None:
        after >> make_login()


@task(task_id="make_charts_login")
@records_cause
def make_login() -> bool:
    return _renew()


@task(retries=2)
def prepare_charts(asked: RunInput) -> bool:
    if asked["dry_run"]:
        raise AirflowSkipException("A dry run has loaded nothing")
    with skipped_at_last():
        return _renew()


def _renew() -> bool:
    """Renew the password that QuickSight logs in with, where it is due."""
    name = settings().quicksight_secret or ""
    secret = RenewedSecret(client=aws_client("secretsmanager"), name=name)
    return renew_charts_login(migrations(), secret)


@contextmanager
def skipped_at_last() -> Iterator[None]:
    """Let what fails be tried again, and skip the task when there is no try left.

    Raises:
        AirflowSkipException: instead of the error of the last try.
    """
    try:
        yield
    except (Exception, AirflowTaskTimeout) as error:
        ti: Any = get_current_context()["ti"]
        if ti.try_number <= ti.max_tries:
            raise
        log.warning("QuickSight still shows the load before: %s", cause_of(error))
        raise AirflowSkipException("QuickSight still shows the load before") from None

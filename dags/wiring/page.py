"""What a run leaves for the page of Sluice in the UI."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from airflow.sdk.exceptions import AirflowException
from botocore.exceptions import BotoCoreError, ClientError

from include.core.summaries import charts, summary
from include.core.warehouse.connection import transaction
from include.datasets import github_datasets
from include.errors import SluiceError
from wiring.clients import lake, warehouse

if TYPE_CHECKING:
    from include.contracts.github import GitHubDataset

log = logging.getLogger(__name__)


def summarise(sink: str, *, dag_id: str) -> None:
    """Write the summary of a sink anew, from the warehouse.

    Arguments:
        sink: as the ledger knows it.
        dag_id: the DAG that writes to it.

    Raises:
        WarehouseUnavailableError, WarehouseRefusedError: as Postgres says.
        ClientError: as S3 says.
    """
    dataset = _dataset_of(sink)
    chart = charts.chart_of(dataset.table, dataset.rules) if dataset else None
    drawn = None
    with transaction(warehouse(), doing=f"summarise {sink}") as cursor:
        told = summary.read_told(cursor, sink)
        if dataset and chart:
            points = charts.read_points(cursor, dataset.table, chart)
            drawn = summary.Drawn(chart=chart, points=points)
    about = {
        "dag_id": dag_id,
        "title": dataset.title if dataset else dag_id,
        "schedule": dataset.schedule if dataset else None,
    }
    summary.write_summary(lake(), sink, told, drawn=drawn, about=about)


def refresh(sink: str, *, dag_id: str) -> None:
    """Write the summary of a sink after a run; its work is done, and does not fail by this.

    The page shows how old a summary is, and the DAG summarise writes all of them anew.
    """
    try:
        summarise(sink, dag_id=dag_id)
    except (SluiceError, AirflowException, BotoCoreError, ClientError) as error:
        log.warning("The page shows no news of %s: %s", sink, type(error).__name__)


def _dataset_of(sink: str) -> GitHubDataset | None:
    return next((each for each in github_datasets() if each.table.sink == sink), None)

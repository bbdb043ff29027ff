"""What the tasks of the upload pipelines work with, opened from Airflow's connections."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from include.core.arrivals.complete import EndResources
from include.core.arrivals.resources import Resources
from include.pipelines.csv_upload_to_dynamodb import ItemResources, StageEvents
from include.pipelines.csv_upload_to_sqs import DeliverResources
from include.pipelines.table_export_to_kinesis import Athena, ExportResources
from wiring.clients import aws_client, lake, warehouse
from wiring.defaults import settings
from wiring.task_context import task_folder, this_run
from wiring.uploads.pipelines import current_pipeline

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from include.core.runs.ledger import RunOfSink
    from wiring.uploads.pipelines import UploadPipeline


@contextmanager
def deliver_resources() -> Iterator[DeliverResources]:
    """What deliver works with; its folder is gone at the end."""
    with task_folder() as folder:
        yield DeliverResources(
            **_opened(folder),
            queue=aws_client("sqs"),
            queue_url=settings().json_queue_url,
        )


@contextmanager
def item_resources() -> Iterator[ItemResources]:
    """What a task of csv_upload_to_dynamodb works with; its folder is gone at the end."""
    with task_folder() as folder:
        yield ItemResources(
            **_opened(folder),
            table=aws_client("dynamodb"),
            table_name=settings().items_table,
            events=StageEvents(
                client=aws_client("events"),
                bus=settings().events_bus,
                pipeline=current_pipeline().name,
                run=this_run(),
            ),
        )


@contextmanager
def export_resources() -> Iterator[ExportResources]:
    """What a task of table_export_to_kinesis works with; its folder is gone at the end."""
    with task_folder() as folder:
        yield ExportResources(
            **_opened(folder),
            stream=aws_client("kinesis"),
            stream_name=settings().changes_stream,
            athena=_athena,
        )


@contextmanager
def resources_of(pipeline: UploadPipeline) -> Iterator[Resources]:
    """What looking at a pipeline's files takes, which is no run of that pipeline; as above."""
    with task_folder() as folder:
        yield Resources(**_opened(folder, pipeline))


@contextmanager
def end_resources(run: RunOfSink) -> Iterator[EndResources]:
    """What the end of a run works with; its folder is gone at the end."""
    with task_folder() as folder:
        yield EndResources(
            **_opened(folder) | {"run": run},
            queue=current_pipeline().queue(),
            ui_url=settings().ui_url,
        )


def _athena() -> Athena:
    here = settings()
    return Athena(
        client=aws_client("athena"),
        glue=aws_client("glue"),
        database=here.glue_database,
        workgroup=here.athena_workgroup,
        lake=lake(),
    )


def _opened(folder: Path, pipeline: UploadPipeline | None = None) -> dict[str, Any]:
    """What each of these tasks works with; the names are those of core/arrivals/resources.py."""
    return {
        "run": this_run(),
        "connect": warehouse(),
        "landing": (pipeline or current_pipeline()).landing(),
        "lake": lake(),
        "folder": folder,
        "memory": settings().duckdb_memory,
    }

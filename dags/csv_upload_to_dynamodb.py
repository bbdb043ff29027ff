"""CSV files that land in S3 into items of a DynamoDB table, with a tally of every row.

**Reads** files below uploads/dynamodb/ in the landing bucket, each version once.

**Writes** an item a row, unless the table has it from a later file; an event a chunk and stage to
the bus; ops.arrival, ops.run and ops.rejected_row in one transaction; a notice to SNS.

**Runs** when a file lands; by hand with the form (a key, or a prefix); when the sweep finds a file
whose event was lost. Writes of all runs share the pool dynamodb_writes.

**Safe to rerun because** a file that is done is known by its version, and an item is written only
over one of an earlier file.

**If it fails**, the notice names file and cause. Other files of the run are done. The failed one
is tried three times, then its message waits in the dead-letter queue; mend the file and upload it
again, or clear the task once the cause is gone. receive: S3 or the database is out of reach.
extract: the file broke its contract. transform, load, observe: DynamoDB or EventBridge is out of
reach. settle: a file failed, or ids are missing from the table, which ops.run names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import TriggerRule, dag, get_current_context, task, task_group

from include.datasets import item_uploads, upload_of
from include.pipelines import csv_upload_to_dynamodb as pipeline
from wiring import arrivals, upload_input
from wiring.clients import aws_client, lake, stage_events, warehouse
from wiring.defaults import dag_defaults, settings
from wiring.failures import accountable, notify_failure
from wiring.task_context import name_in_ui, run_work, task_folder
from wiring.upload_pipelines import CSV_UPLOAD_TO_DYNAMODB as SELF

if TYPE_CHECKING:
    from include.core.upload_contract import ItemUpload

UPLOADS = item_uploads()


@task
@accountable
def receive() -> list[dict[str, Any]]:
    return arrivals.receive(SELF)


@task(map_index_template="{{ file_name }}")
@accountable
def extract(file: dict[str, Any], files: list[dict[str, Any]]) -> dict[str, Any]:
    name_in_ui(file_name=file["key"])
    run: Any = get_current_context()["dag_run"]
    with task_folder() as folder:
        return pipeline.extract(
            upload_of(UPLOADS, file["key"]),
            file,
            dag_id=run.dag_id,
            run_id=run.run_id,
            files=len(files),
            connect=warehouse(),
            landing=aws_client("s3"),
            store=lake(),
            events=stage_events(SELF.name),
            work=run_work(),
            folder=folder,
            memory=settings().duckdb_memory,
        )


@task(trigger_rule=TriggerRule.ALL_DONE)
@accountable
def list_chunks(extracted: Any) -> list[dict[str, Any]]:
    return [chunk for file in arrivals.each_of(extracted) for chunk in file["chunks"]]


@task(map_index_template="{{ chunk_name }}")
@accountable
def transform(chunk: dict[str, Any]) -> dict[str, Any]:
    with task_folder() as folder:
        events = stage_events(SELF.name)
        return pipeline.transform(
            _upload(chunk), chunk, store=lake(), events=events, work=run_work(), folder=folder
        )


@task(map_index_template="{{ chunk_name }}", pool="dynamodb_writes")
@accountable
def load(chunk: dict[str, Any]) -> dict[str, Any]:
    with task_folder() as folder:
        return pipeline.load(
            _upload(chunk),
            chunk,
            connect=warehouse(),
            table=aws_client("dynamodb"),
            table_name=settings().items_table,
            store=lake(),
            events=stage_events(SELF.name),
            folder=folder,
        )


@task(map_index_template="{{ chunk_name }}")
@accountable
def observe(chunk: dict[str, Any]) -> dict[str, Any]:
    with task_folder() as folder:
        table, name = aws_client("dynamodb"), settings().items_table
        return pipeline.observe(
            _upload(chunk), chunk, table=table, table_name=name, store=lake(), folder=folder
        )


def _upload(chunk: dict[str, Any]) -> ItemUpload:
    name_in_ui(chunk_name=f"{chunk['file']['key']} {chunk['number']}")
    return upload_of(UPLOADS, chunk["file"]["key"])


@task(trigger_rule=TriggerRule.ALL_DONE)
@accountable
def settle(extracted: Any, chunks: Any, observed: Any) -> dict[str, Any]:
    with task_folder() as folder:
        results = pipeline.tally(
            arrivals.each_of(extracted),
            arrivals.each_of(observed),
            store=lake(),
            work=run_work(),
            folder=folder,
        )
    events = stage_events(SELF.name)
    return arrivals.settle(
        SELF,
        arrivals.name_causes(results, chunks, ("write.transform", "write.load", "write.observe")),
        worked_by="extract",
        on_failed=lambda file, cause: pipeline.failed(events, file, cause=cause),
    )


@task
@accountable
def announce(settled: dict[str, Any]) -> list[str]:  # noqa: ARG001 -- it comes after
    return arrivals.announce()


@dag(
    dag_id=SELF.name,
    description="CSV files that land in S3 into items of a DynamoDB table, every row tallied.",
    doc_md=__doc__,
    schedule=SELF.asset(),
    params=upload_input.PARAMS,
    tags=["s3", "dynamodb", "uploads"],
    on_failure_callback=notify_failure(
        dataset=SELF.name, sink=SELF.sink, on_record=arrivals.release_files
    ),
    **dag_defaults(owner="data-platform"),
)
def wire() -> None:
    # To a type checker a task returns what its function does; Airflow hands on a promise.
    @task_group
    def write(chunk: Any) -> Any:
        transformed: Any = transform(chunk)
        loaded: Any = load(transformed)
        return observe(loaded)

    files: Any = receive()
    extracted: Any = extract.partial(files=files).expand(file=files)
    chunks: Any = list_chunks(extracted)
    settled: Any = settle(extracted, chunks, write.expand(chunk=chunks))
    announce(settled)


wire()

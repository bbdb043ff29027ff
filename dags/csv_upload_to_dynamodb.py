"""CSV files that land in S3 into items of a DynamoDB table, with a tally of every row.

**Reads**

- files below uploads/dynamodb/ in the landing bucket, each version once

**Writes**

- an item a row, unless the table has it from a later file
- an event a chunk and stage, to the bus
- ops.arrival, ops.run and ops.rejected_row, in one transaction
- a notice to SNS
- an event of the sink's asset

**Runs**

- when a file lands
- by hand with the form: a key, or a prefix
- when the sweep finds a file whose event was lost

Writes of all runs share the pool dynamodb_writes.

**Safe to rerun because**

- a file that is done is known by its version
- an item is written only over one of an earlier file

**If it fails**

- The notice names file and cause. Other files of the run are done.
- A file that is at fault itself fails once. Fix it and upload it again.
- Any other failure is tried again by up to three runs; then the file's message waits in the
  dead-letter queue.

| task | why it fails |
| --- | --- |
| receive | S3 or the database is out of reach |
| extract | the file broke its contract; or, for a small file, as below |
| transform, load, observe | DynamoDB or EventBridge is out of reach |
| settle | a file failed, or ids are missing from the table: ops.run names them |
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from airflow.sdk import TriggerRule, dag, task, task_group

from include.datasets import item_uploads, upload_of
from include.pipelines import csv_upload_to_dynamodb as pipeline
from wiring.failures import records_cause
from wiring.task_context import name_in_ui
from wiring.uploads.defaults import upload_dag_defaults
from wiring.uploads.pipelines import CSV_UPLOAD_TO_DYNAMODB
from wiring.uploads.resources import item_resources
from wiring.uploads.tasks import (
    JSON,
    add_causes,
    announce_to,
    finish_upload_run,
    receive,
    recording_cause,
    results_of,
    skip_mapping,
)

if TYPE_CHECKING:
    from include.contracts.uploads import ItemUpload
    from include.core.arrivals.claim import ReceivedFile

UPLOADS = item_uploads()
STAGES = ("write.transform", "write.load", "write.observe")


@task(map_index_template="{{ file_name }}", **JSON, pool="dynamodb_writes")
@records_cause
def extract(file: ReceivedFile, files: list[ReceivedFile]) -> pipeline.ExtractedFile:
    name_in_ui(file_name=file["key"])
    with recording_cause(file), item_resources() as resources:
        upload = upload_of(UPLOADS, file["key"])
        extracted = pipeline.take_in(upload, file, files=len(files), resources=resources)
    left = len(files) > 1 or pipeline.chunks_to_write([extracted])
    return extracted if left else skip_mapping("list_chunks", extracted)


@task(trigger_rule=TriggerRule.ALL_DONE, **JSON)
@records_cause
def list_chunks(extracted: Any) -> list[pipeline.Chunk]:
    return pipeline.chunks_to_write(results_of(extracted))


@task(map_index_template="{{ chunk_name }}", **JSON)
@records_cause
def transform(chunk: pipeline.Chunk) -> pipeline.TransformedChunk:
    with recording_cause(chunk["file"]), item_resources() as resources:
        return pipeline.transform(_upload(chunk), chunk, resources=resources)


@task(map_index_template="{{ chunk_name }}", **JSON, pool="dynamodb_writes")
@records_cause
def load(chunk: pipeline.TransformedChunk) -> pipeline.LoadedChunk:
    with recording_cause(chunk["file"]), item_resources() as resources:
        return pipeline.load(_upload(chunk), chunk, resources=resources)


@task(map_index_template="{{ chunk_name }}", **JSON)
@records_cause
def observe(chunk: pipeline.LoadedChunk) -> pipeline.ObservedChunk:
    with recording_cause(chunk["file"]), item_resources() as resources:
        return pipeline.observe(_upload(chunk), chunk, resources=resources)


def _upload(chunk: pipeline.Chunk) -> ItemUpload:
    name_in_ui(chunk_name=f"{chunk['file']['key']} {chunk['number']}")
    return upload_of(UPLOADS, chunk["file"]["key"])


@task(trigger_rule=TriggerRule.ALL_DONE, multiple_outputs=False)
@records_cause
def settle(extracted: Any, chunks: Any, observed: Any) -> dict[str, int]:
    with item_resources() as resources:
        results = pipeline.tally(results_of(extracted), results_of(observed), resources=resources)
    add_causes(results, chunks, STAGES)
    failed = partial(pipeline.report_failure, resources.events)
    return finish_upload_run(results, mapped_task="extract", on_failed=failed)


@task_group
def write(chunk: Any) -> Any:
    transformed: Any = transform(chunk)
    loaded: Any = load(transformed)
    return observe(loaded)


@dag(
    description="CSV files that land in S3 into items of a DynamoDB table, every row tallied.",
    doc_md=__doc__,
    schedule=CSV_UPLOAD_TO_DYNAMODB.asset(),
    tags=["s3", "dynamodb", "uploads"],
    **upload_dag_defaults(CSV_UPLOAD_TO_DYNAMODB),
)
def wire() -> None:
    # To a type checker a task returns what its function does; Airflow passes a promise.
    files: Any = receive()
    extracted: Any = extract.partial(files=files).expand(file=files)
    chunks: Any = list_chunks(extracted)
    announce_to(CSV_UPLOAD_TO_DYNAMODB)(settle(extracted, chunks, write.expand(chunk=chunks)))


wire()

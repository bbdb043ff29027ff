"""CSV files that land in S3 into items of a DynamoDB table, with a tally of every row.

**Reads**

- files below uploads/dynamodb/ in the landing bucket, each version once

**Writes**

- an item a row, unless the table has it from a later file
- an event a chunk and stage, to the bus
- ops.arrival, ops.run and ops.rejected_row, in one transaction
- a notice to SNS

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
- A file that is at fault itself fails once. Mend it and upload it again.
- Any other failure is tried again by up to three runs; then the file's message waits in the
  dead-letter queue.

| task | why it fails |
| --- | --- |
| receive | S3 or the database is out of reach |
| extract | the file broke its contract |
| transform, load, observe | DynamoDB or EventBridge is out of reach |
| settle | a file failed, or ids are missing from the table: ops.run names them |
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from airflow.sdk import TriggerRule, dag, task, task_group

from include.datasets import item_uploads, upload_of
from include.pipelines import csv_upload_to_dynamodb as pipeline
from wiring.clients import stage_events
from wiring.failures import records_cause
from wiring.task_context import name_in_ui
from wiring.uploads import tasks as arrivals
from wiring.uploads.item_places import item_places
from wiring.uploads.pipelines import CSV_UPLOAD_TO_DYNAMODB as SELF

if TYPE_CHECKING:
    from include.contracts.uploads import ItemUpload

UPLOADS = item_uploads()
STAGES = ("transform", "load", "observe")
CHUNK = "{{ chunk_name }}"
# One XCom of what a task returns, instead of one more for each of its keys.
HAND_OVER: Any = {"multiple_outputs": False, "show_return_value_in_logs": False}


@task(map_index_template="{{ file_name }}", **HAND_OVER)
@records_cause
def extract(file: dict[str, Any], files: list[dict[str, Any]]) -> dict[str, Any]:
    name_in_ui(file_name=file["key"])
    with arrivals.showing_cause(SELF, file), item_places() as places:
        upload = upload_of(UPLOADS, file["key"])
        return pipeline.extract(upload, file, files=len(files), places=places)


@task(trigger_rule=TriggerRule.ALL_DONE, show_return_value_in_logs=False)
@records_cause
def list_chunks(extracted: Any) -> list[dict[str, Any]]:
    return [chunk for file in arrivals.each_of(extracted) for chunk in file["chunks"]]


@task(map_index_template=CHUNK, **HAND_OVER)
@records_cause
def transform(chunk: dict[str, Any]) -> dict[str, Any]:
    with arrivals.showing_cause(SELF, chunk["file"]), item_places() as places:
        return pipeline.transform(_upload(chunk), chunk, places=places)


@task(map_index_template=CHUNK, **HAND_OVER, pool="dynamodb_writes")
@records_cause
def load(chunk: dict[str, Any]) -> dict[str, Any]:
    with arrivals.showing_cause(SELF, chunk["file"]), item_places() as places:
        return pipeline.load(_upload(chunk), chunk, places=places)


@task(map_index_template=CHUNK, **HAND_OVER)
@records_cause
def observe(chunk: dict[str, Any]) -> dict[str, Any]:
    with arrivals.showing_cause(SELF, chunk["file"]), item_places() as places:
        return pipeline.observe(_upload(chunk), chunk, places=places)


def _upload(chunk: dict[str, Any]) -> ItemUpload:
    name_in_ui(chunk_name=f"{chunk['file']['key']} {chunk['number']}")
    return upload_of(UPLOADS, chunk["file"]["key"])


@task(trigger_rule=TriggerRule.ALL_DONE, multiple_outputs=False)
@records_cause
def settle(extracted: Any, chunks: Any, observed: Any) -> dict[str, Any]:
    with item_places() as places:
        found = arrivals.each_of(observed)
        results = pipeline.tally(arrivals.each_of(extracted), found, places=places)
    results = arrivals.name_causes(results, chunks, [f"write.{stage}" for stage in STAGES])
    tell = partial(pipeline.failed, stage_events(SELF.name))
    return arrivals.settle(SELF, results, worked_by="extract", on_failed=tell)


@task_group
def write(chunk: Any) -> Any:
    transformed: Any = transform(chunk)
    loaded: Any = load(transformed)
    return observe(loaded)


@dag(
    description="CSV files that land in S3 into items of a DynamoDB table, every row tallied.",
    doc_md=__doc__,
    schedule=SELF.asset(),
    tags=["s3", "dynamodb", "uploads"],
    **arrivals.dag_arguments(SELF),
)
def wire() -> None:
    # To a type checker a task returns what its function does; Airflow hands on a promise.
    files: Any = arrivals.receive_task(SELF)
    extracted: Any = extract.partial(files=files).expand(file=files)
    chunks: Any = list_chunks(extracted)
    arrivals.announce_task(settle(extracted, chunks, write.expand(chunk=chunks)))


wire()

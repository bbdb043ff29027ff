"""CSV files that land in S3 to a queue, one JSON message a row.

**Reads**

- files below uploads/sqs/ in the landing bucket, each version once

**Writes**

- a message a row to the JSON queue; or, as the dataset says, one JSON Lines file and a pointer
- ops.arrival, ops.run and ops.rejected_row, in one transaction
- a notice to SNS

**Runs**

- when a file lands
- by hand with the form: a key, or a prefix
- when the sweep finds a file whose event was lost

**Safe to rerun because**

- a file that is done is known by its version
- a delivery that was cut off goes on after the last acknowledged batch
- every message has an idempotency key

**If it fails**

- The notice names file and cause. Other files of the run are done.
- A file that is at fault itself fails once. Fix it and upload it again.
- Any other failure is tried again by up to three runs; then the file's message waits in the
  dead-letter queue.

| task | why it fails |
| --- | --- |
| receive | S3 or the database is out of reach |
| deliver | the file broke its contract, or the queue is out of reach |
| settle | a file failed |
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import TriggerRule, dag, task

from include.datasets import json_uploads, upload_of
from include.pipelines import csv_upload_to_sqs as pipeline
from wiring.failures import records_cause
from wiring.task_context import name_in_ui
from wiring.uploads.defaults import upload_dag_defaults
from wiring.uploads.pipelines import CSV_UPLOAD_TO_SQS
from wiring.uploads.resources import deliver_resources
from wiring.uploads.tasks import (
    announce,
    finish_upload_run,
    receive,
    recording_cause,
    results_of,
)

if TYPE_CHECKING:
    from include.core.arrivals.claim import ReceivedFile
    from include.core.arrivals.results import FileResult

UPLOADS = json_uploads()


@task(map_index_template="{{ file_name }}", multiple_outputs=False)
@records_cause
def deliver(file: ReceivedFile) -> FileResult:
    name_in_ui(file_name=file["key"])
    with recording_cause(file), deliver_resources() as resources:
        return pipeline.deliver(upload_of(UPLOADS, file["key"]), file, resources=resources)


@task(trigger_rule=TriggerRule.ALL_DONE, multiple_outputs=False)
@records_cause
def settle(delivered: Any) -> dict[str, int]:
    return finish_upload_run(results_of(delivered), mapped_task="deliver")


@dag(
    description="CSV files that land in S3 to a queue, one JSON message a row.",
    doc_md=__doc__,
    schedule=CSV_UPLOAD_TO_SQS.asset(),
    tags=["s3", "sqs", "uploads"],
    **upload_dag_defaults(CSV_UPLOAD_TO_SQS),
)
def wire() -> None:
    # To a type checker a task returns what its function does; Airflow passes a promise.
    files: Any = receive()
    delivered = deliver.expand(file=files)
    announce(settle(delivered))


wire()

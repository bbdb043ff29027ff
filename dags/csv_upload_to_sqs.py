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
- a delivery that was cut goes on after the last acknowledged batch
- every message has an idempotency key

**If it fails**

- The notice names file and cause. Other files of the run are done.
- A file that is at fault itself fails once. Mend it and upload it again.
- Any other failure is tried again by up to three runs; then the file's message waits in the
  dead-letter queue.

| task | why it fails |
| --- | --- |
| receive | S3 or the database is out of reach |
| deliver | the file broke its contract, or the queue is out of reach |
| settle | a file failed |
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import TriggerRule, dag, get_current_context, task

from include.datasets import json_uploads, upload_of
from include.pipelines import csv_upload_to_sqs as pipeline
from wiring.clients import aws_client, lake, warehouse
from wiring.defaults import settings
from wiring.failures import records_cause
from wiring.task_context import name_in_ui, run_work, task_folder
from wiring.uploads import tasks as arrivals
from wiring.uploads.pipelines import CSV_UPLOAD_TO_SQS as SELF

UPLOADS = json_uploads()


@task(map_index_template="{{ file_name }}", multiple_outputs=False)
@records_cause
def deliver(file: dict[str, Any]) -> dict[str, Any]:
    name_in_ui(file_name=file["key"])
    run: Any = get_current_context()["dag_run"]
    with arrivals.showing_cause(SELF, file), task_folder() as folder:
        return pipeline.deliver(
            upload_of(UPLOADS, file["key"]),
            file,
            dag_id=run.dag_id,
            run_id=run.run_id,
            connect=warehouse(),
            landing=aws_client("s3"),
            queue=aws_client("sqs"),
            queue_url=settings().json_queue_url,
            store=lake(),
            work=f"{run_work()}/{file['index']}",
            folder=folder,
        )


@task(trigger_rule=TriggerRule.ALL_DONE, multiple_outputs=False)
@records_cause
def settle(delivered: Any) -> dict[str, Any]:
    return arrivals.settle(SELF, arrivals.each_of(delivered), worked_by="deliver")


@dag(
    description="CSV files that land in S3 to a queue, one JSON message a row.",
    doc_md=__doc__,
    schedule=SELF.asset(),
    tags=["s3", "sqs", "uploads"],
    **arrivals.dag_arguments(SELF),
)
def wire() -> None:
    # To a type checker a task returns what its function does; Airflow hands on a promise.
    files: Any = arrivals.receive_task(SELF)
    arrivals.announce_task(settle(deliver.expand(file=files)))


wire()

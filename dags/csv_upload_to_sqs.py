"""CSV files that land in S3 to a queue, one JSON message a row.

**Reads**

- files below uploads/sqs/ in the landing bucket, each version once

**Writes**

- a message a row to the JSON queue; or, as the dataset says, one JSON Lines file and a pointer
- ops.arrival, ops.run and ops.rejected_row, in one transaction
- a notice to SNS
- an event of the sink's asset

**Runs**

- when a file lands
- by hand with the form: a key, or a prefix; of a file also its rejected rows alone
- when the sweep finds a file whose event was lost

The parts of large files, of all runs, share the pool sqs_sends.

**Safe to rerun because**

- a file that is done is known by its version
- a delivery that was cut off goes on after the last acknowledged batch, part by part
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
| deliver_part | the queue is out of reach |
| settle | a file failed, or parts of it were not sent |
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import TriggerRule, dag, task

from include.datasets import json_uploads, upload_of
from include.pipelines import csv_upload_to_sqs as pipeline
from wiring.failures import records_cause
from wiring.task_context import name_in_ui
from wiring.uploads.pipelines import CSV_UPLOAD_TO_SQS
from wiring.uploads.rejected import message_dag_defaults, receive_for_messages, rejected_of
from wiring.uploads.resources import deliver_resources
from wiring.uploads.tasks import (
    JSON,
    add_causes,
    announce_to,
    finish_upload_run,
    recording_cause,
    results_of,
    skip_mapping,
)

if TYPE_CHECKING:
    from include.core.arrivals.claim import ReceivedFile

UPLOADS = json_uploads()
STAGES = ("deliver_part",)


@task(map_index_template="{{ file_name }}", **JSON)
@records_cause
def deliver(file: ReceivedFile, files: list[ReceivedFile]) -> pipeline.DeliveredFile:
    name_in_ui(file_name=file["key"])
    with recording_cause(file), deliver_resources() as resources:
        upload = upload_of(UPLOADS, file["key"])
        delivered = pipeline.deliver(
            upload, file, files=len(files), resources=resources, rejected_of=rejected_of()
        )
    left = len(files) > 1 or pipeline.parts_to_send([delivered])
    return delivered if left else skip_mapping("find_parts", delivered)


@task(trigger_rule=TriggerRule.ALL_DONE, **JSON)
@records_cause
def find_parts(delivered: Any) -> list[pipeline.Part]:
    return pipeline.parts_to_send(results_of(delivered))


@task(map_index_template="{{ part_name }}", **JSON, pool="sqs_sends")
@records_cause
def deliver_part(part: pipeline.Part) -> pipeline.DeliveredPart:
    name_in_ui(part_name=f"{part['file']['key']} {part['number']}")
    with recording_cause(part["file"]), deliver_resources() as resources:
        upload = upload_of(UPLOADS, part["file"]["key"])
        return pipeline.deliver_part(upload, part, resources=resources)


@task(trigger_rule=TriggerRule.ALL_DONE, multiple_outputs=False)
@records_cause
def settle(delivered: Any, parts: Any, sent: Any) -> dict[str, int]:
    results = pipeline.tally(results_of(delivered), results_of(sent))
    add_causes(results, parts, STAGES)
    return finish_upload_run(results, mapped_task="deliver")


@dag(
    description="CSV files that land in S3 to a queue, one JSON message a row.",
    doc_md=__doc__,
    schedule=CSV_UPLOAD_TO_SQS.asset(),
    tags=["s3", "sqs", "uploads"],
    **message_dag_defaults(),
)
def wire() -> None:
    # To a type checker a task returns what its function does; Airflow passes a promise.
    files: Any = receive_for_messages()
    delivered: Any = deliver.partial(files=files).expand(file=files)
    parts: Any = find_parts(delivered)
    announce_to(CSV_UPLOAD_TO_SQS)(settle(delivered, parts, deliver_part.expand(part=parts)))


wire()

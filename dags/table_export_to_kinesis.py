"""Exports of whole tables that land in S3 as INSERT, UPDATE and DELETE operations on a stream.

**Reads**

- files below exports/ in the landing bucket, each version once
- the snapshot of the version that was published last, in the lake

**Writes**

- an operation a changed row to the changes stream, and an end record to each shard
- a snapshot of the export, which is kept as the base of the next delta
- ops.export, ops.run and ops.rejected_row, in one transaction
- a notice to SNS
- an event of the stream's asset, which starts kinesis_to_postgres

**Runs**

- when a file lands
- by hand with the form: a prefix such as exports/acme/orders/2026-01-31/ takes a version again
- when the sweep finds a file whose event was lost
- when a person has decided about a version that waits

The parts of large deltas, of all runs, share the pool kinesis_publishes. A task whose export Athena
compares gives its worker back until that has ended.

**Safe to rerun because**

- one run at a time has a table, and its commit checks that it still has it
- a publication that was cut off goes on after the last acknowledged batch, part by part
- the same delta has the same operations under the same numbers

**If it fails**

- The notice names file and cause. The version is not published; the next one is compared with the
  base that there was.
- A table that no dataset declares: the notice ends in the module to add. Add it, deploy, and take
  the version again with the form.
- A file that is at fault itself fails once. Fix it and export it as a newer version.
- Any other failure is tried again by up to three runs; then the file's message waits in the
  dead-letter queue.

| task | why it fails |
| --- | --- |
| register | S3 or the database is out of reach |
| compute | a file broke its contract, Athena failed, or another run has taken the table over |
| publish_part | the stream is out of reach |
| settle | a file failed, or parts of a delta were not published |
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from airflow.sdk import TriggerRule, dag, get_current_context, task

from include.core.exports.names import shown
from include.pipelines import table_export_to_kinesis as pipeline
from wiring.clients import warehouse
from wiring.declarations import declared
from wiring.export_operators import ComputeExport
from wiring.exports import export_dag_defaults, register_files
from wiring.failures import records_cause
from wiring.started_runs import start_runs
from wiring.task_context import name_in_ui, this_run
from wiring.uploads.pipelines import TABLE_EXPORT_TO_KINESIS
from wiring.uploads.resources import export_resources
from wiring.uploads.tasks import (
    JSON,
    add_causes,
    announce_to,
    finish_upload_run,
    results_of,
)

if TYPE_CHECKING:
    from include.core.runs.run import StartedRun

REGISTERED = "registered"
NOTHING: pipeline.Registered = {"work": [], "results": []}
STAGES = ("publish_part",)


@task(task_id="receive", **JSON)
@records_cause
def register() -> list[pipeline.ExportWork]:
    registered = register_files()
    get_current_context()["ti"].xcom_push(key=REGISTERED, value=registered)
    return registered["work"]


@task(trigger_rule=TriggerRule.ALL_DONE, **JSON)
@records_cause
def find_parts(computed: Any) -> list[pipeline.Part]:
    return pipeline.parts_to_publish(results_of(computed))


@task(map_index_template="{{ part_name }}", **JSON, pool="kinesis_publishes")
@records_cause
def publish_part(part: pipeline.Part) -> pipeline.PublishedPart:
    name_in_ui(part_name=f"{shown(part['export'])} {part['number']}")
    with export_resources() as resources:
        return pipeline.publish_part(declared(part["export"]), part, resources=resources)


@task(trigger_rule=TriggerRule.ALL_DONE, **JSON)
@records_cause
def settle(computed: Any, parts: Any, published: Any) -> list[StartedRun]:
    ti: Any = get_current_context()["ti"]
    registered: Any = ti.xcom_pull(task_ids="receive", key=REGISTERED) or NOTHING
    ends = pipeline.Settling(registered, results_of(computed), results_of(published))
    with export_resources() as resources:
        results = ends.results(resources)
    add_causes(results, parts, STAGES)
    entered = partial(ends.commit, run=this_run())
    finish_upload_run(results, mapped_task="compute", places=ends.places, on_entered=entered)
    return ends.next_runs(warehouse(), this_run())


@dag(
    description="Exports of whole tables that land in S3 as operations on a stream.",
    doc_md=__doc__,
    schedule=TABLE_EXPORT_TO_KINESIS.asset(),
    tags=["s3", "kinesis", "exports"],
    **export_dag_defaults(),
)
def wire() -> None:
    # To a type checker a task returns what its function does; Airflow passes a promise.
    works: Any = register()
    computed: Any = (
        ComputeExport.partial(
            task_id="compute",
            works=works,
            find_parts="find_parts",
            map_index_template="{{ export }}",
        )
        .expand(work=works)
        .output
    )
    parts: Any = find_parts(computed)
    settled: Any = settle(computed, parts, publish_part.expand(part=parts))
    announce_to(TABLE_EXPORT_TO_KINESIS)(settled)
    start_runs("start", settled)


wire()

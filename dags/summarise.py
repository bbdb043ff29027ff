"""What the page of Sluice in the UI shows, written anew from the warehouse and the lake.

**Reads**

- ops.run, ops.rejected_row and what each sink's chart is drawn of
- ops.missed_hour, ops.arrival, ops.export and ops.shrunken_snapshot
- how many messages the dead-letter queues have

**Writes**

- a summary a sink to the lake, below page/v1, also of sinks that no run has written to yet
- what needs a person, as page/v1/attention.json
- nothing else: no ledger row, and no notice unless it fails

It deletes summaries of sinks that are declared no more and have no run.

**Runs**

- every 15 minutes: what has news
- by hand: everything

**Safe to rerun because**

- it changes nothing that it reads
- of two writers at once the one that has seen the newer state stays

**If it fails**

- The page shows what it showed, and how old that is.
- Clear the task once the cause is gone.

| task | why it fails |
| --- | --- |
| write | the database or S3 is out of reach, or a summary could not be made: the cause names it |
| look | the database, S3 or SQS is out of reach |
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import dag, get_current_context, task

from wiring.defaults import dag_defaults, timed_tags
from wiring.failures import notify_failure, records_cause
from wiring.page import write_all, write_attention

NAME = "summarise"
SINK = "summaries"


@task(multiple_outputs=False)
@records_cause
def write() -> list[str]:
    run: Any = get_current_context()["dag_run"]
    # The clock asks four times an hour; who asks by hand has a reason.
    return write_all(anyway=str(getattr(run.run_type, "value", run.run_type)) == "manual")


@task
@records_cause
def look() -> int:
    return write_attention()


@dag(
    dag_id=NAME,
    description="What the page of Sluice in the UI shows, written anew.",
    doc_md=__doc__,
    schedule="*/15 * * * *",
    tags=timed_tags("page", "s3"),
    on_failure_callback=notify_failure(dataset=NAME, sink=SINK, form=()),
    **dag_defaults(owner="data-platform") | {"max_active_runs": 1},
)
def wire() -> None:
    write()
    look()


wire()

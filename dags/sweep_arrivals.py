"""Looks for files that landed in S3 and that no run has processed, and starts their pipeline.

**Reads**

- what is below the landing prefixes
- the registry ops.arrival
- ops.export, for exports whose run was lost

**Writes**

- runs of the upload pipelines
- ops.arrival, for files whose name no pipeline takes
- where it found either, a row in ops.run and one notice

**Runs**

- every 15 minutes
- by hand without parameters

**Safe to rerun because**

- each pipeline claims a file version in the registry before it works on it
- a run is started once for each run of the sweep

**If it fails**

- Nothing is lost: the next sweep looks again.

| task | why it fails |
| --- | --- |
| look | S3 or the database is out of reach |
| start | a pipeline's DAG is not there |
| tell | S3, the database or SNS is out of reach, or SNS refuses the notice |
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from airflow.sdk import dag, get_current_context, task

from include.core.arrivals.sweep import find, record_sweep, runs_to_start
from include.core.runs.notices import RunFacts
from include.pipelines.table_export_to_kinesis import runs_of_left
from wiring.clients import warehouse
from wiring.defaults import dag_defaults, settings, timed_tags
from wiring.failures import notify_failure, records_cause
from wiring.run_input import moments_of
from wiring.started_runs import start_runs
from wiring.task_context import run_of_sink, this_run
from wiring.uploads.pipelines import UPLOAD_PIPELINES
from wiring.uploads.tasks import send_notices

if TYPE_CHECKING:
    from include.core.arrivals.sweep import Found
    from include.core.runs.run import StartedRun

NAME = "sweep_arrivals"
SINK = "arrivals"


def _grace() -> datetime:
    return datetime.now(timezone.utc) - timedelta(seconds=settings().sweep_grace_seconds)


@task(multiple_outputs=True)
@records_cause
def look() -> dict[str, Found]:
    before = _grace()
    return {
        pipeline.name: find(pipeline.landing(), connect=warehouse(), before=before)
        for pipeline in UPLOAD_PIPELINES
    }


@task(multiple_outputs=False)
@records_cause
def plan(found: dict[str, Found]) -> list[StartedRun]:
    run = this_run()
    left = runs_of_left(warehouse(), run, before=_grace())
    return [*runs_to_start(found, name=run.run_id), *left]


@task(trigger_rule="none_failed")
@records_cause
def tell(found: dict[str, Found]) -> list[str]:
    dag_run: Any = get_current_context()["dag_run"]
    run = run_of_sink(SINK, moments_of(dag_run))
    facts = RunFacts(
        dag_id=run.dag_id,
        run_id=run.run_id,
        dataset=NAME,
        as_of=None,
        ui_url=settings().ui_url,
    )
    landings = [pipeline.landing() for pipeline in UPLOAD_PIPELINES]
    record_sweep(found, landings=landings, run=run, facts=facts, connect=warehouse())
    return send_notices()


@dag(
    dag_id=NAME,
    description="Starts upload pipelines for files whose event was lost.",
    doc_md=__doc__,
    schedule="*/15 * * * *",
    tags=timed_tags("s3", "uploads", "sweep"),
    on_failure_callback=notify_failure(dataset=NAME, sink=SINK),
    **dag_defaults(owner="data-platform") | {"max_active_runs": 1},
)
def wire() -> None:
    # To a type checker a task returns what its function does; Airflow passes a promise.
    found: Any = look()
    runs: Any = plan(found)
    start_runs("start", runs) >> tell(found)


wire()

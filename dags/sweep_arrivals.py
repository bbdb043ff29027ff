"""Looks for files that landed in S3 and that nobody has processed, and starts their pipeline.

**Reads**

- what is below the landing prefixes
- the registry ops.arrival

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
from typing import Any

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import dag, get_current_context, task

from include.core.arrivals import sweep as sweeping
from include.core.runs.notices import RunFacts
from wiring.clients import warehouse
from wiring.defaults import dag_defaults, settings, timed_tags
from wiring.failures import notify_failure, records_cause
from wiring.run_input import moments_of
from wiring.task_context import run_of_sink
from wiring.uploads import tasks as arrivals
from wiring.uploads.pipelines import UPLOAD_PIPELINES

NAME = "sweep_arrivals"
SINK = "arrivals"


@task
@records_cause
def look() -> dict[str, dict[str, list[dict[str, Any]]]]:
    grace = timedelta(seconds=settings().sweep_grace_seconds)
    return {
        pipeline.name: sweeping.find(
            pipeline.landing(),
            connect=warehouse(),
            before=datetime.now(timezone.utc) - grace,
        )
        for pipeline in UPLOAD_PIPELINES
    }


@task
@records_cause
def plan(found: dict[str, Any]) -> list[dict[str, Any]]:
    return sweeping.runs_to_start(found, name=get_current_context()["run_id"])


@task(trigger_rule="none_failed")
@records_cause
def tell(found: dict[str, Any]) -> list[str]:
    run: Any = get_current_context()["dag_run"]
    facts = RunFacts(
        dag_id=run.dag_id,
        run_id=run.run_id,
        dataset=NAME,
        as_of=None,
        ui_url=settings().ui_url,
    )
    sweeping.tell(
        found,
        landings=[pipeline.landing() for pipeline in UPLOAD_PIPELINES],
        run=run_of_sink(SINK, moments_of(run)),
        facts=facts,
        connect=warehouse(),
    )
    return arrivals.announce_run()


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
    # To a type checker a task returns what its function does; Airflow hands on a promise.
    found: Any = look()
    start = TriggerDagRunOperator.partial(
        task_id="start", skip_when_already_exists=True
    ).expand_kwargs(plan(found))
    start >> tell(found)


wire()

"""Rejected rows out of quarantine: read again under the contract of today, or set aside for good.

**Reads**

- ops.rejected_row, which knows the rows that wait and the versions that they are of
- whether the archive has these versions

**Writes**

- runs of the DAGs that rejected the rows, which read the versions again from the archive
- for rows that are set aside, that they are, and why, in ops.rejected_row
- a notice to SNS: how many rows were asked for, loaded, set aside and left

**Runs**

- by hand with the form: sink, code, file, version, action, why
- from the page, which starts it with the same fields

**Safe to rerun because**

- each run that reads a version again is started once
- a row leaves quarantine in the transaction that loads its version, and nowhere else
- a message that a queue has had before is not sent again

**If it fails**

- What was loaded stays, and so does what waits.
- Clear the failed tasks of the runs that the notice names, then wait and settle of this one.

| task | why it fails |
| --- | --- |
| plan | the database, the archive or the landing bucket is out of reach |
| start | a DAG that rejected rows is out of order |
| settle | a run that reads a version again has failed, or the database is out of reach |
| announce | SNS is out of reach, or refuses the notice |
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import TriggerRule, dag, get_current_context, task

from include.core.runs import repair
from wiring.clients import warehouse
from wiring.defaults import dag_defaults
from wiring.failures import notify_failure, records_cause
from wiring.replays import PARAMS, SINK, asked_for, settle_rows, ways
from wiring.started_runs import LONGEST_WAIT, start_runs, wait_for_runs
from wiring.task_context import this_run
from wiring.uploads.tasks import send_notices

if TYPE_CHECKING:
    from include.core.runs.run import StartedRun

NAME = "replay_rejects"


@task(multiple_outputs=False)
@records_cause
def plan() -> repair.Planned:
    context = get_current_context()
    asked, why = asked_for(params=context["params"], run=context["dag_run"])
    found = repair.find_waiting(warehouse(), asked)
    if why is not None:
        found["versions"] = []
    return repair.plan_runs(found, ways(), this_run())


# Airflow maps over what a task returns, and over no part of it.
@task(multiple_outputs=False)
@records_cause
def list_runs(planned: repair.Planned) -> list[StartedRun]:
    return planned["runs"]


# Rows that are set aside start no run, and their task is skipped.
@task(trigger_rule=TriggerRule.NONE_FAILED, multiple_outputs=False)
@records_cause
def settle(planned: repair.Planned, states: Any) -> dict[str, int]:
    return settle_rows(planned, dataset=NAME, states=states)


@task
@records_cause
def announce() -> list[str]:
    return send_notices()


@dag(
    dag_id=NAME,
    description="Reads rejected rows again under the contract of today, or sets them aside.",
    doc_md=__doc__,
    schedule=None,
    params=PARAMS,
    tags=["quarantine", "quality"],
    on_failure_callback=notify_failure(dataset=NAME, sink=SINK, form=PARAMS),
    **dag_defaults(owner="data-platform") | {"dagrun_timeout": LONGEST_WAIT},
)
def wire() -> None:
    # To a type checker a task returns what its function does; Airflow passes a promise.
    planned: Any = plan()
    runs: Any = list_runs(planned)
    waited: Any = wait_for_runs("wait", runs)
    start_runs("start", runs) >> waited
    settle(planned, waited.output) >> announce()


wire()

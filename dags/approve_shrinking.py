"""Asks a person whether data may be loaded that lacks more rows than its dataset allows.

**Reads**

- what the run that asks has written into this run's parameters: the counts, and the first keys
  that would go

**Writes**

- a question in the UI, under Required Actions
- after the answer, a run of the DAG that asked

**Runs**

- whenever a run meets such data and its dataset says that a person decides
- not by hand

**Safe to rerun because**

- the same question is asked once, and its answer starts one run
- the run that is started checks what was approved against what is there

**If it fails**

- Nothing was loaded. Clear the failed task; ask asks again.
- Without an answer in time it does not fail: that counts as Reject.

| task | why it fails |
| --- | --- |
| ask | Airflow's API is out of reach |
| start | the DAG that asked is not there any more, or is out of order |
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import dag, task

from wiring.defaults import dag_defaults, settings
from wiring.failures import notify_failure, records_cause
from wiring.questions import PARAMS, ask_person, no_command, runs_after_answer
from wiring.started_runs import start_runs

if TYPE_CHECKING:
    from include.core.runs.run import StartedRun

NAME = "approve_shrinking"
SINK = "questions"
# Each waits for days; none may keep another from being asked.
MOST_QUESTIONS = 1000

defaults = dag_defaults(owner="data-platform")


# After a refusal Airflow skips what follows the question, here the task approved alone.
@task(trigger_rule="none_failed")
@records_cause
def answer() -> list[StartedRun]:
    return runs_after_answer()


@dag(
    dag_id=NAME,
    description="Asks a person whether data that lacks many rows may be loaded.",
    doc_md=__doc__,
    schedule=None,
    params=PARAMS,
    tags=["approval", "quality"],
    on_failure_callback=notify_failure(dataset=NAME, sink=SINK, on_record=no_command),
    **defaults
    | {
        "max_active_runs": MOST_QUESTIONS,
        "dagrun_timeout": timedelta(seconds=settings().answer_seconds) + defaults["dagrun_timeout"],
    },
)
def wire() -> None:
    # To a type checker a task returns what its function does; Airflow passes a promise.
    answered: Any = answer()
    ask_person() >> EmptyOperator(task_id="approved") >> answered
    start_runs("start", answered)


wire()

"""Where a row comes from: each run that wrote, confirmed or refused it, and the lines it was in.

**Reads**

- ops.run, which knows what each run has read
- these files in the archive, again, by the present contract
- the row as it is now

**Writes**

- the answer to the lake, below page/v1/traces, for a week
- nothing else: no value is in a log, a notice or a result

**Runs**

- by hand with the form: sink, key
- by the page in the UI

**Safe to rerun because**

- it changes nothing, and the answer of a run replaces its own

**If it fails**

- The notice names task and cause.
- Clear the task once the cause is gone.

| task | why it fails |
| --- | --- |
| trace | the sink or the key is none, or the database, S3 or the worker's disk gives out |
"""

from __future__ import annotations

from airflow.sdk import dag, get_current_context, task

from wiring.defaults import dag_defaults
from wiring.failures import notify_failure, records_cause
from wiring.run_input import moments_of
from wiring.task_context import this_run
from wiring.tracing import PARAMS, answer, asked_for

NAME = "trace_row"
SINK = "traces"


@task
@records_cause
def trace() -> str:
    context = get_current_context()
    asked = asked_for(params=context["params"], run=context["dag_run"])
    return answer(asked, run_id=this_run().run_id, moments=moments_of(context["dag_run"]))


@dag(
    dag_id=NAME,
    description="Where a row comes from: runs, files, lines and values.",
    doc_md=__doc__,
    schedule=None,
    params=PARAMS,
    tags=["provenance", "archive"],
    # The key may be somebody's name: the notice has no command that repeats it.
    on_failure_callback=notify_failure(dataset=NAME, sink=SINK, form=()),
    **dag_defaults(owner="data-platform"),
)
def wire() -> None:
    trace()


wire()

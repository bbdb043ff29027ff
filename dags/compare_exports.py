"""What turns any version of an exported table into any other, shown and not published.

**Reads**

- ops.export, which knows the versions and their files
- the files of the version that is compared, in the landing bucket
- what was kept of the version before, in the lake; its files where nothing was kept

**Writes**

- counts and the first 20 operations, before and after, as the result of the task compare
- a notice to SNS, without values
- nothing else: no lease is taken, no state changes, nothing goes to the stream

**Runs**

- by hand with the form: tenant, table, from_version, to_version
- beside runs of table_export_to_kinesis, which do not notice it

**Safe to rerun because**

- it changes nothing

**If it fails**

- The notice names task and cause.
- Clear the task once the cause is gone.

| task | why it fails |
| --- | --- |
| compare | there is no such version, its files are gone, or a file breaks its contract |
| announce | SNS is out of reach, or refuses the notice |
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import dag, get_current_context, task

from include.core.runs.outbox import Notice
from include.pipelines import table_export_to_kinesis as pipeline
from wiring.clients import publish
from wiring.comparing import PARAMS, asked_for
from wiring.declarations import declared
from wiring.defaults import dag_defaults, settings
from wiring.failures import notify_failure, records_cause
from wiring.run_input import moments_of
from wiring.task_context import run_of_sink
from wiring.uploads.pipelines import TABLE_EXPORT_TO_KINESIS
from wiring.uploads.resources import resources_of

if TYPE_CHECKING:
    from include.pipelines.table_export_to_kinesis import Compared

NAME = "compare_exports"
SINK = "comparisons"


# What it returns has rows, which the log must not show.
@task(multiple_outputs=True, show_return_value_in_logs=False)
@records_cause
def compare() -> Compared:
    context = get_current_context()
    asked = asked_for(params=context["params"], run=context["dag_run"])
    run, dataset = run_of_sink(SINK, moments_of(context["dag_run"])), declared(asked)
    with resources_of(TABLE_EXPORT_TO_KINESIS) as resources:
        return pipeline.compare(
            dataset, asked, run=run, resources=resources, ui_url=settings().ui_url
        )


@task
@records_cause
def announce(notice: dict[str, Any]) -> list[str]:
    publish(Notice(**notice))
    return [notice["subject"]]


@dag(
    dag_id=NAME,
    description="What would change from one version of an exported table to another.",
    doc_md=__doc__,
    schedule=None,
    params=PARAMS,
    tags=["s3", "exports", "dry run"],
    on_failure_callback=notify_failure(dataset=NAME, sink=SINK, form=PARAMS),
    **dag_defaults(owner="data-platform"),
)
def wire() -> None:
    # To a type checker a task returns what its function does; Airflow passes a promise.
    compared: Any = compare()
    announce(compared["notice"])


wire()

"""Operations of the changes stream into the tables that they are about, a version at a time.

**Reads**

- the shards of the changes stream, each from its checkpoint
- ops.export, which knows what is published
- to rebuild a table: its newest export, in the lake

**Writes**

- operations of versions that are not whole yet, and checkpoints
- one table a tenant and exported table, made from its declaration
- ops.run and ops.export, in one transaction with the table
- ops.rejected_row, for records of other producers
- a notice to SNS
- an event of each table's asset, through the alias exports

**Runs**

- when a version is published
- every 15 minutes, for what an event did not reach
- by hand with the form: tenant and table rebuild a table, reread takes records from quarantine

Reads of all runs share the pool kinesis_reads.

**Safe to rerun because**

- operations and the checkpoint behind them are kept in one transaction
- a version is applied whole, once, and after the one that it was made of

**If it fails**

- The notice names task and cause. No table has a part of a version.
- Clear the task once the cause is gone.

| task | why it fails |
| --- | --- |
| find_tables, find_shards | the database or Kinesis is out of reach |
| read_shard | the same |
| apply | somebody else has written to the table, or no dataset declares it any more |
| announce | SNS is out of reach, or refuses the notice; the data is in |
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import (
    AssetOrTimeSchedule,
    CronTriggerTimetable,
    TriggerRule,
    dag,
    get_current_context,
    task,
)

from include.pipelines import kinesis_to_postgres as pipeline
from wiring.assets import report_update_of
from wiring.changes import (
    CHANGES,
    PARAMS,
    TARGETS,
    asked_for,
    is_reread,
    read_resources,
    settle_resources,
)
from wiring.clients import warehouse
from wiring.defaults import dag_defaults, timed_tags
from wiring.failures import notify_failure, records_cause
from wiring.run_input import moments_of
from wiring.task_context import name_in_ui, run_of_sink
from wiring.uploads.tasks import send_notices

if TYPE_CHECKING:
    from include.pipelines.kinesis_to_postgres import ReadShard, TableTask

NAME = "kinesis_to_postgres"


def _asked() -> TableTask | None:
    context = get_current_context()
    return asked_for(params=context["params"], run=context["dag_run"])


@task(multiple_outputs=False)
@records_cause
def find_tables() -> list[TableTask]:
    asked = _asked()
    return [asked] if asked else pipeline.find_tables(warehouse())


@task(multiple_outputs=False)
@records_cause
def find_shards() -> list[str]:
    if _asked():
        return []
    reread = is_reread(get_current_context()["params"])
    return pipeline.find_shards(read_resources(), reread=reread)


@task(map_index_template="{{ shard }}", multiple_outputs=False, pool="kinesis_reads")
@records_cause
def read_shard(shard_id: str, tables: list[TableTask]) -> list[ReadShard]:
    name_in_ui(shard=shard_id)
    return pipeline.read_shard(shard_id, tables=list(tables), resources=read_resources())


@task(map_index_template="{{ table }}", trigger_rule=TriggerRule.NONE_FAILED, outlets=[TARGETS])
@records_cause
def apply(table: TableTask) -> str:
    name = f"{table['tenant']}/{table['table']}"
    name_in_ui(table=name)
    moments = moments_of(get_current_context()["dag_run"])
    with settle_resources() as resources:
        sink = pipeline.apply_table(table, run=run_of_sink(name, moments), resources=resources)
    name_in_ui(table=f"{name}: {report_update_of(sink)}")
    return sink


@task(trigger_rule=TriggerRule.NONE_FAILED)
@records_cause
def announce() -> list[str]:
    return send_notices()


@dag(
    dag_id=NAME,
    description="Changes of exported tables from a stream into Postgres, a version at a time.",
    doc_md=__doc__,
    schedule=AssetOrTimeSchedule(
        timetable=CronTriggerTimetable("*/15 * * * *", timezone="UTC"), assets=CHANGES
    ),
    params=PARAMS,
    tags=timed_tags("kinesis", "postgres", "exports"),
    on_failure_callback=notify_failure(dataset=NAME, sink=TARGETS.name, form=PARAMS),
    **dag_defaults(owner="data-platform") | {"max_active_runs": 1},
)
def wire() -> None:
    # To a type checker a task returns what its function does; Airflow passes a promise.
    tables: Any = find_tables()
    shards: Any = find_shards()
    read = read_shard.partial(tables=tables).expand(shard_id=shards)
    applied = apply.expand(table=tables)
    read >> applied >> announce()


wire()

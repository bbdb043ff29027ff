"""A keyed HTTP API into a table of the lake that Athena queries, an hour at a time.

**Reads**

- the API, with the key of its connection, unless the raw zone has the hour
- the raw zone in the lake

**Writes**

- answers as they came, below raw/api/ in the lake
- one Parquet file a day, or an hour, below lake/, in the place of the one before it
- the table in Glue, as the dataset declares it
- ops.run, ops.api_hour and ops.rejected_row
- a notice to SNS
- an event of the table's asset, which other DAGs can wait for

**Runs**

- hourly, some minutes past the hour
- by hand with the form: as_of, refetch
- over past hours as a backfill: from the raw zone, else from the API where it has a history

**Safe to rerun because**

- the same answers make the same file
- a file is replaced only if nobody else has replaced it meanwhile
- requests without an answer are counted, at most four an hour and call

**If it fails**

- An hour without an answer is skipped, and does not fail. The view ops.missed_hour lists it.
- The notice names task and cause. Raw answers stay. The table has the hour whole or not at all.
- Clear the task once the cause is gone.

| task | why it fails |
| --- | --- |
| fetch | the API takes no key or not this one, or the database is out of reach |
| store_raw | the database or S3 is out of reach |
| convert | a field is gone from all records, an answer is none, or too many records were rejected |
| publish | the database, S3 or Glue is out of reach |
| announce | SNS is out of reach, or refuses the notice; the data is in |
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import DAG, Asset, dag, get_current_context, task

from include.datasets import api_datasets
from include.pipelines import api_to_lake as pipeline
from wiring.apis import (
    PARAMS,
    Asked,
    count_good_hour,
    fetch_resources,
    hour_of,
    lake_resources,
    resolve_hour,
    skipping_unanswered,
    unless_skipped,
)
from wiring.assets import COUNTS, report_update
from wiring.defaults import dag_defaults, timed_tags
from wiring.failures import notify_failure, records_cause
from wiring.task_context import name_in_ui, run_of_sink
from wiring.uploads.tasks import send_notices

if TYPE_CHECKING:
    from include.contracts.apis import ApiDataset


def build(dataset: ApiDataset) -> DAG:
    """The DAG of one dataset."""
    calls = {call.name: call for call in dataset.calls}

    @task(multiple_outputs=True)
    @records_cause
    def resolve_as_of() -> Asked:
        context = get_current_context()
        return resolve_hour(params=context["params"], run=context["dag_run"])

    @task(map_index_template="{{ call }}", multiple_outputs=False)
    @records_cause
    def fetch(call_name: str, asked: Asked) -> pipeline.FetchedCall:
        name_in_ui(call=call_name)
        given: Any = {"as_of": hour_of(asked), "refetch": asked["refetch"]}
        with fetch_resources(dataset) as resources, skipping_unanswered():
            return pipeline.fetch(dataset, calls[call_name], **given, resources=resources)

    # Calls without an answer are skipped; the hour may have others.
    @task(multiple_outputs=True, trigger_rule="none_failed")
    @records_cause
    def store_raw(fetched: list[pipeline.FetchedCall], asked: Asked) -> pipeline.StoredHour:
        given: Any = {"run": run_of_sink(dataset.sink, asked), "refetch": asked["refetch"]}
        with lake_resources() as resources:
            return unless_skipped(
                pipeline.store_raw(dataset, fetched, **given, resources=resources)
            )

    @task(multiple_outputs=True)
    @records_cause
    def convert(asked: Asked) -> pipeline.ConvertedHour:
        run = run_of_sink(dataset.sink, asked)
        with lake_resources() as resources:
            return pipeline.convert(dataset, run=run, resources=resources)

    @task(multiple_outputs=True)
    @records_cause
    def publish(
        converted: pipeline.ConvertedHour, stored: pipeline.StoredHour, asked: Asked
    ) -> pipeline.PublishedHour:
        run = run_of_sink(dataset.sink, asked)
        with lake_resources() as resources:
            return pipeline.publish(dataset, converted, stored, run=run, resources=resources)

    @task(outlets=[Asset(dataset.sink)], map_index_template=COUNTS, trigger_rule="none_failed")
    @records_cause
    def announce(published: pipeline.PublishedHour | None, asked: Asked) -> list[str]:
        sent = send_notices()
        count_good_hour(dataset, published, asked)
        report_update()
        return sent

    @dag(
        dag_id=dataset.name,
        description=dataset.description,
        doc_md=f"## {dataset.title}\n\n{dataset.description}\n\n{__doc__}",
        schedule=dataset.schedule,
        params=PARAMS,
        tags=timed_tags(*dataset.tags, schedule=dataset.schedule),
        on_failure_callback=notify_failure(dataset=dataset.name, sink=dataset.sink),
        **dag_defaults(owner=dataset.owner),
    )
    def wire() -> None:
        # To a type checker a task returns what its function does; Airflow hands on a promise.
        asked: Any = resolve_as_of()
        fetched: Any = fetch.partial(asked=asked).expand(call_name=list(calls))
        stored: Any = store_raw(fetched, asked)
        converted: Any = convert(asked)
        stored >> converted
        published: Any = publish(converted, stored, asked)
        announce(published, asked)

    return wire()


for found in api_datasets():
    globals()[found.name] = build(found)

"""CSV files from GitHub into a Postgres table, changed rows only.

**Reads**

- the dataset's files as they stood at the run's as_of, from the archive in S3 if there
- what was made of them before, if contract and code are the same

**Writes**

- the dataset's table, ops.run and ops.rejected_row, in one transaction
- a notice to SNS
- an event of the table's asset, which other DAGs can wait for
- where QuickSight is: its copy of the table, read again
- where the dataset has a person decide: a run of approve_shrinking, when the snapshot shrank

**Runs**

- daily
- by hand with the form: as_of, refetch, dry_run
- over past dates as a backfill
- by approve_shrinking, after a person has answered

**Safe to rerun because**

- right rows are not written, and newer snapshots win
- each notice goes out once

**If it fails**

- The notice names task and cause. Nothing is half done.
- Clear the task once the cause is gone.

| task | why it fails |
| --- | --- |
| download | GitHub is out of reach |
| clean_and_merge | a file broke its contract |
| upsert | the database is out of reach, or the snapshot shrank and nobody is asked |
| ask | approve_shrinking is not there |
| announce | SNS is out of reach, or refuses the notice; the data is in |
| prepare_charts, refresh_charts | they are skipped instead: QuickSight shows the load before |
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk import DAG, Asset, dag, get_current_context, task

from include.datasets import github_datasets
from include.pipelines import github_csv_to_postgres as pipeline
from wiring import run_input
from wiring.assets import COUNTS, report_update
from wiring.charts import refresh_charts
from wiring.clients import github, lake, publish, warehouse
from wiring.defaults import dag_defaults, timed_tags
from wiring.failures import notify_failure, records_cause
from wiring.started_runs import start_questions
from wiring.table_resources import task_resources
from wiring.task_context import name_in_ui, run_of_sink, task_folder, this_run

if TYPE_CHECKING:
    from include.contracts.github import GitHubDataset


def build(dataset: GitHubDataset) -> DAG:
    """The DAG of one dataset."""
    sink, asks = dataset.table.sink, dataset.shrink.ask

    @task(multiple_outputs=True)
    @records_cause
    def resolve_as_of() -> run_input.RunInput:
        context = get_current_context()
        return run_input.resolve(params=context["params"], run=context["dag_run"], asks=asks)

    @task(map_index_template="{{ source_name }}", multiple_outputs=True)
    @records_cause
    def download(source_name: str, asked: run_input.RunInput) -> pipeline.ArchivedFile:
        name_in_ui(source_name=source_name)
        source = next(source for source in dataset.sources if source.name == source_name)
        with task_folder() as folder:
            return pipeline.download(
                source,
                as_of=datetime.fromisoformat(asked["as_of"]),
                refetch=asked["refetch"],
                github=github(dataset),
                store=lake(),
                folder=folder,
            )

    @task(multiple_outputs=True)
    @records_cause
    def clean_and_merge(
        archived: list[pipeline.ArchivedFile], asked: run_input.RunInput
    ) -> pipeline.CleanedSnapshot:
        with task_resources() as resources:
            return pipeline.clean_and_merge(
                dataset,
                list(archived),
                as_of=datetime.fromisoformat(asked["as_of"]),
                resources=resources,
                refetch=asked["refetch"],
            )

    # A dry run returns rows, which the log must not show.
    @task(multiple_outputs=True, show_return_value_in_logs=False)
    @records_cause
    def upsert(
        cleaned: pipeline.CleanedSnapshot, asked: run_input.RunInput
    ) -> pipeline.LoadedSnapshot:
        run = run_of_sink(sink, asked)
        with task_resources() as resources:
            opened: Any = {"run": run, "connect": warehouse(), "resources": resources}
            decided = pipeline.decide(dataset, asked.get("decision"), **opened)
            return decided or pipeline.upsert_snapshot(
                dataset, cleaned, **opened, dry_run=asked["dry_run"]
            )

    # A question that was asked before skips the task that would ask it.
    @task(outlets=[Asset(sink)], map_index_template=COUNTS, trigger_rule="none_failed")
    @records_cause
    def announce(loaded: pipeline.LoadedSnapshot) -> list[str]:
        sent = pipeline.announce_end(loaded, run=this_run(), connect=warehouse(), publish=publish)
        report_update()
        return sent

    @dag(
        dag_id=dataset.name,
        description=dataset.description,
        doc_md=f"## {dataset.title}\n\n{dataset.description}\n\n{__doc__}",
        schedule=dataset.schedule,
        params=run_input.PARAMS_OF_ASKING if asks else run_input.PARAMS,
        tags=timed_tags(*dataset.tags),
        on_failure_callback=notify_failure(dataset=dataset.name, sink=sink),
        **dag_defaults(owner=dataset.owner),
    )
    def wire() -> None:
        # To a type checker a task returns what its function does; Airflow hands on a promise.
        asked: Any = resolve_as_of()
        sources = [source.name for source in dataset.sources]
        archived: Any = download.partial(asked=asked).expand(source_name=sources)
        cleaned: Any = clean_and_merge(archived, asked)
        loaded: Any = upsert(cleaned, asked)
        told = start_questions(loaded) if asks else loaded
        told >> refresh_charts(dataset, asked, after=announce(loaded))

    return wire()


for found in github_datasets():
    globals()[found.name] = build(found)

"""CSV files from GitHub into a Postgres table, changed rows only.

**Reads**

- the dataset's files as they stood at the run's as_of, from the archive in S3 if there

**Writes**

- the dataset's table, ops.run and ops.rejected_row, in one transaction
- a notice to SNS

**Runs**

- daily
- by hand with the form: as_of, refetch, dry_run
- over past dates as a backfill

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
| upsert | the database is out of reach, or the snapshot shrank |
| announce | SNS is out of reach, or refuses the notice; the data is in |
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk import DAG, dag, get_current_context, task

from include.datasets import github_datasets
from include.pipelines import github_csv_to_postgres as pipeline
from wiring import run_input
from wiring.clients import github, lake, publish, warehouse
from wiring.defaults import dag_defaults, settings, timed_tags
from wiring.failures import accountable, notify_failure
from wiring.task_context import name_in_ui, run_of_sink, task_folder

if TYPE_CHECKING:
    from include.contracts.github import GitHubDataset


def build(dataset: GitHubDataset) -> DAG:
    """The DAG of one dataset."""

    @task
    @accountable
    def resolve_as_of() -> dict[str, Any]:
        context = get_current_context()
        return run_input.resolve(params=context["params"], run=context["dag_run"])

    @task(map_index_template="{{ source_name }}")
    @accountable
    def download(source_name: str, asked: dict[str, Any]) -> dict[str, Any]:
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

    @task
    @accountable
    def clean_and_merge(archived: list[dict[str, Any]], asked: dict[str, Any]) -> dict[str, Any]:
        with task_folder() as folder:
            return pipeline.clean_and_merge(
                dataset,
                list(archived),
                as_of=datetime.fromisoformat(asked["as_of"]),
                store=lake(),
                work=f"work/{dataset.name}/{get_current_context()['run_id']}",
                folder=folder,
                memory=settings().duckdb_memory,
            )

    @task(show_return_value_in_logs=False)  # a dry run comes back with rows
    @accountable
    def upsert(cleaned: dict[str, Any], asked: dict[str, Any]) -> dict[str, Any]:
        with task_folder() as folder:
            return pipeline.upsert_snapshot(
                dataset,
                cleaned,
                run=run_of_sink(dataset.table.sink, asked),
                connect=warehouse(),
                store=lake(),
                ui_url=settings().ui_url,
                folder=folder,
                memory=settings().duckdb_memory,
                dry_run=asked["dry_run"],
            )

    @task
    @accountable
    def announce(loaded: dict[str, Any]) -> list[str]:
        run_id = get_current_context()["run_id"]
        return pipeline.announce_end(
            loaded, connect=warehouse(), dag_id=dataset.name, run_id=run_id, publish=publish
        )

    @dag(
        dag_id=dataset.name,
        description=dataset.description,
        doc_md=f"## {dataset.title}\n\n{dataset.description}\n\n{__doc__}",
        schedule=dataset.schedule,
        params=run_input.PARAMS,
        tags=timed_tags(*dataset.tags),
        on_failure_callback=notify_failure(dataset=dataset.name, sink=dataset.table.sink),
        **dag_defaults(owner=dataset.owner),
    )
    def wire() -> None:
        # To a type checker a task returns what its function does; Airflow hands on a promise.
        asked: Any = resolve_as_of()
        sources = [source.name for source in dataset.sources]
        archived: Any = download.partial(asked=asked).expand(source_name=sources)
        cleaned: Any = clean_and_merge(archived, asked)
        loaded: Any = upsert(cleaned, asked)
        announce(loaded)

    return wire()


for found in github_datasets():
    globals()[found.name] = build(found)

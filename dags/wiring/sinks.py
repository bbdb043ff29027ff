"""What is declared of each sink that the page of Sluice shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from include.contracts.charts import Chart, chart_of
from include.contracts.exports import DELETED_AT
from include.contracts.rules import REJECTS, SHRINK, TABLE
from include.core.lake.records import AS_OF
from include.core.summaries.summary import About, DeclaredRule
from include.datasets import (
    api_datasets,
    github_datasets,
    item_uploads,
    json_uploads,
    table_exports,
)
from wiring.declarations import exported_tables
from wiring.defaults import settings
from wiring.uploads.pipelines import (
    CSV_UPLOAD_TO_DYNAMODB,
    CSV_UPLOAD_TO_SQS,
    TABLE_EXPORT_TO_KINESIS,
    UploadPipeline,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from include.contracts import ApiDataset, GitHubDataset, TableExport, Upload
    from include.contracts.files import RejectLimit
    from include.contracts.tables import ShrinkLimit, Table


@dataclass(frozen=True, kw_only=True)
class Sink:
    """What is declared of a sink, and what its chart is drawn of.

    Attributes:
        about: for the summary.
        chart: what is drawn; None where nothing can be.
        table: where its rows are in Postgres; None of other sinks.
        deleted: a column of that table which is null of rows that are there, if it has one.
        dataset: that the lake has a table of; None of other sinks.
    """

    about: About
    chart: Chart | None = None
    table: Table | None = None
    deleted: str | None = None
    dataset: ApiDataset | None = None


def declared_sinks() -> list[Sink]:
    """Every sink that is declared, without the tables that exports end in."""
    return [
        *map(_of_github, github_datasets()),
        *map(_of_api, api_datasets()),
        _of_uploads(CSV_UPLOAD_TO_SQS, "Messages in the queue", json_uploads()),
        _of_uploads(CSV_UPLOAD_TO_DYNAMODB, "Items in the table", item_uploads()),
        _of_uploads(TABLE_EXPORT_TO_KINESIS, "Operations on the stream", table_exports()),
    ]


def exported_sinks() -> list[Sink]:
    """The tables that exports end in, of those that are there and declared.

    Raises:
        WarehouseUnavailableError, WarehouseRefusedError: as Postgres says.
    """
    return [_of_export(*found) for found in exported_tables()]


def find_sink(name: str) -> Sink | None:
    """What is declared of a sink; None of one that the page does not show.

    Arguments:
        name: as the ledger knows it.

    Raises:
        WarehouseUnavailableError, WarehouseRefusedError: as Postgres says.
    """
    for sinks in (declared_sinks, exported_sinks):
        for sink in sinks():
            if sink.about.sink == name:
                return sink
    return None


def _of_timed(dataset: GitHubDataset | ApiDataset) -> dict[str, Any]:
    """What a dataset says of itself that has a DAG of its name, with a schedule."""
    return {
        "dag_id": dataset.name,
        "title": dataset.title,
        "description": dataset.description,
        "schedule": dataset.schedule,
        "is_on": settings().schedules_off is None,
    }


def _of_github(dataset: GitHubDataset) -> Sink:
    table = dataset.table
    rules = [DeclaredRule(name=r.name, words=r.words, severity=r.severity) for r in dataset.rules]
    about = About(
        sink=table.sink,
        pipeline="github_csv_to_postgres",
        **_of_timed(dataset),
        key=table.key,
        rules=(
            *rules,
            _error(TABLE, "Each row has a key of its own, and what the columns demand"),
            _error(REJECTS, _most_rejects(dataset.rejects)),
            _error(SHRINK, _most_missing(dataset.shrink)),
        ),
    )
    chart = chart_of(table.columns, key=table.key, rules=dataset.rules)
    return Sink(about=about, chart=chart, table=table)


def _of_api(dataset: ApiDataset) -> Sink:
    about = About(
        sink=dataset.sink,
        pipeline="api_to_lake",
        **_of_timed(dataset),
        step=timedelta(hours=1),
        key=(AS_OF, *dataset.row_key),
        rules=(_error(REJECTS, _most_rejects(dataset.rejects)),),
    )
    units = {field.column.name: field.unit for field in dataset.fields}
    chart = chart_of(dataset.columns, key=dataset.row_key, units=units, moment=dataset.event_time)
    # Without a measure there is nothing to draw; rows of a moment are not counted.
    drawn = chart if chart and not chart.counted else None
    return Sink(about=about, chart=drawn, dataset=dataset)


def _of_uploads(
    pipeline: UploadPipeline, title: str, datasets: Sequence[Upload | TableExport]
) -> Sink:
    keys = {dataset.contract.key for dataset in datasets}
    is_items = pipeline is CSV_UPLOAD_TO_DYNAMODB
    about = About(
        sink=pipeline.sink,
        dag_id=pipeline.name,
        pipeline=pipeline.name,
        title=f"{title} {pipeline.sink.partition(':')[2]}",
        description=f"Files that land in S3: {', '.join(each.title for each in datasets)}.",
        key=next(iter(keys)) if is_items and len(keys) == 1 else None,
    )
    return Sink(about=about)


def _of_export(export: TableExport, tenant: str, name: str) -> Sink:
    table = export.target(tenant, name)
    is_soft = export.deletes == "soft"
    about = About(
        sink=table.sink,
        dag_id="kinesis_to_postgres",
        pipeline="kinesis_to_postgres",
        title=f"{export.title}: {tenant}, {name}",
        description=export.description,
        key=table.key,
    )
    columns = [column for column in table.columns if column.name != DELETED_AT.name or not is_soft]
    return Sink(
        about=about,
        chart=chart_of(columns, key=table.key),
        table=table,
        deleted=DELETED_AT.name if is_soft else None,
    )


def _error(name: str, words: str) -> DeclaredRule:
    return DeclaredRule(name=name, words=words, severity="error")


def _most_rejects(limit: RejectLimit) -> str:
    if not (limit.rows or limit.share):
        return "No row is rejected"
    return f"Of the rows read at most {' or '.join(_limits(limit))} are rejected"


def _limits(limit: RejectLimit) -> Iterator[str]:
    if limit.rows:
        yield f"{limit.rows}"
    if limit.share:
        yield f"{limit.share:.0%}"


def _most_missing(limit: ShrinkLimit) -> str:
    asked = ", else a person decides" if limit.ask else ""
    return f"Fewer than {limit.rows} rows, or at most {limit.share:.0%}, are missing{asked}"

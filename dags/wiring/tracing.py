"""The form of trace_row, and which pipeline answers for a sink."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from airflow.sdk import Param

from include.core.runs.notices import count_of, format_moment
from include.core.summaries.summary import key_of
from include.core.trace.answer import VERSION, Answer
from include.datasets import api_datasets, github_datasets, item_uploads
from include.errors import RunInputError
from include.pipelines.api_to_lake.trace import trace as trace_hour
from include.pipelines.csv_upload_to_dynamodb.trace import trace as trace_item
from include.pipelines.github_csv_to_postgres.trace import trace as trace_table
from include.pipelines.table_export_to_kinesis.trace import trace as trace_export
from wiring.apis import lake_resources
from wiring.clients import aws_client, lake, warehouse
from wiring.declarations import exported_tables
from wiring.defaults import settings
from wiring.run_input import refuse_unknown
from wiring.table_resources import task_resources
from wiring.uploads.pipelines import CSV_UPLOAD_TO_DYNAMODB, TABLE_EXPORT_TO_KINESIS
from wiring.uploads.resources import resources_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from include.contracts.apis import ApiDataset
    from include.contracts.exports import TableExport
    from include.contracts.github import GitHubDataset
    from include.core.trace.answer import History
    from wiring.run_input import Moments

# The form in the UI; the API and the command line are held to the same schema.
PARAMS = {
    "sink": Param(
        type="string",
        maxLength=300,
        title="Sink",
        description="As the ledger and the assets name it, such as covid.us_daily.",
    ),
    "key": Param(
        type=["object", "string", "number", "boolean"],
        title="Key",
        description=(
            'A JSON object of the columns of the key, such as {"date": "2020-11-11"}; the bare '
            "value will do where there is one. The answer goes to the lake, and no further."
        ),
    ),
}


class Asked(NamedTuple):
    """What a person asks: a row of a sink."""

    sink: str
    key: Any


def asked_for(*, params: Mapping[str, Any], run: Any) -> Asked:
    """What a run is asked.

    Arguments:
        params: the run's parameters.
        run: Airflow's dag_run; unknown names in what it was triggered with are refused.

    Raises:
        RunInputError: an unknown name, or no sink.
    """
    refuse_unknown(run.conf, PARAMS)
    return Asked(sink=params["sink"], key=params["key"])


def answer(asked: Asked, *, run_id: str, moments: Moments) -> str:
    """Find where a row comes from, and put the answer into the lake; its address.

    Arguments:
        asked: which row.
        run_id: the run that asks, which names the answer.
        moments: of the run.

    Raises:
        RunInputError: nothing is loaded into the sink, or its rows have another key.
        SluiceError: as the pipeline says.
    """
    key, history = _trace(asked)
    found = Answer(
        **history,
        version=VERSION,
        sink=asked.sink,
        key=key,
        asked_at=format_moment(datetime.fromisoformat(moments["started_at"])),
    )
    store, name = lake(), key_of("traces", run_id)
    # S3 shows an object whole or not at all.
    store.put_json(name, found)
    return f"s3://{store.bucket}/{name}"


def _trace(asked: Asked) -> tuple[dict[str, str], History]:
    answers: dict[str, Callable[[], tuple[dict[str, str], History]]] = {
        **{each.table.sink: partial(_of_table, each, asked) for each in github_datasets()},
        **{each.sink: partial(_of_hour, each, asked) for each in api_datasets()},
        CSV_UPLOAD_TO_DYNAMODB.sink: partial(_of_item, asked),
    }
    if asked.sink in answers:
        return answers[asked.sink]()
    exported = _exported(asked)
    if asked.sink in exported:
        return exported[asked.sink]()
    # Each tenant has some, and they are told apart by the tenants' names.
    more = f", and {count_of(len(exported), 'table')} that exports end in" if exported else ""
    raise RunInputError(
        f"Parameter sink is none whose rows can be traced. Those are: {', '.join(answers)}{more}"
    )


def _exported(asked: Asked) -> dict[str, Callable[[], tuple[dict[str, str], History]]]:
    """What answers for each table that exports end in."""
    return {
        export.target(*names).sink: partial(_of_export, export, (names[0], names[1]), asked)
        for export, *names in exported_tables()
    }


def _of_export(
    export: TableExport, name: tuple[str, str], asked: Asked
) -> tuple[dict[str, str], History]:
    with resources_of(TABLE_EXPORT_TO_KINESIS) as resources:
        return trace_export(export, name, asked.key, resources=resources)


def _of_table(dataset: GitHubDataset, asked: Asked) -> tuple[dict[str, str], History]:
    with task_resources() as resources:
        return trace_table(dataset, asked.key, connect=warehouse(), resources=resources)


def _of_hour(dataset: ApiDataset, asked: Asked) -> tuple[dict[str, str], History]:
    with lake_resources() as resources:
        return trace_hour(dataset, asked.key, resources=resources)


def _of_item(asked: Asked) -> tuple[dict[str, str], History]:
    with resources_of(CSV_UPLOAD_TO_DYNAMODB) as resources:
        return trace_item(
            item_uploads(),
            asked.key,
            sink=asked.sink,
            resources=resources,
            table=aws_client("dynamodb"),
            table_name=settings().items_table,
        )

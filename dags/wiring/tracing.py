"""The form of trace_row, and which pipeline answers for a sink."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from airflow.sdk import Param

from include.core.runs.notices import format_moment
from include.core.trace.answer import VERSION, Answer, answer_key
from include.datasets import github_datasets
from include.errors import RunInputError
from include.pipelines.github_csv_to_postgres.trace import trace as trace_table
from wiring.clients import lake, warehouse
from wiring.run_input import refuse_unknown
from wiring.table_resources import task_resources

if TYPE_CHECKING:
    from collections.abc import Mapping

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
    store, name = lake(), answer_key(run_id)
    # S3 shows an object whole or not at all.
    store.put_json(name, found)
    return f"s3://{store.bucket}/{name}"


def _trace(asked: Asked) -> tuple[dict[str, str], History]:
    for dataset in github_datasets():
        if dataset.table.sink == asked.sink:
            with task_resources() as resources:
                return trace_table(dataset, asked.key, connect=warehouse(), resources=resources)
    sinks = ", ".join(dataset.table.sink for dataset in github_datasets())
    raise RunInputError(f"Parameter sink is none whose rows can be traced. Those are: {sinks}")

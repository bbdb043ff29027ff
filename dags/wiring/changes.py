"""What the tasks of kinesis_to_postgres work with, and the form of its DAG."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow.sdk import Asset, AssetAlias, Param

from include.datasets import export_of, table_exports
from include.errors import RunInputError
from include.pipelines.kinesis_to_postgres import (
    ReadResources,
    SettleResources,
    Stream,
    rebuild_task,
)
from wiring.clients import aws_client, lake, migrations, warehouse
from wiring.defaults import settings
from wiring.run_input import NAME, refuse_unknown, switch_param, switched
from wiring.task_context import task_folder, this_run

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from include.pipelines.kinesis_to_postgres import TableTask

CHANGES = Asset(f"kinesis:{settings().changes_stream}")
"""The stream's asset, which the publisher of a version updates."""
TARGETS = AssetAlias("exports")
"""Stands for the assets of all targets: which there are is known when they are applied."""

REREAD = "reread"
# The form in the UI; the API and the command line are held to the same schema.
PARAMS = {
    "tenant": Param(
        None,
        type=["null", "string"],
        pattern=NAME,
        title="Tenant",
        description="With a table: rebuild its target from its newest export, read no stream.",
    ),
    "table": Param(
        None,
        type=["null", "string"],
        pattern=NAME,
        title="Table",
        description="Without both fields a run reads the stream, and applies what is whole.",
    ),
    REREAD: switch_param(
        title="Read again",
        description=(
            "Read those shards from their oldest record of which records wait in quarantine. "
            "What is applied already changes nothing."
        ),
    ),
}


def asked_for(*, params: Mapping[str, Any], run: Any) -> TableTask | None:
    """What a person has asked for; None where a run reads the stream.

    Arguments:
        params: the run's parameters with their defaults.
        run: Airflow's dag_run; unknown names in what it was triggered with are refused.

    Raises:
        RunInputError: an unknown name, a wrong type, or fields that do not go together.
    """
    refuse_unknown(run.conf, PARAMS)
    reread = is_reread(params)
    tenant, table = params["tenant"], params["table"]
    if tenant is None and table is None:
        return None
    if not isinstance(tenant, str) or not isinstance(table, str):
        raise RunInputError("Give a tenant and a table, both text, or none of them")
    if reread:
        raise RunInputError(f"A rebuild reads no stream: give a table or {REREAD}")
    return rebuild_task(tenant, table)


def is_reread(params: Mapping[str, Any]) -> bool:
    """Whether shards are read again of which records wait in quarantine."""
    return switched(REREAD, params[REREAD], default=False)


def read_resources() -> ReadResources:
    """What reading the stream works with."""
    return ReadResources(run=this_run(), connect=warehouse(), stream=_stream())


@contextmanager
def settle_resources() -> Iterator[SettleResources]:
    """What applying works with; its folder is gone at the end."""
    with task_folder() as folder:
        yield SettleResources(
            connect=warehouse(),
            owner=migrations(),
            declared=partial(export_of, table_exports()),
            stream=_stream(),
            lake=lake(),
            folder=folder,
            memory=settings().duckdb_memory,
            ui_url=settings().ui_url,
        )


def _stream() -> Stream:
    return Stream(client=aws_client("kinesis"), name=settings().changes_stream)

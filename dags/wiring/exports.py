"""The form of table_export_to_kinesis, and what its first task makes of it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from airflow.sdk import Param, get_current_context

from include.datasets import all_datasets, export_of, table_exports
from include.errors import RunInputError
from include.pipelines.table_export_to_kinesis import Declarations, Registrar, release_tables
from wiring.clients import warehouse
from wiring.defaults import settings
from wiring.task_context import task_folder, this_run
from wiring.uploads.defaults import release_files, upload_dag_defaults
from wiring.uploads.pipelines import TABLE_EXPORT_TO_KINESIS
from wiring.uploads.tasks import receive_files

if TYPE_CHECKING:
    from psycopg2.extensions import cursor

    from include.core.runs.ledger import RunOfSink
    from include.pipelines.table_export_to_kinesis import Registered

DECISION = "decision"
_DECISIONS = ("approved", "refused")
_PARAM = Param(
    None,
    type=["null", "string"],
    enum=[None, *_DECISIONS],
    title="Decision",
    description="The answer to a question fills this in, for the version that waits for it.",
)


def export_dag_defaults() -> dict[str, Any]:
    """Arguments of @dag: those of an upload pipeline, one more parameter, and leases let go."""
    defaults = upload_dag_defaults(TABLE_EXPORT_TO_KINESIS, on_record=release)
    return {**defaults, "params": {**defaults["params"], DECISION: _PARAM}}


def release(cursor: cursor, run: RunOfSink, cause: str) -> dict[str, Any]:
    """Let go of what a failed run holds: its tables, and its files as release_files does."""
    release_tables(cursor, run)
    return release_files(cursor, run, cause)


def register_files() -> Registered:
    """Claim the files of this run, and enter them as exports; errors are those of receive_files."""
    received = receive_files(DECISION)
    decision = get_current_context()["params"][DECISION]
    if decision not in (None, *_DECISIONS):
        raise RunInputError(f"Parameter {DECISION} is one of {', '.join(_DECISIONS)}")
    form, landing = received.form, TABLE_EXPORT_TO_KINESIS.landing()
    with task_folder() as folder:
        declarations = Declarations(
            partial(export_of, table_exports()),
            landing.client,
            taken=[dataset.name for dataset in all_datasets()],
            folder=folder,
            memory=settings().duckdb_memory,
        )
        registrar = Registrar(
            landing,
            declarations,
            connect=warehouse(),
            run=this_run(),
            by_hand=form.names_files and form.again,
            decision=decision,
        )
        return registrar.register(received.files)

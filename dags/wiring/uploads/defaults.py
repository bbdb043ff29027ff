"""Arguments of the DAGs that start when a file lands in S3."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.core.arrivals.notices import rerun_conf
from include.core.arrivals.registry import failed_files, release_run
from wiring.defaults import dag_defaults
from wiring.failures import notify_failure
from wiring.uploads.form import form_params

if TYPE_CHECKING:
    from collections.abc import Callable

    from psycopg2.extensions import cursor

    from include.core.runs.ledger import RunOfSink
    from wiring.uploads.pipelines import UploadPipeline

    OnRecord = Callable[[cursor, RunOfSink, str], dict[str, Any]]


def release_files(cursor: cursor, run: RunOfSink, cause: str) -> dict[str, Any]:
    """Mark what a failed run still holds as failed; returns what a run of its files is given."""
    release_run(cursor, run, cause=cause)
    return rerun_conf(failed_files(cursor, run))


def upload_dag_defaults(
    pipeline: UploadPipeline, *, on_record: OnRecord = release_files
) -> dict[str, Any]:
    """Arguments of @dag for a pipeline that starts when a file lands.

    Arguments:
        pipeline: which.
        on_record: what lets go of all that a failed run holds, as notify_failure has it.
    """
    return {
        "dag_id": pipeline.name,
        "params": form_params(pipeline.prefix),
        "on_failure_callback": notify_failure(
            dataset=pipeline.name, sink=pipeline.sink, on_record=on_record
        ),
        **dag_defaults(owner="data-platform"),
    }

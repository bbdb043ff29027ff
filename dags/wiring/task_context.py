"""What a task knows of itself while it runs."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from airflow.sdk import get_current_context

from include.core.runs.ledger import RunOfSink
from include.core.runs.run import Run
from include.core.scratch import scratch_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from wiring.run_input import Moments


@contextmanager
def task_folder() -> Iterator[Path]:
    """An empty folder of this task instance's own, gone at its end."""
    ti = get_current_context()["ti"]
    with scratch_folder(ti.dag_id, ti.run_id, ti.task_id, str(ti.map_index)) as folder:
        yield folder


def this_run() -> Run:
    """The run that this task belongs to."""
    ti = get_current_context()["ti"]
    return Run(dag_id=ti.dag_id, run_id=ti.run_id)


def run_of_sink(sink: str, moments: Moments) -> RunOfSink:
    """This run, for the ledger.

    Arguments:
        sink: schema.table, or the name of a queue or a DynamoDB table.
        moments: what the run's first task found.
    """
    return RunOfSink(
        **this_run().parameters,
        sink=sink,
        as_of=datetime.fromisoformat(moments["as_of"]),
        started_at=datetime.fromisoformat(moments["started_at"]),
    )


def name_in_ui(**names: str) -> None:
    """Give a mapped task's map_index_template the names that it shows."""
    cast("dict[str, Any]", get_current_context()).update(names)

"""What a task knows of itself while it runs."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from airflow.sdk import get_current_context

from include.core.runs.ledger import RunOfSink
from include.core.scratch import scratch_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


@contextmanager
def task_folder() -> Iterator[Path]:
    """An empty folder of this task instance's own, gone at its end."""
    ti = get_current_context()["ti"]
    with scratch_folder(ti.dag_id, ti.run_id, ti.task_id, str(ti.map_index)) as folder:
        yield folder


def run_work() -> str:
    """Where the tasks of this run hand over files to each other: a key prefix in the lake."""
    ti = get_current_context()["ti"]
    return f"work/{ti.dag_id}/{ti.run_id}"


def run_of_sink(sink: str, asked: Mapping[str, Any]) -> RunOfSink:
    """This run, for the ledger.

    Arguments:
        sink: schema.table.
        asked: what resolve_as_of came back with.
    """
    ti = get_current_context()["ti"]
    return RunOfSink(
        dag_id=ti.dag_id,
        run_id=ti.run_id,
        sink=sink,
        as_of=datetime.fromisoformat(asked["as_of"]),
        started_at=datetime.fromisoformat(asked["started_at"]),
    )


def name_in_ui(**names: str) -> None:
    """Give a mapped task's map_index_template the names that it shows."""
    cast("dict[str, Any]", get_current_context()).update(names)

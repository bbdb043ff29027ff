"""What the tasks of a table pipeline open that read or write snapshots in the lake."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from include.core.aws.hand_over import HandOver
from include.pipelines.github_csv_to_postgres import Resources
from wiring.clients import lake
from wiring.defaults import settings
from wiring.task_context import task_folder, this_run

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def task_resources() -> Iterator[Resources]:
    """Open them for one task; its local folder is gone at the end."""
    with task_folder() as folder:
        prefix = f"work/{this_run().dag_id}/clean"
        yield Resources(
            hand_over=HandOver(store=lake(), prefix=prefix, folder=folder),
            memory=settings().duckdb_memory,
            ui_url=settings().ui_url,
            answer_seconds=settings().answer_seconds,
        )

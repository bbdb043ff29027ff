"""Where a task of csv_upload_to_dynamodb reads and writes."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from include.pipelines.csv_upload_to_dynamodb import PIPELINE, Places
from wiring.clients import aws_client, lake, stage_events, warehouse
from wiring.defaults import settings
from wiring.task_context import run_work, task_folder

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def item_places() -> Iterator[Places]:
    """The places of this task instance; its folder is gone at the end."""
    with task_folder() as folder:
        yield Places(
            connect=warehouse(),
            landing=aws_client("s3"),
            store=lake(),
            table=aws_client("dynamodb"),
            table_name=settings().items_table,
            events=stage_events(PIPELINE),
            work=run_work(),
            folder=folder,
        )

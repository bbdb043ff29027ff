"""What runs leave for the page of Sluice in the UI."""

from __future__ import annotations

import logging
import os
from functools import partial
from typing import TYPE_CHECKING, Any

from include.core.scratch import scratch_folder
from include.core.summaries.attention import dead_letters, find_items, write_items
from include.core.summaries.lake_points import draw_lake
from include.core.summaries.summary import (
    PREFIX,
    drop_summary,
    has_runs,
    is_news,
    key_of,
    read_told,
    write_summary,
)
from include.core.summaries.table_points import draw_table
from include.core.warehouse.connection import transaction
from include.errors import SummaryError, TerminalError
from wiring.clients import aws_client, lake, warehouse
from wiring.defaults import settings
from wiring.sinks import declared_sinks, exported_sinks, find_sink
from wiring.uploads.pipelines import CSV_UPLOAD_TO_SQS, UPLOAD_PIPELINES

if TYPE_CHECKING:
    from include.core.summaries.points import Drawn
    from include.core.summaries.summary import Told
    from wiring.sinks import Sink

log = logging.getLogger(__name__)


def summarise(sink: Sink, *, anyway: bool = True) -> bool:
    """Write the summary of a sink anew, from the warehouse and the lake.

    Arguments:
        sink: which.
        anyway: also where there is no news.

    Returns:
        Whether it was written.

    Raises:
        WarehouseUnavailableError, WarehouseRefusedError: as Postgres says.
        ClientError: as S3 says.
    """
    return write_summary(lake(), sink.about, partial(_look, sink, anyway=anyway))


def refresh(name: str) -> None:
    """Write the summary of a sink after a run, whose work is done: it does not fail by this.

    The page shows how old a summary is, and the DAG summarise writes all of them anew.

    Arguments:
        name: as the ledger knows the sink.
    """
    try:
        sink = find_sink(name)
        if sink is not None:
            summarise(sink)
    except Exception as error:  # noqa: BLE001 -- whatever it is, rows are loaded and stay so
        log.warning("The page shows no news of %s: %s", name, type(error).__name__)


def write_all(*, anyway: bool) -> list[str]:
    """Write the summary of every sink that is declared, and delete those of sinks that are gone.

    Arguments:
        anyway: also where there is no news.

    Returns:
        The sinks whose summaries were written.

    Raises:
        WarehouseUnavailableError, WarehouseRefusedError: as Postgres says.
        ClientError: as S3 says.
        SummaryError: some could not be written; the others are.
    """
    sinks = [*declared_sinks(), *exported_sinks()]
    written, failed = [], []
    for sink in sinks:
        name = sink.about.sink
        try:
            if summarise(sink, anyway=anyway):
                written.append(name)
        except TerminalError as error:
            log.warning("No summary of %s: %s", name, error)
            failed.append(f"{name}: {error}")
    _drop_others({sink.about.sink for sink in sinks})
    if failed:
        raise SummaryError(f"{len(failed)} of {len(sinks)} summaries not written; {failed[0]}")
    return written


def write_attention() -> int:
    """Write what needs a person, and return how many items there are.

    Raises:
        WarehouseUnavailableError, WarehouseRefusedError: as Postgres says.
        ClientError: as S3 or SQS says.
    """
    here, sqs = settings(), aws_client("sqs")
    items = [
        item
        for pipeline in UPLOAD_PIPELINES
        for item in dead_letters(
            sqs,
            getattr(here, f"{pipeline.name}_dead_letter_queue_url"),
            dag_id=pipeline.name,
            sink=None,
        )
    ]
    rows = CSV_UPLOAD_TO_SQS
    url = here.json_dead_letter_queue_url
    items += dead_letters(sqs, url, dag_id=rows.name, sink=rows.sink)
    with transaction(warehouse(), doing="look for what needs a person") as cursor:
        items += find_items(cursor)
    write_items(lake(), items)
    return len(items)


def _drop_others(declared: set[str]) -> None:
    """Delete summaries of sinks that are declared no more, unless the ledger knows their runs."""
    store = lake()
    kept = {key_of("sinks", sink) for sink in declared}
    for key in store.keys(f"{PREFIX}/sinks/"):
        if key in kept:
            continue
        known = store.get_json(key)
        sink = known.get("sink") if isinstance(known, dict) else None
        if not isinstance(sink, str) or key_of("sinks", sink) != key:
            store.delete(key)
        elif not _has_runs(sink):
            drop_summary(store, sink)


def _has_runs(sink: str) -> bool:
    with transaction(warehouse(), doing=f"look for runs of {sink}") as cursor:
        return has_runs(cursor, sink)


def _look(sink: Sink, known: Any, *, anyway: bool) -> tuple[Told, Drawn | None] | None:
    with transaction(warehouse(), doing=f"summarise {sink.about.sink}") as cursor:
        told = read_told(cursor, sink.about.sink)
        if not anyway and not is_news(sink.about, told, known):
            return None
        if sink.table is not None and sink.chart is not None:
            return told, draw_table(cursor, sink.table, sink.chart, deleted=sink.deleted)
    if sink.dataset is None or sink.chart is None:
        return told, None
    # Not the task's own: the callback of a DAG that failed is no task.
    with scratch_folder("page", str(os.getpid()), sink.about.sink) as folder:
        places: Any = {"folder": folder, "memory": settings().duckdb_memory}
        return told, draw_lake(lake(), sink.dataset, sink.chart, **places)

"""What runs leave for the page of Sluice in the UI."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from include.core.summaries.summary import read_told, write_summary
from include.core.summaries.table_points import draw_table
from include.core.warehouse.connection import transaction
from wiring.clients import lake, warehouse
from wiring.sinks import find_sink

if TYPE_CHECKING:
    from include.core.summaries.charts import Drawn
    from include.core.summaries.summary import Told
    from wiring.sinks import Sink

log = logging.getLogger(__name__)


def summarise(sink: Sink) -> None:
    """Write the summary of a sink anew, from the warehouse and the lake.

    Raises:
        WarehouseUnavailableError, WarehouseRefusedError: as Postgres says.
        ClientError: as S3 says.
    """
    write_summary(lake(), sink.about, lambda: _look(sink))


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


def _look(sink: Sink) -> tuple[Told, Drawn | None]:
    with transaction(warehouse(), doing=f"summarise {sink.about.sink}") as cursor:
        told = read_told(cursor, sink.about.sink)
        if sink.table is None or sink.chart is None:
            return told, None
        return told, draw_table(cursor, sink.table, sink.chart, deleted=sink.deleted)

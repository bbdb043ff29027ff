"""Assets: the last task of a pipeline says what its run has done, for DAGs that wait for it.

The asset of a sink has the name that the ledger knows the sink by, which is its URI as well. An
address would need a connection, which parsing must not read, and would have to be in each DAG that
waits: Airflow takes two assets of one name with different URIs for a conflict.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from airflow.sdk import Asset, get_current_context
from airflow.sdk.execution_time.context import InletEventsAccessor

from include.core.runs.updates import find_update, format_counts
from wiring.clients import warehouse
from wiring.page import refresh
from wiring.task_context import name_in_ui, this_run

if TYPE_CHECKING:
    from include.core.runs.updates import SinkUpdate

# The map_index_template of a task that calls report_update. A run's page lists tasks with it, also
# those that are not mapped.
COUNTS = "{{ counts }}"
# The newest events of an asset, among which one of the same run is looked for.
_RECENT = 100


def report_update() -> None:
    """Give the event of this task's outlet what the run has done, or withhold the event.

    The one outlet of the task is the asset of the run's sink. Airflow makes an event for each
    outlet of a task that succeeds. There is none after a run that has done nothing to its sink,
    such as a dry run, and no second one that says the same of a run that was cleared.

    Raises:
        WarehouseUnavailableError, WarehouseRefusedError: as Postgres says.
    """
    context: Any = get_current_context()
    (asset,) = context["task"].outlets
    update = find_update(warehouse(), this_run(), asset.name)
    refresh(asset.name)
    # Airflow fails a task whose template names what is not there.
    name_in_ui(counts=format_counts(update) if update else "no update")
    if update is None or _is_known(asset, update, tries=context["ti"].try_number):
        context["task"].outlets = []
    else:
        context["outlet_events"][asset].extra = cast("dict[str, Any]", update)


def report_update_of(sink: str) -> str:
    """Make an event of a sink that becomes known only while a run works on it.

    The one outlet of the task is an alias. An event that this task makes through it is one of the
    asset that has the sink's name, for which DAGs can wait before it ever was; Airflow makes the
    asset with the first event. What is not told is as for report_update.

    Returns:
        The counts, for people.

    Raises:
        WarehouseUnavailableError, WarehouseRefusedError: as Postgres says.
    """
    context: Any = get_current_context()
    (alias,) = context["task"].outlets
    asset, update = Asset(sink), find_update(warehouse(), this_run(), sink)
    refresh(sink)
    if update is None:
        return "no update"
    if not _is_known(asset, update, tries=context["ti"].try_number):
        context["outlet_events"][alias].add(asset, extra=cast("dict[str, Any]", update))
    return format_counts(update)


def _is_known(asset: Asset, update: SinkUpdate, *, tries: int) -> bool:
    """Whether an earlier try of this task has ended with the same event."""
    if tries == 1:
        return False
    recent = InletEventsAccessor(asset_name=asset.name).ascending(False).limit(_RECENT)
    return any(event.extra == update for event in recent)

"""Where a row of a table comes from: each run that wrote, confirmed or refused it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.core.trace.effects import TableKey
from include.core.trace.history import (
    follow,
    left_out,
    newest_versions,
    put_together,
    unsuccessful,
)
from include.core.trace.keys import canonical_key
from include.core.trace.ledger import runs_of_sink
from include.core.trace.rows import row_in_table
from include.core.warehouse.connection import transaction
from include.pipelines.github_csv_to_postgres.traced_versions import TracedVersions, versions_of

if TYPE_CHECKING:
    from include.contracts.github import GitHubDataset
    from include.core.trace.answer import History
    from include.core.warehouse.connection import Connect
    from include.pipelines.github_csv_to_postgres.task_values import Resources


def trace(
    dataset: GitHubDataset, given: Any, *, connect: Connect, resources: Resources
) -> tuple[dict[str, str], History]:
    """Read the archived files of the runs again for one key.

    Arguments:
        dataset: the contract.
        given: the key, as canonical_key takes it.
        connect: opens a connection to the warehouse.
        resources: what the task has opened.

    Returns:
        The key in canonical texts, and what is found.

    Raises:
        RunInputError: the key is none of the table.
        WarehouseUnavailableError, WarehouseRefusedError: as Postgres says.
        WorkerExhaustedError: no disk or memory is left.
    """
    table = dataset.table
    key = canonical_key(given, table.key_columns)
    with transaction(connect, doing=f"look up a row of {table.sink}") as cursor:
        runs, more = runs_of_sink(cursor, table.sink)
        now = row_in_table(cursor, table, key)
    loads = [run for run in runs if run.status == "success" and run.sources]
    read, left = newest_versions(loads, versions=versions_of)
    traced = TracedVersions(dataset=dataset, key=key, resources=resources)
    readings = traced.read({versions_of(run): run for run in read})
    state = TableKey(vanished=dataset.vanished, known=not (more or left))
    entries = [follow(state, run, readings[versions_of(run)]) for run in read]
    return key, put_together(
        dataset.name,
        entries,
        now=now,
        left=state.values if state.known else now,
        cut=left_out(more_runs=more, of_versions=left),
        notes=[*unsuccessful(runs), *traced.notes()],
    )

"""Where a row comes from of a table that exports end in: each version that wrote or refused it."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from include.contracts.exports import DELETED_AT
from include.core.runs.notices import count_of
from include.core.trace.effects import TableKey
from include.core.trace.history import (
    follow,
    is_left,
    left_out,
    newest_versions,
    put_together,
    unsuccessful,
)
from include.core.trace.keys import canonical_key
from include.core.trace.ledger import runs_of_sink
from include.core.trace.rows import row_in_table
from include.core.warehouse.connection import transaction
from include.core.warehouse.table_columns import find_columns
from include.pipelines.table_export_to_kinesis.states import find_versions
from include.pipelines.table_export_to_kinesis.traced_versions import TracedExports, version_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from psycopg2.extensions import cursor

    from include.contracts.exports import TableExport
    from include.contracts.tables import Table
    from include.core.arrivals.resources import Resources
    from include.core.exports.names import TableName
    from include.core.trace.answer import History
    from include.core.trace.ledger import LedgerRun
    from include.pipelines.table_export_to_kinesis.states import Export

APPLIES = "kinesis_to_postgres"
"""The DAG whose runs write the tables."""


def trace(
    dataset: TableExport, name: tuple[str, str], given: Any, *, resources: Resources
) -> tuple[dict[str, str], History]:
    """Read the files of the versions that were applied again for one key.

    Arguments:
        dataset: what declares the table.
        name: tenant and table.
        given: the key, as canonical_key takes it.
        resources: what the task has opened.

    Returns:
        The key in canonical texts, and what is found.

    Raises:
        RunInputError: the key is none of the table.
        WarehouseUnavailableError, WarehouseRefusedError: as Postgres says.
        WorkerExhaustedError: no disk or memory is left.
    """
    target = dataset.target(*name)
    key = canonical_key(given, target.key_columns)
    table: TableName = {"tenant": name[0], "table": name[1]}
    with transaction(resources.connect, doing=f"look up a row of {target.sink}") as cursor:
        runs, more = runs_of_sink(cursor, target.sink)
        applied = [each for run in runs if run.status == "success" for each in _versions(run)]
        read, left = newest_versions(applied, versions=version_of)
        exports = find_versions(cursor, table, [*map(version_of, read)])
        now = row_in_table(cursor, _as_it_is(cursor, target), key)
    traced = TracedExports(dataset=dataset, key=key, resources=resources)
    readings = traced.read(dict.fromkeys(map(version_of, read)), exports)
    state = TableKey(vanished="delete", known=not (more or left))
    gaps = _gaps(read, exports, is_cut=not state.known)
    entries = []
    for place, run in enumerate(read):
        if place in gaps:
            state.known = False
        # A newer version is never applied before an older one.
        entries.append(follow(state, run, readings[version_of(run)], order=place))
    may_be_left = not state.known or _is_left(dataset, state.values, now)
    return key, put_together(
        APPLIES,
        entries,
        now=now,
        left=now if may_be_left else state.values,
        cut=left_out(more_runs=more, of_versions=left),
        notes=[*unsuccessful(runs), *_notes_of_gaps(len(gaps))],
    )


def _versions(run: LedgerRun) -> Iterator[LedgerRun]:
    """A run as one of each version that it has applied, with what is known of its counts."""
    for source in run.sources:
        # Of older runs the counts of all versions together are all that the ledger has.
        counts = {name: source.get(name, number) for name, number in run.counts.items()}
        yield replace(run, sources=[source], counts=counts)


def _gaps(read: Sequence[LedgerRun], exports: Mapping[str, Export], *, is_cut: bool) -> set[int]:
    """Places of versions that were made from another one than the one before them here.

    The ledger names no version that a rebuild has passed over, and none that a run has applied
    which was cleared and then applied newer ones: the last row of a run stands.

    Arguments:
        read: a version each, in the order in which they were applied.
        exports: what ops.export has of them.
        is_cut: earlier ones are left out, so that nothing can be said of the first.
    """
    versions = [version_of(run) for run in read]
    return {
        place
        for place, (before, version) in enumerate(pairwise([None, *versions]))
        if (export := exports.get(str(version)))
        and before not in (version, export.base_version)
        and not (is_cut and place == 0)
    }


def _notes_of_gaps(count: int) -> list[str]:
    note = (
        f"{count_of(count, 'version')} made from versions that no run of the ledger has applied: "
        "what those had of the row is not known, nor always what the versions after them did to it"
    )
    return [note] if count else []


def _as_it_is(cursor: cursor, target: Table) -> Table:
    """The target without columns that it lacks: it gets those with the next version."""
    there = {column.name for column in find_columns(cursor, target)}
    columns = [each for each in target.columns if each.name in there or each.name in target.key]
    return replace(target, columns=tuple(columns))


def _is_left(dataset: TableExport, left: dict[str, Any] | None, now: dict[str, Any] | None) -> bool:
    """Whether the target holds what versions have left; a row that is marked as deleted is none."""
    if dataset.deletes != "soft" or now is None:
        return is_left(left, now)
    held = {name: value for name, value in now.items() if name != DELETED_AT.name}
    return is_left(left, held if now.get(DELETED_AT.name) is None else None)

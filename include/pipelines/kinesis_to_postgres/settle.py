"""A table's turn: what has been read whole is applied, or the target is rebuilt from its export."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from include.core.exports.names import table_parameters
from include.core.exports.snapshots import outdated, snapshots_of
from include.core.failpoints import failpoint
from include.core.runs.ledger import Counts, Details, record_run
from include.core.statements import read_statement
from include.core.warehouse.connection import transaction
from include.core.warehouse.sink_lock import lock_sink
from include.core.warehouse.table_statements import TableStatements
from include.errors import RunInputError
from include.pipelines.kinesis_to_postgres.apply import (
    Version,
    Written,
    apply_version,
    chain_of,
    check_target,
)
from include.pipelines.kinesis_to_postgres.lost import cause_of_loss, reset_checkpoints
from include.pipelines.kinesis_to_postgres.notices import write_run_notice
from include.pipelines.kinesis_to_postgres.rebuild import check_newest, fetch_newest, load_newest
from include.pipelines.kinesis_to_postgres.targets import make_target

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg2.extensions import cursor

    from include.contracts.columns import Column
    from include.contracts.tables import Table
    from include.core.runs.ledger import RunOfSink
    from include.core.warehouse.connection import Connect
    from include.pipelines.kinesis_to_postgres.task_values import SettleResources, TableTask

log = logging.getLogger(__name__)


def find_tables(connect: Connect) -> list[TableTask]:
    """Tables of which versions are published that their target has not.

    Those are in the stream, and have to be read before the tables are applied.

    Raises:
        WarehouseUnavailableError, WarehouseRefusedError: as Postgres says.
    """
    with transaction(connect, doing="find what is published") as cursor:
        cursor.execute(_named("settle_exports.tables"))
        return [
            {"tenant": tenant, "table": table, "awaited": awaited, "rebuild": False}
            for tenant, table, awaited in cursor.fetchall()
        ]


def rebuild_task(tenant: str, table: str) -> TableTask:
    """The task that rebuilds a target from its newest export."""
    return {"tenant": tenant, "table": table, "awaited": [], "rebuild": True}


def apply_table(task: TableTask, *, run: RunOfSink, resources: SettleResources) -> str:
    """Apply every version of a table that has been read whole, in one transaction.

    Snapshots of versions before the one that the target holds then are deleted: the next delta
    starts from this one or a newer one, and so does a rebuild.

    Where a version cannot be applied although the stream was read to its newest record after that
    was published, its operations are lost: the target is rebuilt from its newest export.

    Arguments:
        task: which table.
        run: which run this is; its sink and as_of become those of the target.
        resources: what the task works with.

    Returns:
        The name that the ledger knows the target by.

    Raises:
        TargetDiffersError: the target is not what the versions were made for; nothing is applied.
        RunInputError: no dataset declares the table, or none of its versions was published.
        ArchiveError: the export that the target is rebuilt from is gone.
        WarehouseUnavailableError, WarehouseRefusedError: as Postgres says.
    """
    export = resources.declared(task["tenant"], task["table"])
    if export is None:
        raise RunInputError(
            f"No dataset declares {task['tenant']}/{task['table']}: add it to include/datasets"
        )
    target = export.target(task["tenant"], task["table"])
    make_target(target, loader=resources.connect, owner=resources.owner)
    run = replace(run, sink=target.sink)
    _Turn(task, target, export.contract.columns, run, resources).take()
    _remove_outdated(task, resources)
    return target.sink


@dataclass(frozen=True)
class _Turn:
    """One table's turn in one run."""

    task: TableTask
    target: Table
    columns: Sequence[Column]
    run: RunOfSink
    resources: SettleResources

    def take(self) -> None:
        """Apply what is whole, or rebuild the target where that was asked for or has to be."""
        if self.task["rebuild"]:
            self.rebuild(cause=None)
        elif lost := self.apply():
            cause = cause_of_loss(lost, self.resources.stream)
            log.warning("%s is rebuilt: %s", self.target.sink, cause.text)
            self.rebuild(cause=cause.text)
            if not cause.trimmed:
                reset_checkpoints(lost, self.resources)

    def apply(self) -> Version | None:
        """Apply what is whole; or come back with a version that never will be, and do nothing."""
        sink = self.target.sink
        with transaction(self.resources.connect, doing=f"apply changes to {sink}") as cursor:
            lock_sink(cursor, sink)
            failpoint("apply.locked")
            versions = _published(cursor, self.task)
            chain = chain_of(versions, applied=_applied(cursor, self.task))
            if lost := _lost(versions, chain, self.task):
                return lost
            if chain:
                self._write(cursor, chain)
        failpoint("apply.committed")
        return None

    def rebuild(self, *, cause: str | None) -> None:
        """Make the target hold its newest export, whatever it holds."""
        newest = fetch_newest(self.task, self.resources)
        failpoint("rebuild.fetched")
        sink = self.target.sink
        with transaction(self.resources.connect, doing=f"rebuild {sink}") as cursor:
            lock_sink(cursor, sink)
            failpoint("rebuild.locked")
            check_newest(cursor, self.task, newest)
            counts = load_newest(cursor, self.target, newest, self.resources)
            failpoint("rebuild.loaded")
            _settle(cursor, self.task, newest.versions)
            warnings = [cause] if cause else []
            self._record(cursor, [newest.version], [counts], warnings=warnings)
        failpoint("rebuild.committed")

    def _write(self, cursor: cursor, chain: list[Version]) -> None:
        statements = TableStatements(cursor, self.target)
        written = [
            apply_version(statements, version, moment=version.published_at) for version in chain
        ]
        _settle(cursor, self.task, [version.version for version in chain])
        failpoint("apply.settled")
        counts = [_counts(*each) for each in zip(chain, written, strict=True)]
        self._record(cursor, chain, counts, warnings=[])

    def _record(
        self,
        cursor: cursor,
        versions: Sequence[Version],
        counts: Sequence[Counts],
        *,
        warnings: list[str],
    ) -> None:
        """Hold the target to the export, and write the ledger row and the notice."""
        newest = versions[-1]
        warnings = [*warnings, *check_target(cursor, self.target, self.columns, newest)]
        run = replace(self.run, as_of=newest.published_at)
        names = Counts.__annotations__
        total = Counts(**{name: sum(getattr(each, name) for each in counts) for name in names})
        sources = [_source(*each) for each in zip(versions, counts, strict=True)]
        if record_run(cursor, run, total, Details(sources=sources, warnings=warnings)):
            failpoint("apply.entered_in_ledger")
            write_run_notice(cursor, run, dataset=run.dag_id, ui_url=self.resources.ui_url)
        failpoint("apply.recorded")


def _remove_outdated(task: TableTask, resources: SettleResources) -> None:
    """Delete the snapshots of versions before the one that the target holds, here or by a rerun."""
    with transaction(resources.connect, doing="find what the target holds") as cursor:
        version = _applied(cursor, task)
    if version is None:
        return
    for key in outdated(resources.lake.keys(snapshots_of(task)), task, version=version):
        resources.lake.delete(key)
        failpoint("snapshots.deleted")


def _lost(versions: list[Version], chain: list[Version], task: TableTask) -> Version | None:
    """A version that is in no chain, although all of it has been in the stream that was read."""
    awaited = {each["publication"] for each in task["awaited"]}
    left = (each for each in versions if each not in chain)
    return next((each for each in left if each.publication in awaited), None)


def _applied(cursor: cursor, task: TableTask) -> str | None:
    cursor.execute(_named("settle_exports.applied"), table_parameters(task))
    row = cursor.fetchone()
    return row[0] if row else None


def _published(cursor: cursor, task: TableTask) -> list[Version]:
    cursor.execute(_named("settle_exports.published"), table_parameters(task))
    names = [column.name for column in cursor.description or ()]
    return [Version(**dict(zip(names, row, strict=True))) for row in cursor.fetchall()]


def _settle(cursor: cursor, task: TableTask, versions: list[str]) -> None:
    """Mark versions as applied, and drop what was kept of them and of those before."""
    values = {**table_parameters(task), "versions": versions, "newest": versions[-1]}
    cursor.execute(_named("settle_exports.lock"), values)
    numbers = {"publication_ids": [number for (number,) in cursor.fetchall()]}
    cursor.execute(_named("settle_exports.clear"), numbers)
    cursor.execute(_named("settle_exports.forget"), numbers)
    cursor.execute(_named("settle_exports.apply"), values)
    cursor.execute(_named("settle_exports.advance"), values)


def _counts(version: Version, written: Written) -> Counts:
    """Where the rows of an export have gone: those that no operation is about are unchanged."""
    rows = version.end["rows"]
    return Counts(
        read=rows + version.rejected + version.duplicate,
        rejected=version.rejected,
        duplicate=version.duplicate,
        inserted=written.inserted,
        updated=written.updated,
        unchanged=rows - written.inserted - written.updated,
        deleted=written.deleted,
    )


def _source(version: Version, counts: Counts) -> dict[str, Any]:
    return {
        "file": f"{version.end['tenant']}/{version.end['table']}",
        "version_id": version.version,
        "operations": version.end["operations"],
        "read": counts.read,
        "rejected": counts.rejected,
        "inserted": counts.inserted,
        "updated": counts.updated,
        "unchanged": counts.unchanged,
        "deleted": counts.deleted,
    }


def _named(name: str) -> str:
    return read_statement(f"kinesis_to_postgres/{name}")

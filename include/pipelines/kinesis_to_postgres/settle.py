"""What has been read whole is applied, a table at a time, with ledger row and notice."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypedDict

from include.core.failpoints import failpoint
from include.core.runs.ledger import Counts, Details, record_run
from include.core.statements import read_statement
from include.core.warehouse.connection import transaction
from include.core.warehouse.sink_lock import lock_sink
from include.core.warehouse.table_statements import TableStatements
from include.errors import RunInputError
from include.pipelines.kinesis_to_postgres.apply import Version, Written, apply_version, chain_of
from include.pipelines.kinesis_to_postgres.notices import write_run_notice
from include.pipelines.kinesis_to_postgres.targets import make_target

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg2.extensions import cursor

    from include.core.runs.ledger import RunOfSink
    from include.core.warehouse.connection import Connect
    from include.pipelines.kinesis_to_postgres.task_values import SettleResources

log = logging.getLogger(__name__)


class TableName(TypedDict):
    """A table of a tenant."""

    tenant: str
    table: str


def find_tables(connect: Connect) -> list[TableName]:
    """Tables of which a version is published that their target has not."""
    with transaction(connect, doing="find what is published") as cursor:
        cursor.execute(_named("settle_exports.tables"))
        return [{"tenant": tenant, "table": table} for tenant, table in cursor.fetchall()]


def apply_table(name: TableName, *, run: RunOfSink, resources: SettleResources) -> str:
    """Apply every version of a table that has been read whole, in one transaction.

    Arguments:
        name: which table.
        run: which run this is; its sink and as_of become those of the target.
        resources: what the task works with.

    Returns:
        The name that the ledger knows the target by.

    Raises:
        TargetDiffersError: the target is not what the versions were made for; nothing is applied.
        RunInputError: no dataset declares the table.
        WarehouseUnavailableError, WarehouseRefusedError: as Postgres says.
    """
    export = resources.declared(name["tenant"], name["table"])
    if export is None:
        raise RunInputError(
            f"No dataset declares {name['tenant']}/{name['table']}: add it to include/datasets"
        )
    target = export.target(name["tenant"], name["table"])
    make_target(target, loader=resources.connect, owner=resources.owner)
    with transaction(resources.connect, doing=f"apply changes to {target.sink}") as cursor:
        lock_sink(cursor, target.sink)
        failpoint("apply.locked")
        applied, _, _ = _known(cursor, name)
        chain = chain_of(_published(cursor, name), applied=applied)
        if chain:
            statements = TableStatements(cursor, target)
            written = [
                apply_version(statements, version, moment=version.published_at) for version in chain
            ]
            _settle(cursor, name, chain)
            failpoint("apply.settled")
            _record(cursor, replace(run, sink=target.sink), chain, written, resources)
    failpoint("apply.committed")
    return target.sink


def _known(cursor: cursor, name: TableName) -> tuple[Any, ...]:
    cursor.execute(_named("settle_exports.table"), _parameters(name))
    row = cursor.fetchone()
    return row or (None, None, None)


def _published(cursor: cursor, name: TableName) -> list[Version]:
    cursor.execute(_named("settle_exports.published"), _parameters(name))
    names = [column.name for column in cursor.description or ()]
    return [Version(**dict(zip(names, row, strict=True))) for row in cursor.fetchall()]


def _settle(cursor: cursor, name: TableName, chain: Sequence[Version]) -> None:
    """Mark versions as applied, and drop what was kept of them and of those before."""
    versions, newest = [version.version for version in chain], chain[-1].version
    values = {**_parameters(name), "versions": versions, "newest": newest}
    cursor.execute(_named("settle_exports.lock"), values)
    numbers = {"publication_ids": [number for (number,) in cursor.fetchall()]}
    cursor.execute(_named("settle_exports.clear"), numbers)
    cursor.execute(_named("settle_exports.forget"), numbers)
    cursor.execute(_named("settle_exports.apply"), values)
    cursor.execute(_named("settle_exports.advance"), values)


def _record(
    cursor: cursor,
    run: RunOfSink,
    chain: Sequence[Version],
    written: Sequence[Written],
    resources: SettleResources,
) -> None:
    run = replace(run, as_of=chain[-1].published_at)
    counts = [_counts(*each) for each in zip(chain, written, strict=True)]
    total = Counts(
        **{name: sum(getattr(each, name) for each in counts) for name in Counts.__annotations__}
    )
    sources = [_source(*each) for each in zip(chain, counts, strict=True)]
    if record_run(cursor, run, total, Details(sources=sources)):
        failpoint("apply.entered_in_ledger")
        write_run_notice(cursor, run, dataset=run.dag_id, ui_url=resources.ui_url)
    failpoint("apply.recorded")


def _counts(version: Version, written: Written) -> Counts:
    """Where the rows of an export have gone: those that no operation is about are unchanged."""
    found, record = version.counts or {}, version.end
    rejected, duplicate = int(found.get("rejected", 0)), int(found.get("duplicate", 0))
    return Counts(
        read=record["rows"] + rejected + duplicate,
        rejected=rejected,
        duplicate=duplicate,
        inserted=written.inserted,
        updated=written.updated,
        unchanged=record["rows"] - written.inserted - written.updated,
        deleted=written.deleted,
    )


def _source(version: Version, counts: Counts) -> dict[str, Any]:
    record = version.end
    return {
        "file": f"{record['tenant']}/{record['table']}",
        "version_id": version.version,
        "operations": record["operations"],
        "read": counts.read,
        "rejected": counts.rejected,
        "deleted": counts.deleted,
    }


def _parameters(name: TableName) -> dict[str, str]:
    return {"tenant": name["tenant"], "table_name": name["table"]}


def _named(name: str) -> str:
    return read_statement(f"kinesis_to_postgres/{name}")

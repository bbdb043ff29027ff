"""A target from its newest export: what it holds does not matter, nor what the stream has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.core.exports.names import table_parameters
from include.core.runs.ledger import Counts
from include.core.snapshot.files import open_rows
from include.core.statements import read_statement
from include.core.warehouse.connection import transaction
from include.core.warehouse.upsert import Policy, Snapshot, load_snapshot
from include.errors import ExportBusyError, RunInputError
from include.pipelines.kinesis_to_postgres.apply import Version, is_soft

if TYPE_CHECKING:
    from pathlib import Path

    from psycopg2.extensions import cursor

    from include.contracts.tables import Table
    from include.pipelines.kinesis_to_postgres.task_values import SettleResources, TableTask


@dataclass(frozen=True, kw_only=True)
class Newest:
    """The newest version of a table that was published whole.

    Attributes:
        version: which.
        snapshot: where its rows are: key, sha256, rows and others.
        file: a local copy of them.
        versions: all that are published and not applied, this one at the end.
    """

    version: Version
    snapshot: dict[str, Any]
    file: Path
    versions: list[str]


def fetch_newest(task: TableTask, resources: SettleResources) -> Newest:
    """Find the newest version that was published whole, and fetch its rows.

    Raises:
        RunInputError: there is none.
        ArchiveError: its rows are gone, or are not what was put there.
    """
    with transaction(resources.connect, doing="find the newest export") as cursor:
        found = _find(cursor, task)
    if found is None:
        raise RunInputError(
            f"No export of {task['tenant']}/{task['table']} was published whose rows are kept: "
            "there is nothing to rebuild its target from"
        )
    snapshot, versions = found.pop("snapshot"), found.pop("versions")
    version = Version(**found)
    file = resources.folder / "newest.parquet"
    resources.lake.get_file(snapshot["key"], file, sha256=snapshot["sha256"])
    others = [each for each in versions if each != version.version]
    return Newest(
        version=version, snapshot=snapshot, file=file, versions=[*others, version.version]
    )


def check_newest(cursor: cursor, task: TableTask, newest: Newest) -> None:
    """Make sure, with the lock on the target, that no newer version is there by now.

    Raises:
        ExportBusyError: one was published, and may have been applied.
    """
    found = _find(cursor, task)
    if found is None or found["publication"] != newest.version.publication:
        raise ExportBusyError(
            f"A newer export of {task['tenant']}/{task['table']} was published meanwhile"
        )


def _find(cursor: cursor, task: TableTask) -> dict[str, Any] | None:
    statement = read_statement("kinesis_to_postgres/settle_exports.newest")
    cursor.execute(statement, table_parameters(task))
    row = cursor.fetchone()
    names = [column.name for column in cursor.description or ()]
    return None if row is None else dict(zip(names, row, strict=True))


def load_newest(
    cursor: cursor, target: Table, newest: Newest, resources: SettleResources
) -> Counts:
    """Write the rows that differ, and find no others in the target.

    Arguments:
        cursor: in a transaction that the caller commits.
        target: where the rows go.
        newest: what they are.
        resources: what the task works with.
    """
    version, rows = newest.version, int(newest.snapshot["rows"])
    loaded = load_snapshot(
        cursor,
        table=target,
        snapshot=Snapshot(
            as_of=version.published_at, row_count=rows, content_sha256=newest.snapshot["sha256"]
        ),
        rows=lambda: open_rows(
            target, newest.file, folder=resources.folder, memory=resources.memory, lacking=True
        ),
        # A person has approved it, or it did not shrink: it was published.
        policy=Policy(vanished="mark" if is_soft(target) else "delete", shrink=None),
    )
    return Counts(
        read=rows + version.rejected + version.duplicate,
        rejected=version.rejected,
        duplicate=version.duplicate,
        inserted=loaded.inserted,
        updated=loaded.updated,
        unchanged=loaded.unchanged,
        superseded=loaded.superseded,
        deleted=loaded.deleted,
    )

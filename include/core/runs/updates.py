"""What a run has done to a sink, for programs that wait for it."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any, TypedDict, cast

from include.core.runs.ledger import Counts
from include.core.runs.notices import format_moment
from include.core.statements import read_statement
from include.core.warehouse.connection import transaction

if TYPE_CHECKING:
    from include.core.runs.run import Run
    from include.core.warehouse.connection import Connect


class SourceVersion(TypedDict, total=False):
    """One file that a run has read, in the version that it has read.

    Attributes:
        repository, path, commit: of a file in GitHub.
        file, version_id: of an upload, its key and S3's id of the version.
    """

    repository: str
    path: str
    commit: str
    file: str
    version_id: str


class SinkUpdate(TypedDict):
    """What a run has done to a sink: JSON of a bounded size, without values of rows.

    Attributes:
        dag_id, run_id: which run.
        sink: schema.table, or the name of a queue or a DynamoDB table.
        as_of: the moment whose state the run has loaded, such as 2020-11-30T08:30:00Z.
        read, rejected, duplicate, inserted, updated, unchanged, superseded, delivered, deleted:
            rows, as the ledger counts them.
        sources: the first 20 of what it has read.
        source_count: how many it has read.
    """

    dag_id: str
    run_id: str
    sink: str
    as_of: str
    read: int
    rejected: int
    duplicate: int
    inserted: int
    updated: int
    unchanged: int
    superseded: int
    delivered: int
    deleted: int
    sources: list[SourceVersion]
    source_count: int


def find_update(connect: Connect, run: Run, sink: str) -> SinkUpdate | None:
    """What a run has done to a sink, from the ledger.

    Arguments:
        connect: opens a connection.
        run: which run.
        sink: as the ledger knows it.

    Returns:
        None where the ledger has no success of the run: of a dry run, of a run that failed, and of
        one that found nothing to do.

    Raises:
        WarehouseUnavailableError, WarehouseRefusedError: as Postgres says.
    """
    named = {**run.parameters, "sink": sink}
    with transaction(connect, doing=f"look up what {run.dag_id} has done") as cursor:
        cursor.execute(read_statement("runs/find_update"), named)
        row = cursor.fetchone()
        if row is None:
            return None
        names = [column.name for column in cursor.description or ()]
    found = dict(zip(names, row, strict=True))
    found["as_of"] = format_moment(found["as_of"])
    found["sources"] = [_version_of(source) for source in found["sources"]]
    return cast("SinkUpdate", named | found)


def format_counts(update: SinkUpdate) -> str:
    """The counts for people, read first, without those of no row: 58 read, 1 rejected."""
    counts = {field.name: cast("dict[str, Any]", update)[field.name] for field in fields(Counts)}
    return ", ".join(f"{rows} {name}" for name, rows in counts.items() if rows or name == "read")


def _version_of(source: dict[str, Any]) -> SourceVersion:
    """What the ledger has of a source, without its counts and its place in the archive."""
    names = SourceVersion.__annotations__
    return cast("SourceVersion", {name: source[name] for name in names if name in source})

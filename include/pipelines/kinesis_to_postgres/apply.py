"""Whole versions into their target: set-wise, in one transaction with ledger and notice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg2 import sql
from psycopg2.errors import UniqueViolation

from include.contracts.exports import DELETED_AT
from include.core.exports.row_text import checksum_of_table, digest_name
from include.core.failpoints import failpoint
from include.core.statements import compose, read_statement
from include.errors import TargetDiffersError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from psycopg2.extensions import cursor

    from include.contracts.columns import Column
    from include.contracts.tables import Table
    from include.core.warehouse.table_statements import TableStatements


@dataclass(frozen=True, kw_only=True)
class Version:
    """A version that is published and not applied, as far as it was read.

    Attributes:
        version: its name.
        published_at: when its publication was committed.
        publication: names its delta.
        counts: of the export: rejected and duplicate rows, besides others.
        digest: what the digests are called that its checksum is made of.
        publication_id: number of the publication; None when nothing of it was read.
        record: the end record; None when none was read.
        kept: how many of its operations are kept.
    """

    version: str
    published_at: datetime
    publication: str
    counts: dict[str, Any] | None
    digest: str | None
    publication_id: int | None = None
    record: dict[str, Any] | None = None
    kept: int = 0

    @property
    def end(self) -> dict[str, Any]:
        """The end record of a version that is whole."""
        return self.record or {}

    @property
    def rejected(self) -> int:
        """Rows of the export that were rejected."""
        return int((self.counts or {}).get("rejected", 0))

    @property
    def duplicate(self) -> int:
        """Rows of the export whose key was there before."""
        return int((self.counts or {}).get("duplicate", 0))

    @property
    def is_whole(self) -> bool:
        """All of its operations have been read."""
        return self.record is not None and self.kept == self.record["operations"]


@dataclass(kw_only=True)
class Written:
    """Rows of the target, by what became of them."""

    inserted: int = 0
    updated: int = 0
    deleted: int = 0


def chain_of(versions: list[Version], *, applied: str | None) -> list[Version]:
    """The versions that can be applied, in order: each whole, and each made of the one before.

    Arguments:
        versions: those that are published.
        applied: what the target holds.
    """
    chain: list[Version] = []
    left = [version for version in versions if version.is_whole]
    at = applied
    while following := next((each for each in left if each.end["base"] == at), None):
        chain.append(following)
        left.remove(following)
        at = following.version
    return chain


def check_target(
    cursor: cursor, target: Table, columns: Sequence[Column], version: Version
) -> list[str]:
    """Hold a target to the export whose version it has: how many rows there are, and which.

    Arguments:
        cursor: in the transaction that has written the version.
        target: the table.
        columns: of the export, as it is declared now.
        version: what the target has.

    Returns:
        A warning where the declaration has changed since: then rows are counted, not compared.

    Raises:
        TargetDiffersError: it holds other rows.
    """
    rows, checksum = checksum_of_table(cursor, target, columns)
    same_columns = version.digest == digest_name(columns)
    failpoint("apply.checked")
    if rows != version.end["rows"] or (same_columns and checksum != version.end["checksum"]):
        raise TargetDiffersError(
            f"{target.sink}: after {version.version} it would have {rows} rows, and the export has "
            f"{version.end['rows']}; or some of them differ. Somebody else has written to it. "
            f"Nothing was applied. {REBUILD}"
        )
    if same_columns:
        return []
    return [f"The declaration has changed since {version.version}: its rows were only counted"]


def apply_version(statements: TableStatements, version: Version, *, moment: datetime) -> Written:
    """Write the operations of a version to its target.

    Arguments:
        statements: of the target, which is locked.
        version: it is whole.
        moment: deleted_at of rows that are softly deleted.

    Raises:
        TargetDiffersError: the target is not what the operations were made for.
    """
    cursor, end = statements.cursor, version.end
    values = {"publication_id": version.publication_id}
    cursor.execute(_stage(statements.table), values)
    if end["updates"] or end["deletes"]:
        cursor.execute(_named("apply_publication.analyze"))
    cursor.execute(_named("apply_publication.count"))
    (asked,) = cursor.fetchall()
    failpoint("apply.staged")
    if asked != (end["inserts"], end["updates"], end["deletes"]):
        raise _differs(statements.table, version, f"it has {asked} operations, its end says others")
    written = _write(statements, version, moment)
    failpoint("apply.written")
    if (written.inserted, written.updated, written.deleted) != asked:
        raise _differs(
            statements.table,
            version,
            f"of {asked[1]} rows to update {written.updated} are there, of {asked[2]} to delete "
            f"{written.deleted}, and of {asked[0]} to insert {written.inserted} were kept",
        )
    cursor.execute(_named("apply_publication.drop"))
    return written


def _write(statements: TableStatements, version: Version, moment: datetime) -> Written:
    """Write what is staged; rows that do not fit are not among what is counted."""
    revived = 0
    if is_soft(statements.table):
        revive = compose(
            "kinesis_to_postgres/apply_publication.revive", statements.parts, bound=False
        )
        statements.cursor.execute(revive)
        revived = statements.cursor.rowcount
        deleted = statements.execute("write_changes.mark", moment=moment)
    else:
        deleted = statements.execute("write_changes.delete")
    failpoint("apply.deleted")
    updated = statements.execute("write_changes.update") - revived
    try:
        inserted = statements.execute("write_changes.insert") + revived
    except UniqueViolation:
        raise _differs(statements.table, version, "a row to insert is there") from None
    return Written(inserted=inserted, updated=updated, deleted=deleted)


def _differs(table: Table, version: Version, problem: str) -> TargetDiffersError:
    return TargetDiffersError(
        f"{table.sink}: operations of {version.version} do not fit: {problem}. Somebody else has "
        f"written to it, or keeps rows out of it. Nothing was applied. {REBUILD}"
    )


REBUILD = "Look at what it holds, and rebuild the target by the form of this DAG"


def is_soft(table: Table) -> bool:
    """Whether rows are only marked as deleted."""
    return DELETED_AT in table.columns


def _stage(table: Table) -> sql.Composed:
    # Member by member: jsonb_to_record takes twice as long.
    values = [
        sql.SQL("(change.row_values ->> {member})::{type} as {name}").format(
            member=sql.Literal(column.name),
            type=sql.SQL(column.type),
            name=sql.Identifier(column.name),
        )
        for column in table.columns
    ]
    parts = {"values": sql.SQL(", ").join(values)}
    return compose("kinesis_to_postgres/apply_publication.stage", parts)


def _named(name: str) -> str:
    return read_statement(f"kinesis_to_postgres/{name}")

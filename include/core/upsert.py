"""Loads a snapshot into a Postgres table: only what differs is written, in one transaction.

The caller opens the transaction and ends it; what is here takes the lock on the table, stages
the snapshot, finds what differs by one join, and writes that. The order of loads does not
matter: a table ends with, for each key, the values of the newest snapshot that had the key.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from psycopg2 import sql

from include.core.failpoints import failpoint
from include.core.sql_files import compose, read_statement
from include.errors import AccountingError, ShrunkenSnapshotError

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from datetime import datetime
    from typing import IO

    from psycopg2.extensions import cursor

    from include.core.contract import ShrinkLimit, Table

    OpenRows = Callable[[], AbstractContextManager[IO[bytes]]]

PREVIEW_ROWS = 20
# A task has half an hour; a writer that has been at it for longer is no longer waited for.
LEASE_SECONDS = 1800.0


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """A cleaned snapshot that waits to be loaded.

    Attributes:
        as_of: the moment whose state it is.
        row_count: its rows.
        content_sha256: a digest that is the same for the same rows.
    """

    as_of: datetime
    row_count: int
    content_sha256: str


@dataclass(frozen=True, kw_only=True)
class Policy:
    """What a load may do to rows that its snapshot lacks.

    Attributes:
        vanished: keep or delete them.
        shrink: how many may be missing; above, nothing is loaded.
        certain: False when rows were rejected, so that a missing row may be one of those: none
            is deleted then.
    """

    vanished: Literal["keep", "delete"]
    shrink: ShrinkLimit
    certain: bool = True


@dataclass(kw_only=True)
class LoadCounts:
    """What a load did, counted by the database.

    Attributes:
        inserted, updated, unchanged, superseded: rows of the snapshot; their sum is its row
            count.
        deleted: rows of the table that the snapshot lacked.
        vanished: rows of the table that the snapshot lacked for the first time, and that stay.
        preview: for a dry run, the first changes before and after.
    """

    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    superseded: int = 0
    deleted: int = 0
    vanished: int = 0
    preview: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class _Known:
    """What ops.sink knows of a table when a load begins."""

    writes: int
    writes_at_load: int | None
    as_of: datetime | None
    content_sha256: str | None
    row_count: int | None

    @property
    def is_untouched(self) -> bool:
        """Nobody has written to the table since it was loaded."""
        return self.writes == self.writes_at_load


def load_snapshot(  # noqa: PLR0913 -- each is a part of what a load is
    cursor: cursor,
    *,
    table: Table,
    snapshot: Snapshot,
    rows: OpenRows,
    policy: Policy,
    preview: bool = False,
) -> LoadCounts:
    """Make a table hold a snapshot, writing only the rows that differ.

    Arguments:
        cursor: in a transaction that the caller commits, or rolls back for a dry run.
        table: where the rows go.
        snapshot: what they are.
        rows: opens the snapshot as CSV without a header, the table's columns in order, null as
            the bare empty cell; called once, or not at all when the table holds it already.
        policy: what becomes of rows that the snapshot lacks.
        preview: list the first changes, before and after.

    Raises:
        ShrunkenSnapshotError: the snapshot lacks more rows than the policy allows.
        AccountingError: counts of the database do not add up to the snapshot's.
    """
    load = _Load(cursor, table, snapshot, rows, policy, preview, _lock(cursor, table))
    failpoint("upsert.locked")
    counts = load.run()
    accounted = counts.inserted + counts.updated + counts.unchanged + counts.superseded
    if accounted != snapshot.row_count:
        raise AccountingError(
            f"{table.sink}: the snapshot has {snapshot.row_count} rows, the load counts {accounted}"
        )
    return counts


def _lock(cursor: cursor, table: Table) -> _Known:
    writer = f"sluice {table.sink}".encode()[:63].decode(errors="ignore")
    claim = {"writer": writer, "lease_seconds": LEASE_SECONDS}
    cursor.execute(read_statement("upsert/claim_sink"), claim)
    cursor.execute(read_statement("upsert/register_sink"), {"sink": table.sink})
    cursor.execute(read_statement("upsert/lock_sink"), {"sink": table.sink})
    row = cursor.fetchone()
    if row is None:
        raise AccountingError(f"{table.sink}: its row in ops.sink went while it was being locked")
    names = ("writes", "writes_at_load", "as_of", "content_sha256", "row_count")
    return _Known(**dict(zip(names, row, strict=True)))


@dataclass(frozen=True)
class _Load:
    """One load under way, the lock on its table held."""

    cursor: cursor
    table: Table
    snapshot: Snapshot
    rows: OpenRows
    policy: Policy
    preview: bool
    known: _Known

    def run(self) -> LoadCounts:
        if self.known.as_of is not None and self.known.as_of > self.snapshot.as_of:
            return self._load_older()
        if self.known.content_sha256 == self.snapshot.content_sha256 and self.known.is_untouched:
            counts = LoadCounts(unchanged=self.snapshot.row_count)
        elif self._is_empty() and not self.preview:
            counts = self._fill()
        else:
            counts = self._load_newest()
        self._execute("record_load", **asdict(self.snapshot))
        self._execute("record_writes")
        failpoint("upsert.registered")
        return counts

    def _is_empty(self) -> bool:
        self._execute("find_row")
        return self.cursor.fetchone() is None

    def _fill(self) -> LoadCounts:
        self._execute("forget_all_vanished")
        return LoadCounts(inserted=self._copy(self.parts["target"]))

    def _load_newest(self) -> LoadCounts:
        staged = self._stage()
        self._execute("find_changes")
        counts = self._write_changes(staged)
        if self.policy.vanished == "keep":
            counts.vanished = self._execute("keep_vanished", last_seen=self.known.as_of)
        elif self.policy.certain:
            counts.deleted = self._execute("delete_vanished")
        self._refuse_shrunken(counts.vanished + counts.deleted)
        self._execute("forget_vanished")
        failpoint("upsert.remembered")
        return counts

    def _load_older(self) -> LoadCounts:
        if self.policy.vanished == "delete":
            # The newest snapshot is the whole table: what an older one adds, that one deleted.
            return LoadCounts(superseded=self.snapshot.row_count)
        staged = self._stage()
        self._execute("find_older_changes", as_of=self.snapshot.as_of)
        counts = self._write_changes(staged)
        self._execute("stamp_older", as_of=self.snapshot.as_of)
        failpoint("upsert.stamped")
        if self.known.is_untouched:
            self._execute("record_writes")
        return counts

    def _stage(self) -> int:
        self._execute("create_staged")
        return self._copy(sql.Identifier("pg_temp", "staged"))

    def _copy(self, into: sql.Composable) -> int:
        statement = compose("upsert/copy_rows", table=into, columns=self.parts["columns"])
        with self.rows() as file:
            failpoint("upsert.opened")
            self.cursor.copy_expert(statement, file)
        failpoint("upsert.copied")
        return self.cursor.rowcount

    def _write_changes(self, staged: int) -> LoadCounts:
        self._execute("count_changes")
        found = dict(self.cursor.fetchall())
        failpoint("upsert.compared")
        counts = LoadCounts(preview=self._list_changes() if self.preview else [])
        counts.updated = self._execute("update_changed")
        failpoint("upsert.updated")
        counts.inserted = self._execute("insert_changed")
        failpoint("upsert.inserted")
        counts.superseded = found.get("supersede", 0)
        seen = staged - counts.superseded
        counts.unchanged = seen - found.get("insert", 0) - found.get("update", 0)
        return counts

    def _list_changes(self) -> list[dict[str, Any]]:
        deletes = self.policy.vanished == "delete" and self.policy.certain
        self._execute("list_changes", most=PREVIEW_ROWS, deletes=deletes)
        names = ("operation", "key", "before", "after")
        return [dict(zip(names, row, strict=True)) for row in self.cursor.fetchall()]

    def _refuse_shrunken(self, missing: int) -> None:
        before, limit = self.known.row_count or 0, self.policy.shrink
        is_empty = self.snapshot.row_count == 0 and missing > 0
        if is_empty or (missing > limit.share * before and missing >= limit.rows):
            raise ShrunkenSnapshotError(
                f"{self.table.sink}: the snapshot lacks {missing} of the {before} rows "
                f"that the one before had; up to {limit.share:.0%}, or fewer than "
                f"{limit.rows} rows, may go. Nothing was loaded. If the source did drop them, "
                "raise the dataset's shrink limit"
            )

    def _execute(self, name: str, **values: Any) -> int:
        """Run a statement of include/sql/upsert, and tell how many rows it touched."""
        self.cursor.execute(
            compose(f"upsert/{name}", **self.parts), {"sink": self.table.sink, **values}
        )
        return self.cursor.rowcount

    @cached_property
    def parts(self) -> dict[str, sql.Composable]:
        return _parts(self.table)


def _parts(table: Table) -> dict[str, sql.Composable]:
    """What the statements' placeholders stand for, for one table."""
    names = [column.name for column in table.columns]
    values = [name for name in names if name not in table.key]
    comma = sql.SQL(", ")

    def each(template: str, of: list[str] | tuple[str, ...]) -> list[sql.Composed]:
        return [sql.SQL(template).format(name=sql.Identifier(name)) for name in of]

    differs = each("target.{name} is distinct from staged.{name}", values)
    return {
        "target": sql.Identifier(table.schema, table.name),
        "columns": comma.join(each("{name}", names)),
        "first_key": sql.Identifier(table.key[0]),
        "staged_columns": comma.join(each("staged.{name}", names)),
        "staged_key": comma.join(each("staged.{name}", table.key)),
        "target_key": comma.join(each("target.{name}", table.key)),
        "any_key": comma.join(each("coalesce(target.{name}, staged.{name})", table.key)),
        "same_key": sql.SQL(" and ").join(each("target.{name} = staged.{name}", table.key)),
        "differs": sql.SQL("(")
        + sql.SQL(" or ").join(differs or [sql.SQL("false")])
        + sql.SQL(")"),
        "assignments": comma.join(each("{name} = staged.{name}", values)),
    }

"""Loads a snapshot into a Postgres table: only what differs is written, in one transaction.

The caller opens the transaction and ends it. A load takes the lock on the table, finds what differs
(changes.py), holds that to its policy, and writes it. The order of loads does not matter: a table
ends with, for each key, the values of the newest snapshot that had the key.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Literal

from include.core.failpoints import failpoint
from include.core.warehouse import changes
from include.core.warehouse.shrunken import SHOWN_KEYS, Shrinkage
from include.core.warehouse.sink_lock import KnownSink, lock_sink
from include.core.warehouse.table_statements import TableStatements
from include.errors import AccountingError, ChangedKeysError, ShrunkenSnapshotError

if TYPE_CHECKING:
    from datetime import datetime

    from psycopg2.extensions import cursor

    from include.contracts.tables import ShrinkLimit, Table
    from include.core.warehouse.changed_keys import MovedKeys
    from include.core.warehouse.changes import Change, Changes, OpenRows


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
        vanished: keep, delete, or mark them with the moment of the snapshot in their deleted_at.
        shrink: how many may be missing; above, nothing is loaded. None where the snapshot is what
            the table has to be, however small.
        certain: False when rows were rejected, so that a missing row may be one of those: none
            is deleted then.
        approved: how many may be missing whatever the limit, since a person has said so.
    """

    vanished: Literal["keep", "delete", "mark"]
    shrink: ShrinkLimit | None
    certain: bool = True
    approved: int = 0


@dataclass(kw_only=True)
class LoadCounts:
    """What a load did, counted by the database.

    Attributes:
        inserted, updated, unchanged, superseded: rows of the snapshot; their sum is its row
            count.
        deleted: rows of the table that the snapshot lacked, and that were deleted or marked.
        vanished: rows of the table that the snapshot lacked for the first time, and that stay.
        nothing_new_since: the moment that was loaded before, where the table held the snapshot
            already, so that nothing was compared.
        warnings: sentences that people must read.
        preview: for a dry run, the first changes before and after.
    """

    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    superseded: int = 0
    deleted: int = 0
    vanished: int = 0
    nothing_new_since: datetime | None = None
    warnings: list[str] = field(default_factory=list)
    preview: list[Change] = field(default_factory=list)


def load_snapshot(
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
        ChangedKeysError: it does, and brings about as many new keys for the same dates.
        AccountingError: counts of the database do not add up to the snapshot's.
    """
    known = lock_sink(cursor, table.sink)
    failpoint("upsert.locked")
    load = _Load(TableStatements(cursor, table), snapshot, rows, policy, preview, known)
    counts = load.run()
    accounted = counts.inserted + counts.updated + counts.unchanged + counts.superseded
    if accounted != snapshot.row_count:
        raise AccountingError(
            f"{table.sink}: the snapshot has {snapshot.row_count} rows, the load counts {accounted}"
        )
    return counts


@dataclass(frozen=True)
class _Load:
    """One load under way, the lock on its table held."""

    statements: TableStatements
    snapshot: Snapshot
    rows: OpenRows
    policy: Policy
    preview: bool
    known: KnownSink

    def run(self) -> LoadCounts:
        if self.known.as_of is not None and self.known.as_of > self.snapshot.as_of:
            return self._load_older()
        # The digest vouches for the table only while nothing else has written to it.
        if self.known.content_sha256 == self.snapshot.content_sha256 and self.known.is_untouched:
            counts = LoadCounts(
                unchanged=self.snapshot.row_count, nothing_new_since=self.known.as_of
            )
        # A preview lists changes, so it needs the comparison even with an empty table.
        elif self._is_empty() and not self.preview:
            counts = self._fill()
        else:
            counts = self._load_newest()
        # Last, so that the writes of this load itself are among those that it knows.
        self.statements.execute("record_load.load", **asdict(self.snapshot))
        self.statements.execute("record_load.writes")
        failpoint("upsert.registered")
        return counts

    def _is_empty(self) -> bool:
        return self.statements.execute("find_row") == 0

    def _fill(self) -> LoadCounts:
        """Copy straight into an empty table: there is nothing to compare with."""
        self.statements.execute("remember_vanished.forget_all")
        target = self.statements.parts["target"]
        return LoadCounts(inserted=changes.copy_rows(self.statements, self.rows, into=target))

    def _load_newest(self) -> LoadCounts:
        found = changes.find_newest_changes(self.statements, self.rows)
        before, moved = self.known.row_count or 0, found.moved
        # Before the writes: afterwards no kept row is the first time missing any more.
        shrinkage = self._shrinkage(found, before)
        counts = self._write(found)
        missing = found.vanish
        if self.policy.vanished == "keep":
            missing = counts.vanished = self.statements.execute(
                "remember_vanished.keep", last_seen=self.known.as_of
            )
        elif self._deletes and self.policy.vanished == "mark":
            moment = self.snapshot.as_of
            counts.deleted = self.statements.execute("write_changes.mark", moment=moment)
        elif self._deletes:
            counts.deleted = self.statements.execute("write_changes.delete")
        # The limits look at what was counted while writing; an error rolls all of it back.
        limit = self.policy.shrink
        if not (limit and limit.ask and self._deletes):
            problem = moved.refuse_newest(before=before, deletes=self._deletes)
            self._refuse_changed_keys(moved, before, problem)
        if missing > self.policy.approved:
            self._refuse_shrunken(missing, before, moved.hint(), shrinkage)
        if moved.is_change:
            counts.warnings.append(moved.warn_of_newest(deletes=self._deletes))
        self.statements.execute("remember_vanished.forget")
        failpoint("upsert.remembered")
        return counts

    def _load_older(self) -> LoadCounts:
        if self.policy.vanished != "keep":
            # The newest snapshot is the whole table: what an older one adds, that one deleted.
            return LoadCounts(superseded=self.snapshot.row_count)
        as_of, before = self.snapshot.as_of, self.snapshot.row_count
        found = changes.find_older_changes(self.statements, self.rows, as_of)
        counts, moved = self._write(found), found.moved
        self._refuse_changed_keys(moved, before, moved.refuse_older(before=before))
        if moved.is_change:
            counts.warnings.append(moved.warn_of_older())
        self.statements.execute("remember_vanished.stamp", as_of=as_of)
        failpoint("upsert.stamped")
        # Where another writer has been at the table, the next load must compare it again.
        if self.known.is_untouched:
            self.statements.execute("record_load.writes")
        return counts

    def _write(self, found: Changes) -> LoadCounts:
        # Before the writes: afterwards nothing shows the old values any more.
        preview = []
        if self.preview:
            preview = changes.list_changes(self.statements, deletes=self._deletes)
        updated = self.statements.execute("write_changes.update")
        failpoint("upsert.updated")
        inserted = self.statements.execute("write_changes.insert")
        failpoint("upsert.inserted")
        return LoadCounts(
            inserted=inserted,
            updated=updated,
            unchanged=found.unchanged,
            superseded=found.supersede,
            preview=preview,
        )

    @property
    def _deletes(self) -> bool:
        return self.policy.vanished != "keep" and self.policy.certain

    def _refuse_changed_keys(self, moved: MovedKeys, before: int, problem: str) -> None:
        limit = self.policy.shrink
        if limit and moved.is_change and limit.is_exceeded(moved.gone, before=before):
            raise ChangedKeysError(f"{self.statements.table.sink}: {problem}")

    def _refuse_shrunken(
        self, missing: int, before: int, hint: str, shrinkage: Shrinkage | None
    ) -> None:
        limit = self.policy.shrink
        if limit and self._is_shrunken(limit, missing, before):
            raise ShrunkenSnapshotError(
                f"{self.statements.table.sink}: the snapshot lacks {missing} of the {before} rows "
                f"that the one before had; up to {limit.share:.0%}, or fewer than "
                f"{limit.rows} rows, may go. Nothing was loaded. If the source did drop them, "
                f"raise the dataset's shrink limit{hint}",
                shrinkage=None if shrinkage is None else {**shrinkage, "missing": missing},
            )

    def _shrinkage(self, found: Changes, before: int) -> Shrinkage | None:
        """What a person is told, if one may have to be asked; at least as many rows are missing."""
        limit = self.policy.shrink
        if not (limit and limit.ask and self._is_shrunken(limit, found.vanish, before)):
            return None
        moved, deletes = found.moved, self.policy.vanished == "delete"
        return Shrinkage(
            base_sha256=self.known.content_sha256 or "",
            rows_before=before,
            row_count=self.snapshot.row_count,
            inserted=found.insert,
            missing=found.vanish,
            gone=changes.list_vanishing(self.statements, deletes=deletes, most=SHOWN_KEYS),
            deletes=self._deletes,
            remark=moved.suspicion if moved.is_change else "",
        )

    def _is_shrunken(self, limit: ShrinkLimit, missing: int, before: int) -> bool:
        return limit.is_suspicious(missing, before=before, left=self.snapshot.row_count)

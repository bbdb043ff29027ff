"""Loads a snapshot into a Postgres table: only what differs is written, in one transaction.

The caller opens the transaction and ends it; what is here takes the lock on the table, stages
the snapshot, finds what differs by one join, and writes that. The order of loads does not
matter: a table ends with, for each key, the values of the newest snapshot that had the key.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from psycopg2 import sql

from include.core.failpoints import failpoint
from include.core.statements import compose
from include.core.warehouse.changed_keys import MovedKeys, differing_columns
from include.core.warehouse.sink_lock import KnownSink, lock_sink
from include.core.warehouse.table_parts import date_of_key, table_parts
from include.errors import AccountingError, ChangedKeysError, ShrunkenSnapshotError

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from datetime import datetime
    from typing import IO

    from psycopg2.extensions import cursor

    from include.contracts.tables import ShrinkLimit, Table

    OpenRows = Callable[[], AbstractContextManager[IO[bytes]]]

PREVIEW_ROWS = 20


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
        warnings: sentences that people must read.
        preview: for a dry run, the first changes before and after.
    """

    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    superseded: int = 0
    deleted: int = 0
    vanished: int = 0
    warnings: list[str] = field(default_factory=list)
    preview: list[dict[str, Any]] = field(default_factory=list)


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
    load = _Load(cursor, table, snapshot, rows, policy, preview, lock_sink(cursor, table.sink))
    failpoint("upsert.locked")
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

    cursor: cursor
    table: Table
    snapshot: Snapshot
    rows: OpenRows
    policy: Policy
    preview: bool
    known: KnownSink

    def run(self) -> LoadCounts:
        if self.known.as_of is not None and self.known.as_of > self.snapshot.as_of:
            return self._load_older()
        if self.known.content_sha256 == self.snapshot.content_sha256 and self.known.is_untouched:
            counts = LoadCounts(unchanged=self.snapshot.row_count)
        elif self._is_empty() and not self.preview:
            counts = self._fill()
        else:
            counts = self._load_newest()
        self._execute("record_load.load", **asdict(self.snapshot))
        self._execute("record_load.writes")
        failpoint("upsert.registered")
        return counts

    def _is_empty(self) -> bool:
        self._execute("find_row")
        return self.cursor.fetchone() is None

    def _fill(self) -> LoadCounts:
        self._execute("remember_vanished.forget_all")
        return LoadCounts(inserted=self._copy(self.parts["target"]))

    def _load_newest(self) -> LoadCounts:
        staged = self._stage()
        self._execute("find_changes")
        found = self._count_changes(staged)
        moved = MovedKeys()
        if found["vanish"] and found["insert"]:
            moved = self._find_moved("find_keys_moved_by_newest")
        counts = self._write_changes(found)
        missing = found["vanish"]
        if self.policy.vanished == "keep":
            missing = counts.vanished = self._execute(
                "remember_vanished.keep", last_seen=self.known.as_of
            )
        elif self._deletes:
            counts.deleted = self._execute("write_changes.delete")
        before = self.known.row_count or 0
        problem = moved.refuse_newest(before=before, deletes=self._deletes)
        self._refuse_changed_keys(moved, before, problem)
        self._refuse_shrunken(missing, before, moved.hint())
        if moved.is_change:
            counts.warnings.append(moved.warn_of_newest(deletes=self._deletes))
        self._execute("remember_vanished.forget")
        failpoint("upsert.remembered")
        return counts

    def _load_older(self) -> LoadCounts:
        if self.policy.vanished == "delete":
            # The newest snapshot is the whole table: what an older one adds, that one deleted.
            return LoadCounts(superseded=self.snapshot.row_count)
        staged = self._stage()
        self._execute("find_older_changes", as_of=self.snapshot.as_of)
        found = self._count_changes(staged)
        moved = MovedKeys()
        if found["insert"]:
            moved = self._find_moved("find_keys_moved_since_older")
        counts = self._write_changes(found)
        before = self.snapshot.row_count
        self._refuse_changed_keys(moved, before, moved.refuse_older(before=before))
        if moved.is_change:
            counts.warnings.append(moved.warn_of_older())
        self._execute("remember_vanished.stamp", as_of=self.snapshot.as_of)
        failpoint("upsert.stamped")
        if self.known.is_untouched:
            self._execute("record_load.writes")
        return counts

    def _stage(self) -> int:
        self._execute("stage_rows.create")
        return self._copy(sql.Identifier("pg_temp", "_sluice_staged"))

    def _copy(self, into: sql.Composable) -> int:
        columns = self.parts["columns"]
        statement = compose("warehouse/stage_rows.copy", bound=False, table=into, columns=columns)
        with self.rows() as file:
            failpoint("upsert.opened")
            self.cursor.copy_expert(statement, file)
        failpoint("upsert.copied")
        return self.cursor.rowcount

    def _count_changes(self, staged: int) -> Counter[str]:
        """Count the snapshot's rows by what becomes of them, and the rows that vanish."""
        self._execute("count_changes")
        failpoint("upsert.compared")
        found = Counter(dict(self.cursor.fetchall()))
        found["unchanged"] = staged - found["supersede"] - found["insert"] - found["update"]
        return found

    def _find_moved(self, name: str) -> MovedKeys:
        """Find the keys that one side has and the other has not, for dates that both have."""
        self._execute(name, as_of=self.snapshot.as_of)
        self._execute("count_moved_keys.count")
        ((gone, come),) = self.cursor.fetchall()
        self._execute("count_moved_keys.pair", last_place=len(self.table.key) - 1)
        pairs = dict(self.cursor.fetchall())
        columns = differing_columns(self.table.key, pairs, gone=gone, come=come)
        dated = date_of_key(self.table) is not None
        return MovedKeys(gone=gone, come=come, columns=columns, dated=dated)

    def _write_changes(self, found: Counter[str]) -> LoadCounts:
        counts = LoadCounts(preview=self._list_changes() if self.preview else [])
        counts.updated = self._execute("write_changes.update")
        failpoint("upsert.updated")
        counts.inserted = self._execute("write_changes.insert")
        failpoint("upsert.inserted")
        counts.superseded, counts.unchanged = found["supersede"], found["unchanged"]
        return counts

    def _list_changes(self) -> list[dict[str, Any]]:
        self._execute("list_changes", most=PREVIEW_ROWS, deletes=self._deletes)
        names = ("operation", "key", "before", "after")
        return [dict(zip(names, row, strict=True)) for row in self.cursor.fetchall()]

    @property
    def _deletes(self) -> bool:
        return self.policy.vanished == "delete" and self.policy.certain

    def _refuse_changed_keys(self, moved: MovedKeys, before: int, problem: str) -> None:
        if moved.is_change and self._is_above_limit(moved.gone, before):
            raise ChangedKeysError(f"{self.table.sink}: {problem}")

    def _refuse_shrunken(self, missing: int, before: int, hint: str) -> None:
        limit = self.policy.shrink
        is_empty = self.snapshot.row_count == 0 and missing > 0
        if is_empty or self._is_above_limit(missing, before):
            raise ShrunkenSnapshotError(
                f"{self.table.sink}: the snapshot lacks {missing} of the {before} rows "
                f"that the one before had; up to {limit.share:.0%}, or fewer than "
                f"{limit.rows} rows, may go. Nothing was loaded. If the source did drop them, "
                f"raise the dataset's shrink limit{hint}"
            )

    def _is_above_limit(self, missing: int, before: int) -> bool:
        limit = self.policy.shrink
        return missing > limit.share * before and missing >= limit.rows

    def _execute(self, name: str, **values: Any) -> int:
        """Run a statement of include/sql/warehouse, and tell how many rows it touched."""
        self.cursor.execute(
            compose(f"warehouse/{name}", **self.parts), {"sink": self.table.sink, **values}
        )
        return self.cursor.rowcount

    @cached_property
    def parts(self) -> dict[str, Any]:
        return table_parts(self.table)

"""Loads a snapshot into a Postgres table: only what differs is written, in one transaction.

The caller opens the transaction and ends it; what is here takes the lock on the table, stages
the snapshot, finds what differs by one join, and writes that. The order of loads does not
matter: a table ends with, for each key, the values of the newest snapshot that had the key.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from psycopg2 import sql

from include.core.failpoints import failpoint
from include.core.sql_files import compose, read_statement
from include.errors import AccountingError, ShrunkenSnapshotError

if TYPE_CHECKING:
    from datetime import datetime
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from typing import IO

    from psycopg2.extensions import cursor

    from include.core.contract import ShrinkLimit, Table

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

    def is_newer_than(self, snapshot: Snapshot) -> bool:
        return self.as_of is not None and self.as_of > snapshot.as_of

    def holds(self, snapshot: Snapshot) -> bool:
        return self.content_sha256 == snapshot.content_sha256 and self.writes == self.writes_at_load


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
    known = _lock(cursor, table)
    failpoint("upsert.locked")
    if known.is_newer_than(snapshot):
        counts = _load_older(cursor, table, snapshot, rows, policy, known, preview=preview)
    elif known.holds(snapshot):
        counts = LoadCounts(unchanged=snapshot.row_count)
        _record_load(cursor, table, snapshot)
    else:
        counts = _load_newest(cursor, table, snapshot, rows, policy, known, preview=preview)
        _record_load(cursor, table, snapshot)
    accounted = counts.inserted + counts.updated + counts.unchanged + counts.superseded
    if accounted != snapshot.row_count:
        raise AccountingError(
            f"{table.sink}: the snapshot has {snapshot.row_count} rows, the load counts {accounted}"
        )
    return counts


def _lock(cursor: cursor, table: Table) -> _Known:
    cursor.execute(read_statement("upsert/register_sink"), {"sink": table.sink})
    cursor.execute(read_statement("upsert/lock_sink"), {"sink": table.sink})
    row = cursor.fetchone()
    if row is None:
        raise AccountingError(f"{table.sink}: its row in ops.sink went while it was being locked")
    names = ("writes", "writes_at_load", "as_of", "content_sha256", "row_count")
    return _Known(**dict(zip(names, row, strict=True)))


def _load_newest(  # noqa: PLR0913 -- as load_snapshot, with what is known of the table
    cursor: cursor,
    table: Table,
    snapshot: Snapshot,
    rows: OpenRows,
    policy: Policy,
    known: _Known,
    *,
    preview: bool,
) -> LoadCounts:
    if not preview and _is_empty(cursor, table):
        cursor.execute(read_statement("upsert/forget_all_vanished"), {"sink": table.sink})
        return _fill(cursor, table, rows)
    parts = _parts(table)
    _stage(cursor, rows, parts)
    cursor.execute(compose("upsert/find_changes", **parts))
    found = _count_changes(cursor)
    counts = LoadCounts(unchanged=snapshot.row_count - found.get("insert", 0) - found.get("update", 0))
    if preview:
        counts.preview = _preview(cursor, parts)
    _write_changes(cursor, parts, counts)
    _settle_vanished(cursor, table, parts, policy, known, counts, found.get("vanish", 0))
    _refuse_shrunken(table, known, snapshot, counts.deleted + counts.vanished, policy.shrink)
    cursor.execute(compose("upsert/forget_vanished", **parts), {"sink": table.sink})
    return counts


def _settle_vanished(  # noqa: PLR0913 -- as load_snapshot
    cursor: cursor,
    table: Table,
    parts: dict[str, sql.Composable],
    policy: Policy,
    known: _Known,
    counts: LoadCounts,
    vanished: int,
) -> None:
    """Delete what the snapshot lacks, or keep it and remember when it was seen last."""
    if policy.vanished == "keep":
        stamp = {"sink": table.sink, "last_seen": known.as_of or "-infinity"}
        cursor.execute(read_statement("upsert/keep_vanished"), stamp)
        counts.vanished = cursor.rowcount
    elif policy.certain:
        cursor.execute(compose("upsert/delete_vanished", **parts))
        counts.deleted = cursor.rowcount
    else:
        counts.vanished = vanished


def _load_older(  # noqa: PLR0913 -- as load_snapshot
    cursor: cursor,
    table: Table,
    snapshot: Snapshot,
    rows: OpenRows,
    policy: Policy,
    known: _Known,
    *,
    preview: bool,
) -> LoadCounts:
    if policy.vanished == "delete":
        # The newest snapshot is the whole table: what an older one adds, that one deleted.
        return LoadCounts(superseded=snapshot.row_count)
    parts = _parts(table)
    stamp = {"sink": table.sink, "as_of": snapshot.as_of}
    _stage(cursor, rows, parts)
    cursor.execute(compose("upsert/find_older_changes", **parts), stamp)
    found = _count_changes(cursor)
    counts = LoadCounts(
        unchanged=found.get("confirm", 0), superseded=snapshot.row_count - sum(found.values())
    )
    if preview:
        counts.preview = _preview(cursor, parts)
    _write_changes(cursor, parts, counts)
    cursor.execute(read_statement("upsert/stamp_older"), stamp)
    if known.writes == known.writes_at_load:
        _record_writes(cursor, table)
    return counts


def _is_empty(cursor: cursor, table: Table) -> bool:
    cursor.execute(compose("upsert/find_row", target=sql.Identifier(table.schema, table.name)))
    return cursor.fetchone() is None


def _fill(cursor: cursor, table: Table, rows: OpenRows) -> LoadCounts:
    target = sql.Identifier(table.schema, table.name)
    statement = compose("upsert/copy_rows", table=target, columns=_columns(table))
    with rows() as file:
        cursor.copy_expert(statement, file)
    failpoint("upsert.copied")
    return LoadCounts(inserted=cursor.rowcount)


def _stage(cursor: cursor, rows: OpenRows, parts: dict[str, sql.Composable]) -> None:
    cursor.execute(compose("upsert/create_staged", **parts))
    staged = sql.Identifier("pg_temp", "staged")
    statement = compose("upsert/copy_rows", table=staged, columns=parts["columns"])
    with rows() as file:
        cursor.copy_expert(statement, file)
    failpoint("upsert.copied")


def _count_changes(cursor: cursor) -> dict[str, int]:
    cursor.execute(read_statement("upsert/count_changes"))
    return dict(cursor.fetchall())


def _write_changes(
    cursor: cursor, parts: dict[str, sql.Composable], counts: LoadCounts
) -> None:
    cursor.execute(compose("upsert/update_changed", **parts))
    counts.updated = cursor.rowcount
    failpoint("upsert.updated")
    cursor.execute(compose("upsert/insert_changed", **parts))
    counts.inserted = cursor.rowcount
    failpoint("upsert.inserted")


def _preview(cursor: cursor, parts: dict[str, sql.Composable]) -> list[dict[str, Any]]:
    cursor.execute(compose("upsert/list_changes", **parts), {"most": PREVIEW_ROWS})
    names = ("operation", "key", "before", "after")
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _refuse_shrunken(
    table: Table, known: _Known, snapshot: Snapshot, vanished: int, limit: ShrinkLimit
) -> None:
    before = known.row_count or 0
    is_empty = snapshot.row_count == 0 and vanished > 0
    if is_empty or (vanished > limit.share * before and vanished >= limit.rows):
        raise ShrunkenSnapshotError(
            f"{table.sink}: the snapshot lacks {vanished} of {before} rows that the one before had; "
            f"{limit.share:.0%} and {limit.rows} rows are allowed. Nothing was loaded. If the source "
            "did drop them, raise the dataset's shrink limit for one run"
        )


def _record_load(cursor: cursor, table: Table, snapshot: Snapshot) -> None:
    cursor.execute(
        read_statement("upsert/record_load"),
        {
            "sink": table.sink,
            "as_of": snapshot.as_of,
            "content_sha256": snapshot.content_sha256,
            "row_count": snapshot.row_count,
        },
    )
    _record_writes(cursor, table)


def _record_writes(cursor: cursor, table: Table) -> None:
    cursor.execute(read_statement("upsert/record_writes"), {"sink": table.sink})


def _columns(table: Table) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(column.name) for column in table.columns)


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
        "columns": _columns(table),
        "first_key": sql.Identifier(table.key[0]),
        "staged_columns": comma.join(each("staged.{name}", names)),
        "staged_key": comma.join(each("staged.{name}", table.key)),
        "target_key": comma.join(each("target.{name}", table.key)),
        "any_key": comma.join(each("coalesce(target.{name}, staged.{name})", table.key)),
        "same_key": sql.SQL(" and ").join(each("target.{name} = staged.{name}", table.key)),
        "differs": sql.SQL("(") + sql.SQL(" or ").join(differs or [sql.SQL("false")]) + sql.SQL(")"),
        "assignments": comma.join(each("{name} = staged.{name}", values)),
    }

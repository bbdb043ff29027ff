"""Compares a snapshot with its table: what differs is put into a temporary table, and counted.

The temporary tables are `_sluice_staged` (the snapshot), `_sluice_changed` (one row a key that
differs) and `_sluice_moved` (keys that went or came); all are gone when the transaction ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from psycopg2 import sql

from include.core.failpoints import failpoint
from include.core.warehouse.changed_keys import MovedKeys, differing_columns
from include.core.warehouse.table_statements import date_of_key

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from datetime import datetime
    from typing import IO

    from include.core.warehouse.table_statements import TableStatements

    OpenRows = Callable[[], AbstractContextManager[IO[bytes]]]

# Changes that a dry run lists: as many as a person reads, and an XCom takes.
PREVIEW_ROWS = 20
_STAGED = sql.Identifier("pg_temp", "_sluice_staged")


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What turns a table into a snapshot, as the table of changes has it.

    Attributes:
        insert, update, unchanged, supersede: rows of the snapshot, by what becomes of them.
        vanish: rows of the table that the snapshot lacks.
        moved: keys that went and keys that came.
    """

    insert: int
    update: int
    unchanged: int
    supersede: int
    vanish: int
    moved: MovedKeys


class Change(TypedDict):
    """One change as people see it in a dry run; before and after are rows, or None."""

    operation: Literal["insert", "update", "vanish"]
    key: list[Any]
    before: Any
    after: Any


def find_newest_changes(statements: TableStatements, rows: OpenRows) -> Changes:
    """Compare the newest snapshot: each row counts, and so does each that the table has beside.

    Arguments:
        statements: of the table, which is locked.
        rows: opens the snapshot, as load_snapshot says.
    """
    staged = _stage(statements, rows)
    statements.execute("find_changes")
    counts = _count(statements)
    # Without keys on both sides, none can have changed its shape.
    moved = MovedKeys()
    if counts["vanish"] and counts["insert"]:
        statements.execute("find_keys_moved_by_newest")
        moved = _count_moved(statements)
    return _changes(staged, counts, moved)


def find_older_changes(statements: TableStatements, rows: OpenRows, as_of: datetime) -> Changes:
    """Compare a snapshot that is older than the table: only keys count that no newer one had.

    Arguments are those of find_newest_changes, and the moment of the snapshot.
    """
    staged = _stage(statements, rows)
    statements.execute("find_older_changes", as_of=as_of)
    counts = _count(statements)
    moved = MovedKeys()
    if counts["insert"]:
        statements.execute("find_keys_moved_since_older", as_of=as_of)
        moved = _count_moved(statements)
    return _changes(staged, counts, moved)


def copy_rows(statements: TableStatements, rows: OpenRows, *, into: sql.Composable) -> int:
    """Copy a snapshot into a relation; returns how many rows arrived."""
    with rows() as file:
        failpoint("upsert.opened")
        copied = statements.copy(file, into=into)
    failpoint("upsert.copied")
    return copied


def list_changes(statements: TableStatements, *, deletes: bool) -> list[Change]:
    """The first changes in order of key, before any is written.

    Arguments:
        statements: of the table, whose changes have been found.
        deletes: a vanished row will be deleted, not kept.
    """
    statements.execute("list_changes", most=PREVIEW_ROWS, deletes=deletes)
    return [
        Change(operation=operation, key=key, before=before, after=after)
        for operation, key, before, after in statements.cursor.fetchall()
    ]


def list_vanishing(
    statements: TableStatements, *, deletes: bool, most: int
) -> list[dict[str, Any]]:
    """The first keys that the table would lose, as columns with values, before any is written.

    Arguments:
        statements: of the table, whose changes have been found.
        deletes: vanished rows are deleted, not kept.
        most: how many at most.
    """
    statements.execute("list_vanishing", deletes=deletes, most=most)
    names = statements.table.key
    return [dict(zip(names, key, strict=True)) for (key,) in statements.cursor.fetchall()]


def _stage(statements: TableStatements, rows: OpenRows) -> int:
    statements.execute("stage_rows.create")
    return copy_rows(statements, rows, into=_STAGED)


def _count(statements: TableStatements) -> dict[str, int]:
    statements.execute("count_changes")
    failpoint("upsert.compared")
    # An operation without rows is not in the answer.
    operations = ("insert", "update", "supersede", "vanish")
    return dict.fromkeys(operations, 0) | dict(statements.cursor.fetchall())


def _changes(staged: int, counts: dict[str, int], moved: MovedKeys) -> Changes:
    return Changes(
        insert=counts["insert"],
        update=counts["update"],
        # What arrived is counted by COPY, not by the snapshot's own word.
        unchanged=staged - counts["supersede"] - counts["insert"] - counts["update"],
        supersede=counts["supersede"],
        vanish=counts["vanish"],
        moved=moved,
    )


def _count_moved(statements: TableStatements) -> MovedKeys:
    """Count the keys that one side has and the other has not, for dates that both have."""
    cursor, key = statements.cursor, statements.table.key
    statements.execute("count_moved_keys.count")
    ((gone, come),) = cursor.fetchall()
    statements.execute("count_moved_keys.pair", last_place=len(key) - 1)
    columns = differing_columns(key, dict(cursor.fetchall()), gone=gone, come=come)
    dated = date_of_key(statements.table) is not None
    return MovedKeys(gone=gone, come=come, columns=columns, dated=dated)

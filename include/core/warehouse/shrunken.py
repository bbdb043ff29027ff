"""Snapshots that lack more rows than may go, and what a person said of each.

A question is about one snapshot, by the digest of its content, that would follow another, which the
table holds. An answer says nothing of any other content, nor of the same after another. Questions
are in ops.shrunken_snapshot.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, TypedDict

from include.core.statements import read_statement

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from psycopg2.extensions import cursor

State = Literal["asked", "approved", "refused", "expired", "loaded"]
SHOWN_KEYS: Final = 20
"""Keys that a person is shown: as many as one reads."""


class Shrinkage(TypedDict):
    """How a snapshot shrinks a table: what a person needs to know, and what names the question.

    Attributes:
        base_sha256: digest of the snapshot that the table holds; empty where it holds none.
        rows_before: rows of that snapshot.
        row_count: rows of the new one.
        inserted: those of them that are new.
        missing: rows that the new one lacks.
        gone: the first keys of these, as columns with their values.
        deletes: such rows would be deleted; otherwise they stay in the table.
        remark: a sentence on keys that changed their shape, or empty.
    """

    base_sha256: str
    rows_before: int
    row_count: int
    inserted: int
    missing: int
    gone: list[dict[str, Any]]
    deletes: bool
    remark: str


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What a question is about.

    Attributes:
        sink: the table.
        content_sha256: digest of the snapshot.
        as_of: its moment, which an approval loads.
    """

    sink: str
    content_sha256: str
    as_of: datetime


@dataclass(frozen=True, kw_only=True)
class ShrunkenSnapshot(Subject):
    """A question, and how it stands.

    Attributes:
        base_sha256: digest of the snapshot that it would follow.
        state: asked, approved, refused, expired when nobody answered in time, or loaded.
        times: how often it was asked.
        rows_before, row_count, missing: as a Shrinkage has them, and as the person was told.
        dag_id, run_id: the run that asked.
        asked_at, decided_at, decided_by: when, and by whom; None while it is open.
    """

    base_sha256: str
    state: State
    times: int
    rows_before: int
    row_count: int
    missing: int
    dag_id: str
    run_id: str
    asked_at: datetime
    decided_at: datetime | None
    decided_by: str | None

    @property
    def valid(self) -> str:
        """Names the question: nothing else has this text, and asking again has another."""
        return f"{self.sink} {self.base_sha256} {self.content_sha256} {self.times}"


def find_approved(cursor: cursor, sink: str, content_sha256: str) -> tuple[int, str]:
    """How many rows a table may lose by a snapshot because a person has approved it, and who."""
    values = {"sink": sink, "content_sha256": content_sha256}
    cursor.execute(read_statement("warehouse/ask_about_shrunken.find_approved"), values)
    found = cursor.fetchone()
    return (int(found[0]), str(found[1])) if found else (0, "")


def ask(
    cursor: cursor,
    subject: Subject,
    shrinkage: Shrinkage,
    *,
    asker: Mapping[str, str],
    lost_after_seconds: int,
) -> ShrunkenSnapshot:
    """Enter a question unless it waits for its answer, or has one that still holds.

    Arguments:
        cursor: in a transaction.
        subject: the snapshot.
        shrinkage: what it does to the table.
        asker: dag_id and run_id of the run that asks.
        lost_after_seconds: a question that has been open for longer is asked anew.

    Returns:
        How it stands.
    """
    values = {
        **shrinkage,
        **asdict(subject),
        **asker,
        "lost_after_seconds": lost_after_seconds,
    }
    cursor.execute(read_statement("warehouse/ask_about_shrunken.ask"), values)
    cursor.execute(read_statement("warehouse/ask_about_shrunken.find_asked"), values)
    return _found(cursor)


def decide(
    cursor: cursor, subject: Subject, state: State, *, decided_by: str | None
) -> ShrunkenSnapshot | None:
    """Enter the answer to a question that is open; an approval also replaces a refusal.

    Returns:
        How it stands now, None where nobody has asked about this snapshot.
    """
    values = {**asdict(subject), "state": state, "decided_by": decided_by}
    cursor.execute(read_statement("warehouse/ask_about_shrunken.decide"), values)
    cursor.execute(read_statement("warehouse/ask_about_shrunken.find_decided"), values)
    return _found(cursor) if cursor.rowcount else None


def mark_loaded(cursor: cursor, sink: str, content_sha256: str) -> None:
    """Use an approval up: the same content is asked about again if it comes back later."""
    values = {"sink": sink, "content_sha256": content_sha256}
    cursor.execute(read_statement("warehouse/ask_about_shrunken.mark_loaded"), values)


def _found(cursor: cursor) -> ShrunkenSnapshot:
    names = [column.name for column in cursor.description or ()]
    (row,) = cursor.fetchall()
    return ShrunkenSnapshot(**dict(zip(names, row, strict=True)))

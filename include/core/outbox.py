"""Notices wait in the database, written with the rows they tell of, until SNS has them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from psycopg2.extras import Json

from include.core.failpoints import failpoint
from include.core.postgres import transaction
from include.core.sql_files import read_statement

if TYPE_CHECKING:
    from collections.abc import Callable

    from psycopg2.extensions import cursor

    from include.core.postgres import Connect


@dataclass(frozen=True, kw_only=True)
class Notice:
    """The one message that a run ends with.

    Attributes:
        dag_id, run_id, status: what tells one notice from another.
        subject: plain ASCII, under 100 characters, as SNS demands of mail subjects.
        body: text for people.
        attributes: what subscribers filter by.
    """

    dag_id: str
    run_id: str
    status: str
    subject: str
    body: str
    attributes: dict[str, str]



def write_notice(cursor: cursor, notice: Notice) -> None:
    """Put a notice into the outbox, in the transaction of what it tells of."""
    values = {**asdict(notice), "attributes": Json(notice.attributes)}
    cursor.execute(read_statement("ops/write_notice"), values)


def send_next(
    connect: Connect, *, dag_id: str, run_id: str, publish: Callable[[Notice], None]
) -> Notice | None:
    """Send the next unsent notice of a DAG: this run's first, then the oldest.

    It is marked as sent only after publish has come back, so that a crash between the two sends
    it again rather than never.

    Arguments:
        connect: opens a connection.
        dag_id: whose outbox.
        run_id: whose notice goes first.
        publish: hands a notice to SNS, or raises.

    Returns:
        The notice that was sent, None when there is none left.
    """
    with transaction(connect, doing=f"send the notices of {dag_id}") as cursor:
        cursor.execute(read_statement("ops/lock_outbox"), {"dag_id": dag_id})
        cursor.execute(read_statement("ops/take_notice"), {"dag_id": dag_id, "run_id": run_id})
        row = cursor.fetchone()
        if row is None:
            return None
        names = ("run_id", "status", "subject", "body", "attributes")
        notice = Notice(dag_id=dag_id, **dict(zip(names, row, strict=True)))
        failpoint("outbox.taken")
        publish(notice)
        failpoint("outbox.published")
        cursor.execute(
            read_statement("ops/mark_sent"),
            {"dag_id": dag_id, "run_id": notice.run_id, "status": notice.status},
        )
        return notice

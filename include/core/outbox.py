"""Notices wait in the database, written with the rows they tell of, until SNS has them."""

from __future__ import annotations

import logging
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

log = logging.getLogger(__name__)


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


def forget_unsent_failure(connect: Connect, *, dag_id: str, run_id: str) -> None:
    """Drop the failure notice of a run that has come to its end since, if nobody has had it."""
    with transaction(connect, doing=f"send the notices of {dag_id}") as cursor:
        values = {"dag_id": dag_id, "run_id": run_id}
        cursor.execute(read_statement("ops/drop_stale_failure"), values)


def announce(
    connect: Connect, *, dag_id: str, run_id: str, publish: Callable[[Notice], None]
) -> list[Notice]:
    """Send a run's notice, then those that other runs of the DAG could not send.

    A notice is marked as sent only after publish has come back, so that a crash between the two
    sends it again rather than never.

    Arguments:
        connect: opens a connection.
        dag_id: whose outbox.
        run_id: whose notice must go out now.
        publish: hands a notice to SNS, or raises.

    Returns:
        The notices sent now, none when the run's has been sent before.
    """
    sent: list[Notice] = []
    while notice := _send_next(connect, dag_id, run_id, publish, own=True):
        sent.append(notice)
    try:
        while notice := _send_next(connect, dag_id, run_id, publish, own=False):
            sent.append(notice)
    except Exception as error:  # noqa: BLE001 -- whatever publish raises: they wait in the outbox
        log.warning(
            "Notices of other runs wait for the next announcement: %s", type(error).__name__
        )
    return sent


def announce_end(
    connect: Connect, *, dag_id: str, run_id: str, publish: Callable[[Notice], None]
) -> list[str]:
    """Send the notice of a run that has come to its end; arguments are those of announce.

    A failure of the same run that nobody has been told of is dropped first.

    Returns:
        The subjects of the notices that were sent.
    """
    forget_unsent_failure(connect, dag_id=dag_id, run_id=run_id)
    sent = announce(connect, dag_id=dag_id, run_id=run_id, publish=publish)
    return [notice.subject for notice in sent]


def _send_next(
    connect: Connect, dag_id: str, run_id: str, publish: Callable[[Notice], None], *, own: bool
) -> Notice | None:
    with transaction(connect, doing=f"send the notices of {dag_id}") as cursor:
        values = {"dag_id": dag_id, "run_id": run_id, "own": own}
        cursor.execute(read_statement("ops/lock_outbox"), values)
        cursor.execute(read_statement("ops/take_notice"), values)
        row = cursor.fetchone()
        if row is None:
            return None
        names = ("run_id", "status", "subject", "body", "attributes")
        notice = Notice(dag_id=dag_id, **dict(zip(names, row, strict=True)))
        failpoint("announce.taken")
        publish(notice)
        failpoint("announce.published")
        sent = {"dag_id": dag_id, "run_id": notice.run_id, "status": notice.status}
        cursor.execute(read_statement("ops/mark_sent"), sent)
        failpoint("announce.marked")
    failpoint("announce.committed")
    return notice

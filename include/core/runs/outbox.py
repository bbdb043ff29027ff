"""Notices wait in the database, written with the rows that they are about, until SNS has them."""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError, ParamValidationError
from psycopg2.extras import Json

from include.core.aws.batches import final_code
from include.core.failpoints import failpoint
from include.core.runs.run import Run
from include.core.statements import read_statement
from include.core.warehouse.connection import transaction
from include.errors import NoticeRefusedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from psycopg2.extensions import cursor

    from include.core.warehouse.connection import Connect

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Notice(Run):
    """The one message that a run ends with; a run has one of each status at most.

    Attributes:
        status: what the run ended with.
        subject: plain ASCII, under 100 characters, as SNS demands of mail subjects.
        body: text for people.
        attributes: what subscribers filter by.
    """

    status: str
    subject: str
    body: str
    attributes: dict[str, str]


def write_notice(cursor: cursor, notice: Notice) -> None:
    """Put a notice into the outbox, in the transaction of what it is about."""
    values = {**asdict(notice), "attributes": Json(notice.attributes)}
    cursor.execute(read_statement("runs/write_notice"), values)


def announce(connect: Connect, run: Run, *, publish: Callable[[Notice], None]) -> list[Notice]:
    """Send a run's notice, then those that other runs of the DAG could not send.

    A notice is marked as sent only after publish has come back, so that a crash between the two
    sends it again rather than never. One that SNS refuses for good is marked as refused, and the
    next one is sent; later announcements try it again, more and more rarely.

    Arguments:
        connect: opens a connection.
        run: whose notice must go out now.
        publish: sends a notice to SNS, or raises.

    Returns:
        The notices sent now, none when the run's has been sent before.

    Raises:
        NoticeRefusedError: SNS refuses the run's notice; the others are sent.
    """
    outbox = _Outbox(connect, run, publish)
    while outbox.send_next(own=True):
        pass
    try:
        while outbox.send_next(own=False):
            pass
    except Exception as error:  # noqa: BLE001 -- publish may raise anything: they wait in the outbox
        log.warning(
            "Notices of other runs wait for the next announcement: %s", type(error).__name__
        )
    if outbox.refused:
        refused = "; ".join(f"{status}: {code}" for status, code in outbox.refused.items())
        raise NoticeRefusedError(
            f"SNS refuses the notice of this run ({refused}). The notice is in ops.outbox. "
            f"Find out what SNS refuses, fix it, and clear this task"
        )
    return outbox.sent


def announce_end(connect: Connect, run: Run, *, publish: Callable[[Notice], None]) -> list[str]:
    """Send the notice of a run that has come to its end; arguments are those of announce.

    An unsent notice that says that the same run failed is deleted first: it was cleared since.

    Returns:
        The subjects of the notices that were sent.
    """
    with transaction(connect, doing=f"send the notices of {run.dag_id}") as cursor:
        cursor.execute(read_statement("runs/drop_stale_failure"), run.parameters)
    sent = announce(connect, run, publish=publish)
    return [notice.subject for notice in sent]


class _Outbox:
    """The unsent notices of a DAG, of which one run goes first."""

    def __init__(self, connect: Connect, run: Run, publish: Callable[[Notice], None]) -> None:
        self.sent: list[Notice] = []
        self.refused: dict[str, str] = {}  # of the run itself: status to SNS's code
        self._connect, self._run, self._publish = connect, run, publish

    def send_next(self, *, own: bool) -> bool:
        """Send the next notice, or mark it as refused; False when there is none."""
        with transaction(self._connect, doing=f"send the notices of {self._run.dag_id}") as cursor:
            # The lock on the outbox is held until the mark: two runs must not send one notice.
            notice = self._take(cursor, own=own)
            if notice is None:
                return False
            failpoint("announce.taken")
            refusal = self._refusal(notice)
            if refusal is None:
                failpoint("announce.published")
            self._mark(cursor, notice, refusal)
            failpoint("announce.marked")
        failpoint("announce.committed")
        if refusal is None:
            self.sent.append(notice)
        elif own:
            self.refused[notice.status] = refusal
        return True

    def _take(self, cursor: cursor, *, own: bool) -> Notice | None:
        values = {**self._run.parameters, "own": own}
        cursor.execute(read_statement("runs/send_notices.lock"), values)
        cursor.execute(
            read_statement("runs/send_notices.take"), values | {"refused_now": list(self.refused)}
        )
        row = cursor.fetchone()
        if row is None:
            return None
        names = ("run_id", "status", "subject", "body", "attributes")
        return Notice(dag_id=self._run.dag_id, **dict(zip(names, row, strict=True)))

    def _refusal(self, notice: Notice) -> str | None:
        """Send a notice to SNS; the code of its answer when it would refuse it again."""
        try:
            self._publish(notice)
        except ClientError as error:
            # Throttled, or SNS is away: the transaction is rolled back, and the notice waits.
            code = final_code(error)
            if code is None:
                raise
        # botocore refuses it before it is sent, and would do so again.
        except ParamValidationError as error:
            code = type(error).__name__
        else:
            return None
        log.error("SNS refuses the notice %s of run %s: %s", notice.status, notice.run_id, code)
        return code

    def _mark(self, cursor: cursor, notice: Notice, refusal: str | None) -> None:
        named = {**notice.parameters, "status": notice.status}
        if refusal is None:
            cursor.execute(read_statement("runs/send_notices.mark_sent"), named)
        else:
            cursor.execute(
                read_statement("runs/send_notices.mark_refused"), named | {"refusal": refusal}
            )

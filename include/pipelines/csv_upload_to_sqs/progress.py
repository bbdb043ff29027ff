"""Which rows of a file the queue has acknowledged, kept in the registry while they are sent."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from typing import TYPE_CHECKING

from include.core.arrivals.registry import find_progress, keep_progress
from include.core.statements import read_statement
from include.core.warehouse.connection import autocommit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from psycopg2.extensions import cursor

    from include.contracts.uploads import JsonUpload
    from include.core.arrivals.lease import Lease
    from include.core.warehouse.connection import Connect

    Span = tuple[int, int]


class Progress:
    """What has been acknowledged of a part of a file.

    The registry has it as {"plan", "acked", "beyond", "pointer"}. beyond is short: each try leaves
    at most one span a sender there.

    Arguments:
        cursor: each of its statements commits by itself.
        lease: of the file.
        part: the number of the part; 0 for a whole file.
        plan: a digest of how the part is delivered. What was acknowledged under another one does
            not count.

    Attributes:
        acked: every row of the part with at most this number is acknowledged.
        beyond: so is every one in these spans, first and last number, ascending.
        pointer: SHA-256 of the file of rows whose pointer is acknowledged, or None.
    """

    def __init__(self, cursor: cursor, lease: Lease, *, part: int, plan: str) -> None:
        self._cursor, self._lease = cursor, lease
        self._part, self._plan = part, plan
        kept = find_progress(cursor, lease.held, part)
        known = kept if kept and kept["plan"] == plan else {}
        self.acked: int = known.get("acked", 0)
        self.beyond: list[Span] = [(first, last) for first, last in known.get("beyond", ())]
        self.pointer: str | None = known.get("pointer")

    def has(self, number: int) -> bool:
        """Whether the row of a number is acknowledged."""
        return number <= self.acked or any(first <= number <= last for first, last in self.beyond)

    def note(self, spans: Iterable[Span]) -> None:
        """Mark that all rows in these spans are acknowledged, as far as they can be delivered.

        Raises:
            ArrivalBusyError: another run has taken the file over.
        """
        spans = sorted((*self.beyond, *spans))
        while spans and spans[0][0] <= self.acked + 1:
            self.acked = max(self.acked, spans.pop(0)[1])
        self.beyond = spans
        self._write()

    def note_pointer(self, sha256: str) -> None:
        """Mark that the pointer to a file is acknowledged; errors are those of note."""
        self.pointer = sha256
        self._write()

    def _write(self) -> None:
        kept = {
            "plan": self._plan,
            "acked": self.acked,
            "beyond": self.beyond,
            "pointer": self.pointer,
        }
        self._lease.renew()
        keep_progress(self._cursor, self._lease.held, self._part, kept)


@contextmanager
def progress_of(
    connect: Connect,
    lease: Lease,
    *,
    upload: JsonUpload,
    part: int = 0,
    span: Span | None = None,
) -> Iterator[Progress]:
    """The progress of a delivery, on a connection of its own.

    Marks do not wait for the disk: when Postgres crashes, those of its last second may be gone,
    and their rows are sent again. The death of the task loses none.

    Arguments:
        connect: opens a connection to the warehouse.
        lease: of the file.
        upload: how the file is delivered; rows that another contract has made count as not sent.
        part: the number of the part; 0 for a whole file.
        span: the first and last number of the part's rows, which other limits of parts change.

    Raises:
        WarehouseUnavailableError, WarehouseRefusedError: as Postgres says, here and from marks.
    """
    plan = hashlib.sha256(repr((upload.delivery, upload.contract, span)).encode()).hexdigest()
    with autocommit(connect, doing="mark the progress of a delivery") as cursor:
        cursor.execute(read_statement("csv_upload_to_sqs/set_progress_session"))
        yield Progress(cursor, lease, part=part, plan=plan)

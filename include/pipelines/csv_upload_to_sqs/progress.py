"""Which rows of a file the queue has acknowledged, kept in the registry while they are sent."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from include.core.arrivals.registry import renew
from include.core.statements import read_statement
from include.core.warehouse.connection import autocommit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from psycopg2.extensions import cursor

    from include.contracts.uploads import JsonUpload
    from include.core.arrivals.registry import Held
    from include.core.warehouse.connection import Connect

    Span = tuple[int, int]


class Progress:
    """What has been acknowledged, kept in the registry as {"plan", "acked", "beyond", "pointer"}.

    beyond is short: each try leaves at most one span a sender there.

    Arguments:
        cursor: each of its statements commits by itself.
        held: what the task holds.
        kept: what the tries before this one have left, or None.
        plan: a digest of how the object version is delivered. What was acknowledged under another
            one does not count.

    Attributes:
        acked: every row of at most this number that can be delivered is acknowledged.
        beyond: so is every one in these spans, first and last number, ascending.
        pointer: SHA-256 of the file of rows whose pointer is acknowledged, or None.
    """

    def __init__(
        self, cursor: cursor, held: Held, kept: Mapping[str, Any] | None, *, plan: str
    ) -> None:
        self._cursor, self._held, self._plan = cursor, held, plan
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
        renew(self._cursor, self._held, kept)


@contextmanager
def progress_of(
    connect: Connect, held: Held, kept: Mapping[str, Any] | None, *, upload: JsonUpload
) -> Iterator[Progress]:
    """The progress of a file's delivery, on a connection of its own.

    Marks do not wait for the disk: when Postgres crashes, those of its last second may be gone,
    and their rows are sent again. The death of the task loses none.

    Arguments:
        connect: opens a connection to the warehouse.
        held: what the task holds.
        kept: what the registry has of tries before this one.
        upload: how the file is delivered; rows that another contract has made count as not sent.

    Raises:
        WarehouseUnavailableError, WarehouseRefusedError: as Postgres says, here and from marks.
    """
    plan = hashlib.sha256(repr((upload.delivery, upload.contract)).encode()).hexdigest()
    with autocommit(connect, doing="mark the progress of a delivery") as cursor:
        cursor.execute(read_statement("csv_upload_to_sqs/set_progress_session"))
        yield Progress(cursor, held, kept, plan=plan)

"""Which rows a sink has acknowledged, kept in the warehouse while they are sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from include.core.statements import read_statement

if TYPE_CHECKING:
    from collections.abc import Iterable

    from psycopg2.extensions import cursor

    Span = tuple[int, int]


class Marks(Protocol):
    """Where the progress of one part is kept."""

    def find(self) -> dict[str, Any] | None:
        """What keep kept last; None at the beginning."""

    def keep(self, progress: dict[str, Any]) -> None:
        """Keep how far the part has come, if the run still holds what it is a part of."""


class Progress:
    """What has been acknowledged of a part.

    It is kept as {"plan", "acked", "beyond", "pointer"}. beyond is short: each try leaves at most
    one span a sender there.

    Arguments:
        marks: where it is kept.
        plan: a digest of how the part is delivered. What was acknowledged under another one does
            not count.

    Attributes:
        acked: every row of the part with at most this number is acknowledged.
        beyond: so is every one in these spans, first and last number, ascending.
        pointer: SHA-256 of the file of rows whose pointer is acknowledged, or None.
    """

    def __init__(self, marks: Marks, *, plan: str) -> None:
        self._marks, self._plan = marks, plan
        kept = marks.find()
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
            TransientError: another run has taken over what this is a part of.
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
        self._marks.keep(
            {
                "plan": self._plan,
                "acked": self.acked,
                "beyond": self.beyond,
                "pointer": self.pointer,
            }
        )


def set_progress_session(cursor: cursor) -> None:
    """Let marks of a session not wait for the disk.

    When Postgres crashes, those of its last second may be gone, and their rows are sent again. The
    death of the task loses none.
    """
    cursor.execute(read_statement("sending/set_progress_session"))

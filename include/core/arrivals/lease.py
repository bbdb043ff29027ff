"""A task's hold of a file, renewed while it works."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.core.arrivals.registry import renew
from include.core.warehouse.renewal import Renewed

if TYPE_CHECKING:
    from psycopg2.extensions import cursor

    from include.core.arrivals.registry import Held
    from include.core.warehouse.connection import Connect


class Lease(Renewed):
    """The run's hold of a file.

    Arguments:
        connect: opens a connection to the warehouse.
        held: what the run holds.

    Attributes:
        held: what the run holds.
        open: the file is still to be done; False where a task is cleared after its run's end.

    Raises:
        ArrivalBusyError: another run has taken it over; so does each renewal.
    """

    def __init__(self, connect: Connect, held: Held) -> None:
        self.held, self.open = held, True
        super().__init__(connect, doing=f"renew the hold of {held.pipeline}")

    def _renew(self, cursor: cursor) -> None:
        self.open = renew(cursor, self.held)

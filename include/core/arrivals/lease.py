"""A task's hold of a file, renewed while it works."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from include.core.arrivals.registry import renew
from include.core.warehouse.connection import transaction

if TYPE_CHECKING:
    from include.core.arrivals.registry import Held
    from include.core.warehouse.connection import Connect

_RENEW_SECONDS: Final = 60


class Lease:
    """The run's hold of a file; renewed at once, and then not more often than need be.

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
        self._connect, self.held = connect, held
        self.open = True
        self._renewed_at = float("-inf")
        self.renew()

    def renew(self) -> None:
        """Renew the hold if the last time is a while ago."""
        if time.monotonic() - self._renewed_at < _RENEW_SECONDS:
            return
        with transaction(self._connect, doing=f"renew the hold of {self.held.pipeline}") as cursor:
            self.open = renew(cursor, self.held)
        self._renewed_at = time.monotonic()

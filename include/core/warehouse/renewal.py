"""What a task holds by a lease in the warehouse, renewed while it works."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Final

from include.core.warehouse.connection import transaction

if TYPE_CHECKING:
    from psycopg2.extensions import cursor

    from include.core.warehouse.connection import Connect

_RENEW_SECONDS: Final = 60


class Renewed(ABC):
    """A hold that is renewed at once, and then not more often than need be.

    Arguments:
        connect: opens a connection to the warehouse.
        doing: what a renewal is for; errors say it.

    Raises:
        TransientError: the hold has been lost; so does each renewal.
    """

    def __init__(self, connect: Connect, *, doing: str) -> None:
        self._connect, self._doing = connect, doing
        self._renewed_at = float("-inf")
        self.renew()

    def renew(self) -> None:
        """Renew the hold if the last time is a while ago."""
        if time.monotonic() - self._renewed_at < _RENEW_SECONDS:
            return
        with transaction(self._connect, doing=self._doing) as cursor:
            self._renew(cursor)
        self._renewed_at = time.monotonic()

    @abstractmethod
    def _renew(self, cursor: cursor) -> None:
        """Renew the hold in a transaction, or raise because it has been lost."""

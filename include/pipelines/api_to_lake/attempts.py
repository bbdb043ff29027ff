"""How often an API may be asked: a few requests without an answer an hour, and not too fast.

Both are counted in Postgres before a request is sent, so that retries, deaths and runs side by side
share what there is.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from include.core.failpoints import failpoint
from include.core.statements import read_statement
from include.core.warehouse.connection import transaction

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from include.contracts.apis import ApiDataset
    from include.core.warehouse.connection import Connect

_MINUTE: Final = 60.0


class SpentError(Exception):
    """No request is left in this hour of the clock."""


@dataclass(kw_only=True)
class Attempts:
    """The requests of one call.

    Attributes:
        dataset: says how many there may be.
        call: its name.
        as_of: the hour that is asked for.
        connect: opens a connection to the warehouse.
        sleep: takes seconds.
        left: requests that may still stay without an answer, as of the last one.
    """

    dataset: ApiDataset
    call: str
    as_of: datetime
    connect: Connect
    sleep: Callable[[float], None] = time.sleep
    left: int = 0
    _answered: int = field(default=0, init=False)

    def take(self) -> int:
        """Count a request, and wait until it may be sent; returns its number in this hour.

        Raises:
            SpentError: there are none left.
        """
        values = self._values | {"attempts": self.dataset.attempts}
        with transaction(self.connect, doing=f"count requests of {self.call}") as cursor:
            cursor.execute(read_statement("api_to_lake/count_requests.take"), values)
            row = cursor.fetchone()
            if row is None:
                raise SpentError
            pace = {"dataset": self.dataset.name, "seconds": _MINUTE / self.dataset.calls_a_minute}
            cursor.execute(read_statement("api_to_lake/count_requests.wait"), pace)
            (wait,) = cursor.fetchone() or (0,)
        failpoint("fetch.counted")
        self._answered = 0
        number, unanswered = row
        self.left = self.dataset.attempts - unanswered
        self.sleep(max(float(wait), 0.0))
        return int(number)

    def answered(self) -> None:
        """Note that the last request has a proper answer; it is entered with the next one."""
        self._answered += 1
        self.left += 1

    def end(self, problem: str | None) -> None:
        """Enter how the call ended: why it has no answer, None where it has."""
        values = self._values | {"problem": problem}
        with transaction(self.connect, doing=f"enter how {self.call} ended") as cursor:
            cursor.execute(read_statement("api_to_lake/count_requests.end"), values)
        self._answered = 0

    @property
    def _values(self) -> dict[str, Any]:
        return {
            "dataset": self.dataset.name,
            "as_of": self.as_of,
            "call": self.call,
            "answered": self._answered,
        }

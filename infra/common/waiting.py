"""Waiting for what other processes do."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Found = TypeVar("Found")


def until(look: Callable[[], Found], *, seconds: float, poll: float) -> Found:
    """Look until there is something; returns what the last look found, which may be nothing.

    Arguments:
        look: gives something true once the wait is over; what it raises ends the wait.
        seconds: how long to wait.
        poll: seconds between two looks.
    """
    deadline = time.monotonic() + seconds
    while not (found := look()) and time.monotonic() < deadline:
        time.sleep(poll)
    return found

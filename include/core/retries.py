"""How long something is tried again."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tenacity import RetryCallState


def stop_after_failing_for(
    seconds: float, *, clock: Callable[[], float] = time.monotonic
) -> Callable[[RetryCallState], bool]:
    """A stop for tenacity's Retrying; its own count from the first attempt, which may be long.

    Arguments:
        seconds: from the first failure; no attempt begins later.
        clock: gives seconds.
    """
    failures: list[float] = []

    def is_over(state: RetryCallState) -> bool:
        failures.append(clock())
        return failures[-1] + state.upcoming_sleep > failures[0] + seconds

    return is_over

"""What a case takes: seconds of the wall, and seconds of the processor."""

from __future__ import annotations

import time
from typing import Any


class Clock:
    """Runs from when it is made."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def stop(self, **counts: Any) -> tuple[float, dict[str, Any]]:
        """What a case comes back with: seconds, and its counts with cpu_seconds among them."""
        seconds, cpu_seconds = time.perf_counter() - self._wall, time.process_time() - self._cpu
        return seconds, {**counts, "cpu_seconds": cpu_seconds}

"""Who holds a stack, and the end of what an earlier start of it left behind."""

from __future__ import annotations

import contextlib
import fcntl
from typing import TYPE_CHECKING

from infra.local import postgres, processes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.local.layout import Layout


def holder(layout: Layout) -> int | None:
    """The process that holds a stack, or None if the stack is down."""
    if not layout.lock.exists():
        return None
    with layout.lock.open("r+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return int(lock.read() or 0)
    return None


def end_leftovers(layout: Layout) -> None:
    """End every process of a stack, and forget its addresses; for its holder, before it starts."""
    with _alone(layout):
        _end(layout)


def end_unheld(layout: Layout) -> None:
    """The same for anybody else, unless the stack has a holder again, whose programs run."""
    with _alone(layout):
        if holder(layout) is None:
            _end(layout)


@contextlib.contextmanager
def _alone(layout: Layout) -> Iterator[None]:
    """Keep a new holder from starting programs while somebody ends those of the last one."""
    layout.root.mkdir(parents=True, exist_ok=True)
    with (layout.root / "ending").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _end(layout: Layout) -> None:
    for kept in layout.of_every_source():
        postgres.end_leftover(kept)
    processes.sweep(layout.root)
    layout.running.unlink(missing_ok=True)

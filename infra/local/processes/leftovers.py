"""Who holds a stack, and the end of what an earlier start of it left behind."""

from __future__ import annotations

import contextlib
import fcntl
import signal
from typing import TYPE_CHECKING

import psutil

from infra.local.processes.marks import sweep

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
        _end_postgres(kept)
    sweep(layout.root)
    layout.running.unlink(missing_ok=True)


def _end_postgres(layout: Layout) -> None:
    """Stop a server that still runs on a stack's data although nobody holds it any more."""
    pid_file = layout.postgres / "postmaster.pid"
    if not pid_file.exists():
        return
    pid = int(pid_file.read_text().split("\n", 1)[0])
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        if str(layout.postgres) in process.cmdline():
            process.send_signal(signal.SIGINT)
            psutil.wait_procs([process], timeout=10)

"""Who holds a stack, and the end of what an earlier start of it left behind."""

from __future__ import annotations

import contextlib
import fcntl
import signal
from typing import TYPE_CHECKING

import psutil

from infra.common.locks import exclusive
from infra.local.processes.marks import sweep

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from infra.local.layout import Layout


def holder(layout: Layout) -> int | None:
    """Give the process that holds a stack, or None if the stack is down."""
    if not layout.lock.exists():
        return None
    with layout.lock.open("r+") as lock:
        # Shared: two commands that look at once do not take each other for the holder.
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return int(lock.read() or 0)
    return None


def end_leftovers(layout: Layout) -> None:
    """End every process of a stack, and forget its addresses; for its holder, before it starts."""
    with _ending(layout):
        _end(layout)


def end_unheld(layout: Layout) -> None:
    """End them for any other process, unless the stack has a new holder, whose programs run."""
    with _ending(layout):
        if holder(layout) is None:
            _end(layout)


def _ending(layout: Layout) -> AbstractContextManager[None]:
    """Keep a new holder from starting programs while those of the last one are ended."""
    layout.root.mkdir(parents=True, exist_ok=True)
    return exclusive(layout.root / "ending")


def _end(layout: Layout) -> None:
    for kept in layout.of_every_source():
        _end_postgres(kept)
    sweep(layout.root)
    layout.running.unlink(missing_ok=True)


def _end_postgres(layout: Layout) -> None:
    """Stop a server that still runs on a stack's data although the stack has no holder."""
    pid_file = layout.postgres / "postmaster.pid"
    if not pid_file.exists():
        return
    # The first line is the postmaster's process, which may have ended without removing the file:
    # https://www.postgresql.org/docs/18/storage-file-layout.html
    pid = int(pid_file.read_text().split("\n", 1)[0])
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        # Another process may have got the number since.
        if str(layout.postgres) in process.cmdline():
            process.send_signal(signal.SIGINT)
            psutil.wait_procs([process], timeout=10)

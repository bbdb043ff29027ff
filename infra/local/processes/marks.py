"""The mark in the environment of every process of a stack, by which it is found."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from pathlib import Path

MARK = "SLUICE_STACK"
_KILL_SECONDS = 5.0


def sweep(root: Path) -> list[int]:
    """Kill every process that carries the mark of a stack; returns their ids.

    Arguments:
        root: the stack's folder. Nothing of it may be in use any more.
    """
    killed: list[int] = []
    # Again, since a process that is about to die may have started another one.
    while found := marked(root):
        for process in found:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
                killed.append(process.pid)
        psutil.wait_procs(found, timeout=_KILL_SECONDS)
    return killed


def marked(root: Path) -> list[psutil.Process]:
    """Find the running processes that carry the mark of a stack."""
    found = []
    for process in psutil.process_iter():
        # Processes of other users do not show their environment.
        with contextlib.suppress(psutil.Error, OSError):
            ours = process.environ().get(MARK) == str(root) and process.pid != os.getpid()
            if ours and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found

"""Calls in processes of their own, which die at a failpoint, or are stopped."""

from __future__ import annotations

import json
import multiprocessing
import os
import re
import signal
from typing import TYPE_CHECKING, Any

from include.core.failpoints import VARIABLE
from include.errors import SluiceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from multiprocessing.connection import Connection
    from pathlib import Path

# The server of forks has imported what calls need; a fresh interpreter would take a second.
processes = multiprocessing.get_context("forkserver")
CALLS = (
    "resumable_runs",
    "deliveries",
    "item_runs",
    "upload_runs",
    "known_services",
    "stream_runs",
    "export_runs",
    "api_runs",
)
processes.set_forkserver_preload([f"tests.support.{name}" for name in CALLS])
WAIT_SECONDS = 60
_FAILPOINT = re.compile(r"\bfailpoint\(\s*\"([^\"]+)\"")


class Worker:
    """A call in a process of its own, under way as soon as this is made.

    Arguments:
        function: what to call.
        failpoints: the folder in which failpoints are armed.
        armed: the failpoint at which it dies.
    """

    def __init__(
        self, function: Callable[[], Any], *, failpoints: Path, armed: str | None = None
    ) -> None:
        failpoints.mkdir(parents=True, exist_ok=True)
        self._armed = failpoints / armed if armed else None
        if self._armed:
            self._armed.touch()
        self._said, say = processes.Pipe(duplex=False)
        self._process = processes.Process(target=_work, args=(function, failpoints, say))
        self._process.start()
        say.close()

    @property
    def pid(self) -> int:
        pid = self._process.pid
        assert pid is not None
        return pid

    def end(self) -> str:
        """Wait for its end; returns "done", "killed", or the class of the error it ended with."""
        self._process.join(WAIT_SECONDS)
        code = self._process.exitcode
        assert code is not None, "the worker does not end"
        if self._armed:
            assert not self._armed.exists(), f"{self._armed.name} was never reached"
        if code == -signal.SIGKILL:
            return "killed"
        assert code == 0, "the worker ends with an unexpected error"
        return str(self._said.recv())

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()
        self._process.join()


def die_at(failpoint: str, function: Callable[[], Any], *, failpoints: Path) -> None:
    """Call in a process of its own, which must die there."""
    assert Worker(function, failpoints=failpoints, armed=failpoint).end() == "killed"


def failpoints_of(files: Iterable[Path]) -> list[str]:
    """Names of the failpoints in source files, in the order of the text."""
    return [name for file in files for name in _FAILPOINT.findall(file.read_text("utf-8"))]


def _work(function: Callable[[], Any], failpoints: Path, say: Connection) -> None:
    os.environ[VARIABLE] = str(failpoints)
    try:
        function()
    except (SluiceError, OSError) as error:
        say.send(type(error).__name__)
    else:
        say.send("done")


def once(kept: Path, function: Callable[[], Any]) -> Any:
    """What a call comes back with, from a file once it has: a task is not done again by a rerun."""
    if not kept.exists():
        result = json.dumps(function())
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(result)
    return json.loads(kept.read_text())

"""Programs that are forks of one process, which has loaded what they all need."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

from infra.common.errors import StackError
from infra.common.waiting import until

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from infra.local.processes.group import Group, Process, Program

_POLL_SECONDS = 0.05


class ForkServer:
    """A process that forks for each program; it is a program of the group itself.

    Arguments:
        group: what it and its forks belong to.
        module: what it runs, which calls `fork_server.serve` once it has loaded all.
        env: its whole environment, without the mark.
        cwd: the folder that it runs in.

    Raises:
        StackError: the group has been closed.
    """

    def __init__(self, group: Group, module: str, *, env: Mapping[str, str], cwd: Path) -> None:
        self.group = group
        self._lock = threading.Lock()
        self._number = 0
        ours, theirs = socket.socketpair()
        self._socket = group.resources.enter_context(ours)
        self._answers = group.resources.enter_context(ours.makefile("rb"))

        def execute(log: Path) -> Process:
            command = [sys.executable, "-m", module]
            return group.execute(log, command, env=env, cwd=cwd, stdin=theirs.fileno())

        with theirs:
            # It sees its forks end, so it ends after them.
            self.program = group.add("airflow", execute, outlives=True)

    def start(
        self,
        name: str,
        words: list[str],
        *,
        env: Mapping[str, str],
        cwd: Path,
        nice: int = 0,
        stop_signal: signal.Signals = signal.SIGTERM,
    ) -> Program:
        """Start `python -m <words>` as a fork, in a process group of its own.

        Arguments:
            name: also the name of its log file.
            words: module and arguments.
            env: its whole environment, without the mark.
            cwd: the folder that it runs in.
            nice: by how much it steps back.
            stop_signal: what asks it to end.

        Raises:
            StackError: the group has been closed, or the server has ended.
        """
        request = {"words": words, "env": self.group.marked(env), "cwd": str(cwd), "nice": nice}
        self._ask({})  # until all is loaded: who closes the group waits for what follows

        def fork(log: Path) -> Process:
            return Fork(self, self._ask({**request, "log": str(log)}))

        return self.group.add(name, fork, stop_signal=stop_signal)

    def ended(self, pid: int) -> int | None:
        """The exit code of a fork, negative for a signal; None while it runs."""
        try:
            code: int | None = self._ask({"ended": pid})
        except StackError:
            # Nothing else sees it end; the sweep of the stack's processes ends it.
            return -signal.SIGKILL
        return code

    def _ask(self, request: dict[str, Any]) -> Any:
        with self._lock:
            self._number += 1
            try:
                self._socket.sendall(json.dumps([self._number, request]).encode() + b"\n")
                # An interrupted call leaves its answer to the next one.
                for line in self._answers:
                    number, answer = json.loads(line)
                    if number == self._number:
                        return answer
            except OSError:
                pass
        raise self.program.fault("has ended")


class Fork:
    """A fork of a server, as the leader of a process group.

    Arguments:
        server: what it is a fork of.
        pid: its id.
    """

    def __init__(self, server: ForkServer, pid: int) -> None:
        self.pid = pid
        self._server = server
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        if self.returncode is None:
            self.returncode = self._server.ended(self.pid)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the exit code.

        Raises:
            subprocess.TimeoutExpired: it has none yet.
        """
        seconds = float("inf") if timeout is None else timeout
        until(lambda: self.poll() is not None, seconds=seconds, poll=_POLL_SECONDS)
        if self.returncode is None:
            raise subprocess.TimeoutExpired(f"process {self.pid}", seconds)
        return self.returncode

"""Programs that end with the stack that started them, in every case.

Each program leads a process group of its own and carries a mark in its environment that names
the stack's folder. Stopping ends the group; a sweep for the mark finds what left its group or
outlived its parent.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from infra.common.errors import StackError
from infra.common.waiting import until
from infra.local.processes.marks import MARK, sweep

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

_STOP_SECONDS = 15.0  # from the stop signal to SIGKILL
_KILL_SECONDS = 5.0  # from SIGKILL to the end
_LAST_LINES = 15  # of a log, in a message


class Process(Protocol):
    """The leader of a process group, as subprocess.Popen is one."""

    @property
    def pid(self) -> int: ...

    @property
    def returncode(self) -> int | None: ...

    def poll(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the exit code.

        Raises:
            subprocess.TimeoutExpired: it has none yet.
        """


@dataclass(frozen=True)
class Program:
    """One running program of a stack.

    Attributes:
        name: what people call it.
        process: the leader of its process group.
        log: where its output goes.
        stop_signal: what asks it to end.
        outlives: it ends after the others, which need it.
    """

    name: str
    process: Process
    log: Path
    stop_signal: signal.Signals = signal.SIGTERM
    outlives: bool = False

    def wait_until(self, ready: Callable[[], bool], *, seconds: float) -> None:
        """Wait until it answers as it should.

        Raises:
            StackError: it ended instead, or seconds went by.
        """

        def look() -> bool:
            if not (found := ready()) and self.process.poll() is not None:
                raise self.fault(f"ended with {self.process.returncode} while starting")
            return found

        if not until(look, seconds=seconds, poll=0.1):
            raise self.fault(f"did not answer within {seconds:.0f} s")

    def wait_until_done(self, *, seconds: float) -> None:
        """Wait until it has ended with success.

        Raises:
            StackError: it failed, or seconds went by.
        """
        try:
            ended = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            ended = None
        if ended != 0:
            raise self.fault("failed")

    def fault(self, problem: str) -> StackError:
        """Say what is wrong with the program, and what it said last."""
        last = self.log.read_text(errors="replace").splitlines()[-_LAST_LINES:]
        return StackError("\n".join([f"{self.name} {problem}. Its log: {self.log}", *last]))


def environment_without(*prefixes: str) -> dict[str, str]:
    """Give this process's environment without the variables whose names begin so."""
    return {name: value for name, value in os.environ.items() if not name.startswith(prefixes)}


class Group:
    """All programs of one stack.

    Arguments:
        root: the stack's folder; logs go to <root>/logs/<name>.log.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.programs: list[Program] = []
        # What is closed after the last program has ended.
        self.resources = contextlib.ExitStack()
        self._lock = threading.Lock()
        self._closed = False

    def start(
        self,
        name: str,
        command: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: Path,
        stop_signal: signal.Signals = signal.SIGTERM,
        outlives: bool = False,
    ) -> Program:
        """Start a program in a process group of its own.

        Arguments:
            name: also the name of its log file.
            command: program and arguments.
            env: its whole environment, without the mark.
            cwd: the folder that it runs in.
            stop_signal: what asks it to end.
            outlives: it ends after the others, which need it.

        Raises:
            StackError: the group has been closed.
        """

        def execute(log: Path) -> Process:
            return self.execute(log, command, env=env, cwd=cwd)

        return self.add(name, execute, stop_signal=stop_signal, outlives=outlives)

    def execute(
        self,
        log: Path,
        command: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: Path,
        stdin: int = subprocess.DEVNULL,
    ) -> Process:
        """Start a process for `add`; its output goes to a log file."""
        with log.open("ab") as output:
            return subprocess.Popen(
                command,
                env=self.marked(env),
                cwd=cwd,
                stdin=stdin,
                stdout=output,
                stderr=subprocess.STDOUT,
                # Ctrl-C in the terminal reaches the stack alone, which then stops its programs.
                start_new_session=True,
            )

    def add(
        self,
        name: str,
        begin: Callable[[Path], Process],
        *,
        stop_signal: signal.Signals = signal.SIGTERM,
        outlives: bool = False,
    ) -> Program:
        """Have a process be a program of this group.

        Arguments:
            name: also the name of its log file.
            begin: starts the process, given the log file: marked, and leader of its group.
            stop_signal: what asks it to end.
            outlives: it ends after the others, which need it.

        Raises:
            StackError: the group has been closed.
        """
        log = self.root / "logs" / f"{name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        with self._lock:
            if self._closed:
                raise StackError(f"{name} is not started: the stack is stopping")
            log.touch()  # a fork may take a while to open it
            program = Program(name, begin(log), log, stop_signal, outlives)
            self.programs.append(program)
        return program

    def marked(self, env: Mapping[str, str]) -> dict[str, str]:
        """An environment with the mark of this group."""
        return {**env, MARK: str(self.root)}

    def stop(self, programs: Sequence[Program]) -> None:
        """End programs side by side: asked first, killed after 15 seconds."""
        alive = [program for program in programs if program.process.poll() is None]
        for program in alive:
            _signal_group(program, program.stop_signal)
        deadline = time.monotonic() + _STOP_SECONDS
        for program in alive:
            with contextlib.suppress(subprocess.TimeoutExpired):
                program.process.wait(max(0.0, deadline - time.monotonic()))
        # Also groups whose leader has ended: its children may ignore the first signal.
        for program in alive:
            _signal_group(program, signal.SIGKILL)
            program.process.wait(_KILL_SECONDS)

    def close(self) -> None:
        """End everything, also what left its process group; nothing can be started after."""
        with self._lock:
            self._closed = True
        self.stop([program for program in self.programs if not program.outlives])
        self.stop([program for program in self.programs if program.outlives])
        sweep(self.root)
        self.resources.close()

    def ended(self) -> list[Program]:
        """The programs that have ended by themselves."""
        return [program for program in self.programs if program.process.poll() is not None]


def _signal_group(program: Program, how: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(program.process.pid, how)

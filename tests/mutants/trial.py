"""A copy of the code, and a run of pytest in it that ends when its time is over."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tests.mutants import guard as guards

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.mutants.guard import Guard

_LEFT_OUT: Final = shutil.ignore_patterns(".git", ".local", "__pycache__", ".*_cache")
_END_SECONDS: Final = 20.0
# https://docs.pytest.org/en/stable/reference/exit-codes.html
_PASSED, _FAILED = 0, 1


@dataclass(frozen=True)
class Outcome:
    """How a run of tests ended.

    Attributes:
        verdict: passed, failed, timeout, or broken: the tests could not be run.
        seconds: how long it took.
        failed: ids of the tests that failed.
        output: what pytest printed.
    """

    verdict: str
    seconds: float
    failed: tuple[str, ...] = ()
    output: str = ""


class Copy:
    """A copy of the code, in a folder of its own.

    It has no environments of its own: tests run with the Python that runs this.

    Arguments:
        source: the repository.
        folder: where the copy goes; it must not exist. What tests leave goes there as well.
    """

    def __init__(self, source: Path, folder: Path) -> None:
        self._folder = folder
        self._running: subprocess.Popen[bytes] | None = None
        self._is_stopped = False
        self._code, self._temporary = folder / "code", folder / "tmp"
        self._log = folder / "pytest.log"
        shutil.copytree(source, self._code, ignore=_LEFT_OUT, symlinks=True)
        self._temporary.mkdir()
        environments = source / ".local" / "venvs"
        if environments.exists():
            (self._code / ".local").mkdir()
            (self._code / ".local" / "venvs").symlink_to(environments)

    def try_out(self, guard: Guard) -> Outcome:
        """Run a guard's tests without the guard, which then is back."""
        files = {self._code / edit.file for edit in guard.edits}
        before = {file: file.read_bytes() for file in files}
        guards.apply(guard, self._code)
        try:
            return self.run(guard.tests, seconds=guard.seconds, options=("-x",))
        finally:
            for file, content in before.items():
                file.write_bytes(content)

    def run(self, tests: Sequence[str], *, seconds: float, options: Sequence[str] = ()) -> Outcome:
        """Run tests, for some seconds at most."""
        command = [sys.executable, "-m", "pytest", "-q", "-rfE", "--tb=no", "--no-header"]
        command += ["-p", "no:cacheprovider", f"--basetemp={self._temporary / 'pytest'}"]
        began = time.monotonic()
        code = self._call([*command, *options, *tests], seconds)
        text = self._log.read_text(encoding="utf-8", errors="replace")
        failed = _named("FAILED", text)
        if code is None:
            verdict = "timeout"
        elif code == _PASSED:
            verdict = "passed"
        else:
            is_verdict = code == _FAILED and failed and not _named("ERROR", text)
            verdict = "failed" if is_verdict else "broken"
        return Outcome(verdict, time.monotonic() - began, failed, text)

    def stop(self) -> None:
        """End what runs now, from another thread, and begin nothing any more."""
        self._is_stopped = True
        if self._running is not None:
            _end(self._running)

    def _call(self, command: Sequence[str], seconds: float) -> int | None:
        """The exit code of a command, or None when it was ended because its time was over."""
        with self._log.open("wb") as output:
            self._running = process = subprocess.Popen(
                command,
                cwd=self._code,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                return process.wait(0 if self._is_stopped else seconds)
            except subprocess.TimeoutExpired:
                return None
            finally:
                _end(process)

    def _environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "CI": "1",  # Hypothesis tries the same examples each time
            "COLUMNS": "200",
            # What is not asked for takes most of the time that pytest needs to begin.
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            # A mutant can be as long and as new as the code was: its bytecode would pass for both.
            "PYTHONDONTWRITEBYTECODE": "1",
            "TMPDIR": str(self._temporary),
        }


def _named(kind: str, output: str) -> tuple[str, ...]:
    """The ids of tests in pytest's summary: `FAILED <id> - <message>`."""
    lines = [line for line in output.splitlines() if line.startswith(f"{kind} ")]
    return tuple(line.removeprefix(f"{kind} ").split(" - ")[0] for line in lines)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End pytest and what it started: asked first, so that its servers end with it."""
    for how in (signal.SIGINT, signal.SIGKILL):
        if process.poll() is None:
            os.killpg(process.pid, how)
            try:
                process.wait(_END_SECONDS)
            except subprocess.TimeoutExpired:
                continue

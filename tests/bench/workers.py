"""Starts a process for one case, as its own measurements want it: an interpreter of its own."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any, Protocol

from infra.common.paths import REPOSITORY
from infra.local.processes.marks import MARK

if TYPE_CHECKING:
    from pathlib import Path


class Work(Protocol):
    """Runs worker.answer in a process of its own."""

    def __call__(
        self, request: dict[str, Any], *, python: str, root: Path
    ) -> tuple[int, dict[str, Any]]:
        """Returns the exit code, and the answer if that is 0.

        Arguments:
            request: the arguments of worker.answer, as JSON has them.
            python: the interpreter.
            root: the folder of the benchmarks' servers, which marks what belongs to them.
        """


def start_interpreter(
    request: dict[str, Any], *, python: str, root: Path
) -> tuple[int, dict[str, Any]]:
    """Run a case in a fresh interpreter, whose memory holds nothing else."""
    done = subprocess.run(
        [python, "-m", "tests.bench.worker"],
        input=json.dumps(request),
        stdout=subprocess.PIPE,
        cwd=REPOSITORY,
        # Ctrl-C reaches this process alone, which then ends the worker.
        start_new_session=True,
        env={**os.environ, MARK: str(root)},
        text=True,
        check=False,
    )
    return done.returncode, {} if done.returncode else json.loads(done.stdout)

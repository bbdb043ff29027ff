"""Programs of the CDK environment, which is not the one that Airflow and tests live in."""

from __future__ import annotations

import itertools
import json
import subprocess
from typing import TYPE_CHECKING

from typing_extensions import Self

from tests.support.cdk_server import ROOT

if TYPE_CHECKING:
    from pathlib import Path


class CdkPrograms:
    """Runs Python programs, each in a fork of one process that has loaded CDK.

    Arguments:
        python: the environment's Python.
        folder: for what programs print.
    """

    def __init__(self, python: Path, folder: Path) -> None:
        self._python, self._folder = python, folder
        self._numbers = itertools.count()
        self._server: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._server:
            try:
                self._server.communicate(timeout=60)
            except subprocess.TimeoutExpired:
                self._server.kill()
                self._server.communicate()

    def run(self, *arguments: str, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
        """Do as `python <arguments>` does in a folder, until it ends.

        Arguments:
            arguments: -c and a program, or -m and a module; then what the program is given.
            folder: the folder that it runs in, where it finds our modules.
        """
        server = self._server = self._server or self._start()
        base = self._folder / str(next(self._numbers))
        output, errors = base.with_suffix(".out"), base.with_suffix(".err")
        given = {"folder": folder, "output": output, "errors": errors}
        request = {name: str(path) for name, path in given.items()} | {"arguments": arguments}
        assert server.stdin
        assert server.stdout
        server.stdin.write(json.dumps(request) + "\n")
        server.stdin.flush()
        answer = server.stdout.readline()
        assert answer, f"the server of CDK has ended: {errors.read_text()}"
        return subprocess.CompletedProcess(
            arguments, json.loads(answer), output.read_text(), errors.read_text()
        )

    def _start(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [self._python, "-m", "tests.support.cdk_server"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

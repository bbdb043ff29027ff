"""A server that loads CDK once and forks for each program that needs it.

It runs in the environment of CDK: `python -m tests.support.cdk_server`. A line of its input is a
request: arguments of Python, the folder to run in, and two files for output and errors. A line of
its output is the program's exit code. Loading CDK takes twenty seconds; a fork has it at once and
imports our own modules anew. All forks talk to the one Node process, one after the other.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import runpy
import sys
import traceback
import warnings
from pathlib import Path
from types import ModuleType
from typing import IO, Any

ROOT = Path(__file__).parents[2]


def serve(requests: IO[str], answers: IO[str]) -> None:
    """Run each requested program to its end before the next is read."""
    # Node's own errors pass through a thread of this process, not of the fork.
    for line in requests:
        request = json.loads(line)
        Path(request["output"]).touch()
        _redirect(2, request["errors"])
        with warnings.catch_warnings():
            # The other thread only copies what Node prints.
            warnings.simplefilter("ignore", DeprecationWarning)
            child = os.fork()
        if child == 0:
            _redirect(1, request["output"])
            os._exit(_run(request["arguments"], request["folder"]))
        _, status = os.waitpid(child, 0)
        answers.write(json.dumps(os.waitstatus_to_exitcode(status)) + "\n")
        answers.flush()


def _redirect(number: int, path: str) -> None:
    target = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(target, number)
    os.close(target)


def _run(arguments: list[str], folder: str) -> int:
    """Do as `python <arguments>` does in a folder; returns the exit code."""
    os.chdir(folder)
    sys.path.insert(0, folder)
    try:
        _start(*arguments)
        code = 0
    except SystemExit as ended:
        code = _code(ended.code)
    except BaseException:  # noqa: BLE001 -- as Python's own end of a program
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    return code


def _start(option: str, what: str, *arguments: str) -> None:
    sys.argv = [option, *arguments]
    if option == "-m":
        runpy.run_module(what, run_name="__main__", alter_sys=True)
        return
    assert option == "-c", option
    main = ModuleType("__main__")
    sys.modules["__main__"] = main
    exec(compile(what, "<string>", "exec"), main.__dict__)  # noqa: S102 -- what tests ask for


def _code(given: Any) -> int:
    if given is None or isinstance(given, int):
        return given or 0
    sys.stderr.write(f"{given}\n")
    return 1


def load() -> None:
    """Load what our app imports of CDK, and nothing of our own: a program may have a copy of it."""
    text = "".join(path.read_text("utf-8") for path in (ROOT / "infra" / "aws").rglob("*.py"))
    for name in {"aws_cdk", "cdk_nag", *re.findall(r"from (aws_cdk\.\w+)", text)}:
        importlib.import_module(name)
    for name in set(re.findall(r"from aws_cdk import (aws_\w+)", text)):
        importlib.import_module(f"aws_cdk.{name}")


if __name__ == "__main__":
    load()
    serve(sys.stdin, os.fdopen(os.dup(1), "w"))

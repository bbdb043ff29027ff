"""The side of a fork server that forks: it reads requests, and answers them.

Requests come from its standard input, a socket, and answers go back there. Each is a line, a
number and what is asked or answered.
"""

from __future__ import annotations

import atexit
import json
import os
import runpy
import socket
import sys
import threading
import traceback
from typing import Any


def serve() -> None:
    """Answer requests until there are no more of them; does not come back in a fork."""
    with socket.socket(fileno=os.dup(0)) as channel, channel.makefile("rb") as requests:
        for line in requests:
            number, request = json.loads(line)
            answer = _answer(request)
            if answer == 0 and "words" in request:
                break
            channel.sendall(json.dumps([number, answer]).encode() + b"\n")
        else:
            return
    _become(request)
    code = _run(request["words"])
    # Python would now free all that is loaded, piece by piece, for a second of a core and more.
    os._exit(code)


def _answer(request: dict[str, Any]) -> int | None:
    """Fork for a program, or look after a fork.

    Returns:
        The fork's id, or 0 in the fork; its exit code, negative for a signal, None while it runs.
    """
    if "ended" in request:
        pid, status = os.waitpid(request["ended"], os.WNOHANG)
        return os.waitstatus_to_exitcode(status) if pid else None
    if "words" not in request:
        return None
    if pid := os.fork():
        # Here and in the fork: the group is there for whoever acts first.
        os.setpgid(pid, pid)
    return pid


def _become(request: dict[str, Any]) -> None:
    """Take on the process group, files, folder, environment and priority of a program."""
    os.setpgid(0, 0)
    _redirect(os.devnull, 0)
    _redirect(request["log"], 1, 2)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    os.nice(request["nice"])


def _redirect(path: str, *numbers: int) -> None:
    opened = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
    for number in numbers:
        os.dup2(opened, number)
    os.close(opened)


def _run(words: list[str]) -> int:
    """Do as `python -m <words>` does; returns the exit code."""
    sys.argv = words
    code: object = 1
    try:
        runpy.run_module(words[0], run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as ended:
        code = ended.code
    except BaseException:  # noqa: BLE001 -- as Python's own end of a program
        traceback.print_exc()
    # As Python itself does at the end, and multiprocessing in its forks.
    threading._shutdown()  # type: ignore[attr-defined] # noqa: SLF001 -- see above
    atexit._run_exitfuncs()  # noqa: SLF001 -- see above
    if not isinstance(code, int | None):
        print(code, file=sys.stderr)
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    return int(code or 0)

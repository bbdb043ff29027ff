"""The side of a fork server that forks: it reads requests, and answers them.

Requests come from its standard input, a socket, and answers go back there. Each is a line, a
number and what is asked or answered.
"""

from __future__ import annotations

import json
import os
import socket
from typing import Any


def serve() -> list[str]:
    """Answer requests until there are no more of them.

    Returns:
        In a fork, the words of the program that it has to become; in the server, none.
    """
    with socket.socket(fileno=os.dup(0)) as channel, channel.makefile("rb") as requests:
        for line in requests:
            number, request = json.loads(line)
            answer = _answer(request)
            if answer == 0 and "words" in request:
                break
            channel.sendall(json.dumps([number, answer]).encode() + b"\n")
        else:
            return []
    _become(request)
    return list(request["words"])


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

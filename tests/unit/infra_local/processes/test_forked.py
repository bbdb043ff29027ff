"""Programs that are forks of one process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from infra.common.errors import StackError
from infra.common.paths import REPOSITORY
from infra.local.processes.forked import ForkServer
from infra.local.processes.group import Group, Program
from infra.local.processes.marks import MARK, marked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

# What the server has loaded, a fork has too.
SERVER = """
import sys
from infra.local.processes.fork_server import serve
sys.loaded = "loaded"
serve()
"""
PROGRAM = """
import atexit, json, os, subprocess, sys, time
atexit.register(print, "at exit")
given = {"words": sys.argv[1:], "loaded": sys.loaded, "folder": os.getcwd()}
given |= {"env": dict(os.environ), "nice": os.nice(0)}
given |= {"group": os.getpgrp(), "input": sys.stdin.read()}
print(json.dumps(given), flush=True)
if "fail" in sys.argv:
    sys.exit(3)
if "say" in sys.argv:
    sys.exit("no such thing")
if "break" in sys.argv:
    raise ValueError("broken")
if "child" in sys.argv:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
if "wait" in sys.argv:
    time.sleep(600)
"""


@pytest.fixture
def group(tmp_path: Path) -> Iterator[Group]:
    made = Group(tmp_path)
    yield made
    made.close()


@pytest.fixture
def server(group: Group) -> ForkServer:
    (group.root / "a_server.py").write_text(SERVER)
    (group.root / "a_program.py").write_text(PROGRAM)
    path = os.pathsep.join([str(REPOSITORY), str(group.root)])
    return ForkServer(group, "a_server", env={**os.environ, "PYTHONPATH": path}, cwd=REPOSITORY)


def start(server: ForkServer, *words: str, **more: Any) -> Program:
    env = {"ONLY": "this"}
    root = server.group.root
    return server.start("program", ["a_program", *words], env=env, cwd=root, **more)


def printed(program: Program) -> dict[str, Any]:
    program.wait_until(lambda: "\n" in program.log.read_text(), seconds=20)
    return dict(json.loads(program.log.read_text().splitlines()[0]))


def gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def eventually(holds: Callable[[], bool], seconds: float = 15) -> bool:
    deadline = time.monotonic() + seconds
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.05)
    return holds()


def test_fork_is_the_program_that_was_asked_for(server: ForkServer) -> None:
    program = start(server, "a b", nice=3)
    assert program.process.wait(20) == 0
    assert printed(program) == {
        "words": ["a b"],
        "loaded": "loaded",
        "folder": str(server.group.root),
        "env": {"ONLY": "this", MARK: str(server.group.root)},
        "nice": os.nice(0) + 3,
        "group": program.process.pid,
        "input": "",
    }


def test_exit_code_of_a_fork_is_known_and_stays_known(server: ForkServer) -> None:
    program = start(server, "fail")
    with pytest.raises(StackError, match="program failed"):
        program.wait_until_done(seconds=20)
    assert [program.process.poll(), program.process.wait(1), program.process.returncode] == [3] * 3


@pytest.mark.parametrize(
    ("word", "said"), [("say", "no such thing"), ("break", "ValueError: broken")]
)
def test_fork_that_fails_says_why_as_python_does(server: ForkServer, word: str, said: str) -> None:
    program = start(server, word)
    assert program.process.wait(20) == 1
    assert said in program.log.read_text().splitlines()


def test_fork_does_what_is_to_be_done_at_exit(server: ForkServer) -> None:
    program = start(server)
    assert program.process.wait(20) == 0
    assert program.log.read_text().splitlines()[-1] == "at exit"


def test_fork_that_runs_has_no_exit_code_yet(server: ForkServer) -> None:
    program = start(server, "wait")
    assert program.process.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        program.process.wait(0.1)


def test_forks_know_nothing_of_each_other(server: ForkServer) -> None:
    first, second = start(server, "wait"), start(server, "fail")
    assert second.process.wait(20) == 3
    assert first.process.poll() is None


def test_forks_and_their_children_end_with_the_group(server: ForkServer) -> None:
    program = start(server, "child", "wait")
    printed(program)
    found = marked(server.group.root)
    assert len(found) == 3
    server.group.close()
    assert program.process.returncode == -signal.SIGTERM
    assert all(gone(process.pid) for process in found)


def test_group_that_is_closed_while_the_server_loads_starts_nothing(group: Group) -> None:
    (group.root / "slow.py").write_text("import time; time.sleep(600)")
    env = {**os.environ, "PYTHONPATH": str(group.root)}
    server = ForkServer(group, "slow", env=env, cwd=group.root)
    with ThreadPoolExecutor() as pool:
        starting = pool.submit(start, server)
        group.close()
        with pytest.raises(StackError, match="airflow has ended"):
            starting.result(20)


def test_server_that_fails_is_reported_with_its_last_output(group: Group) -> None:
    (group.root / "broken.py").write_text("raise SystemExit('no such library')")
    env = {**os.environ, "PYTHONPATH": str(group.root)}
    server = ForkServer(group, "broken", env=env, cwd=group.root)
    with pytest.raises(StackError, match=r"(?s)airflow has ended.*no such library"):
        start(server)


def test_forks_of_a_server_that_was_killed_count_as_ended_and_leave_nothing(
    server: ForkServer,
) -> None:
    program = start(server, "wait")
    printed(program)
    os.kill(server.program.process.pid, signal.SIGKILL)
    server.program.process.wait(10)
    assert program in server.group.ended()
    server.group.close()
    assert gone(program.process.pid)


def test_answer_to_a_call_that_was_interrupted_is_not_taken_for_the_next(
    server: ForkServer,
) -> None:
    program = start(server, "fail")
    assert eventually(lambda: gone(program.process.pid))
    # As if Ctrl-C had come after the request.
    server._socket.sendall(json.dumps([0, {}]).encode() + b"\n")
    assert program.process.poll() == 3

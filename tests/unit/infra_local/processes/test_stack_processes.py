"""Programs of a stack end with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from infra.common.errors import StackError
from infra.common.paths import REPOSITORY
from infra.local.processes import group as groups
from infra.local.processes.group import Group, Program
from infra.local.processes.marks import marked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

# Starts a grandchild, in a session of its own if asked to, and prints its id.
PARENT = """
import subprocess, sys, time
child = subprocess.Popen(
    [sys.executable, "-c", "import time; time.sleep(600)"], start_new_session="own" in sys.argv
)
print(child.pid, flush=True)
time.sleep(600)
"""
STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("deaf", flush=True)
time.sleep(600)
"""


@pytest.fixture
def group(tmp_path: Path) -> Iterator[Group]:
    made = Group(tmp_path)
    yield made
    made.close()


def start(group: Group, code: str, *arguments: str) -> Program:
    command = [sys.executable, "-c", code, *arguments]
    program = group.start("program", command, env=dict(os.environ), cwd=group.root)
    program.wait_until(lambda: bool(program.log.read_text()), seconds=10)
    return program


def gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def eventually(holds: Callable[[], bool], seconds: float = 15) -> bool:
    deadline = time.monotonic() + seconds
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.05)
    return holds()


def test_child_ends_when_group_is_closed(group: Group) -> None:
    program = start(group, PARENT)
    group.close()
    assert gone(program.process.pid)


@pytest.mark.parametrize("how", ["shared", "own"])
def test_grandchild_ends_when_group_is_closed(group: Group, how: str) -> None:
    grandchild = int(start(group, PARENT, how).log.read_text())
    assert not gone(grandchild)
    group.close()
    assert gone(grandchild)


def test_child_that_ignores_the_signal_is_killed(
    group: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(groups, "_STOP_SECONDS", 0.3)
    program = start(group, STUBBORN)
    group.close()
    assert program.process.returncode == -signal.SIGKILL


def test_nothing_starts_in_a_closed_group(group: Group) -> None:
    group.close()
    with pytest.raises(StackError, match="stopping"):
        start(group, PARENT)


def test_program_that_ends_while_starting_is_reported_with_its_last_output(
    group: Group,
) -> None:
    program = group.start(
        "brief", [sys.executable, "-c", "exit('no such port')"], env={}, cwd=group.root
    )
    with pytest.raises(StackError, match=r"(?s)brief ended with 1.*no such port"):
        program.wait_until(lambda: False, seconds=10)


def test_processes_of_another_stack_are_left_alone(tmp_path: Path) -> None:
    mine, other = Group(tmp_path / "mine"), Group(tmp_path / "mine-too")
    for each in (mine, other):
        each.root.mkdir()
        start(each, PARENT)
    mine.close()
    alive = other.programs[0].process.poll() is None
    other.close()
    assert alive


def test_warden_ends_all_when_the_owner_is_killed(tmp_path: Path) -> None:
    owner = f"""
import sys, time
from pathlib import Path
from infra.local.processes.warden import guarded_group
root = Path({str(tmp_path)!r})
with guarded_group(root) as group:
    program = group.start("child", [sys.executable, "-c", {PARENT!r}, "own"], env={{}}, cwd=root)
    program.wait_until(lambda: bool(program.log.read_text()), seconds=10)
    print("ready", flush=True)
    time.sleep(600)
"""
    with subprocess.Popen(
        [sys.executable, "-c", owner], cwd=REPOSITORY, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        assert len(marked(tmp_path)) == 2
        process.kill()
    assert eventually(lambda: not marked(tmp_path))

"""Programs of a stack that end by themselves and are started again."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

import pytest

from infra.common.waiting import until
from infra.local.processes.group import Group, Program
from infra.local.processes.keeper import Keeper

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def group(tmp_path: Path) -> Iterator[Group]:
    made = Group(tmp_path)
    yield made
    made.close()


def start(group: Group, name: str, code: str) -> Program:
    return group.start(name, [sys.executable, "-c", code], env=dict(os.environ), cwd=group.root)


def keeper(group: Group, code: str) -> tuple[Keeper, list[str]]:
    """A keeper of the program "kept", and what it says."""
    said: list[str] = []
    return Keeper(group, {"kept": lambda: start(group, "kept", code)}, said.append), said


def test_program_that_ended_is_started_again_and_said_in_one_line(group: Group) -> None:
    first = start(group, "kept", "raise SystemExit(3)")
    kept, said = keeper(group, "import time; time.sleep(600)")
    with kept.watching():
        assert until(lambda: bool(said), seconds=20, poll=0.05)
    (second,) = group.programs
    assert (second.name, second.process.poll()) == ("kept", None)
    assert said == [f"kept ended with 3 and is started again (1 of 3 times). Its log: {first.log}"]
    # Who had seen it end before it was replaced goes on, too.
    assert kept.replaces(first)
    assert group.programs == [second]


def test_program_that_always_ends_is_left_after_three_more_starts(group: Group) -> None:
    start(group, "kept", "raise SystemExit(4)")
    kept, said = keeper(group, "raise SystemExit(5)")
    for _ in range(3):
        (last,) = group.programs
        last.process.wait(20)
        assert kept.replaces(last)
    (last,) = group.programs
    assert last.process.wait(20) == 5
    assert not kept.replaces(last)
    assert group.ended() == [last]
    assert [line.split(". ")[0] for line in said] == [
        f"kept ended with {code} and is started again ({times} of 3 times)"
        for times, code in enumerate((4, 5, 5), start=1)
    ]


def test_other_program_that_ends_is_left(group: Group) -> None:
    other = start(group, "other", "raise SystemExit(6)")
    kept, said = keeper(group, "")
    other.process.wait(20)
    with kept.watching():
        time.sleep(1.5)
    assert group.ended() == [other]
    assert not kept.replaces(other)
    assert said == []

"""The table of guards: it names what exists, its page agrees, and survivors are reported."""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from tests.mutants import document
from tests.mutants.guard import Edit, Guard, stale
from tests.mutants.rounds import try_all
from tests.mutants.table import GUARDS

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).parents[3]


def test_each_guard_names_text_that_occurs_once_and_tests_that_exist() -> None:
    missing = {guard.name: stale(guard, ROOT) for guard in GUARDS}
    assert {name: what for name, what in missing.items() if what} == {}


def test_no_test_of_a_guard_is_left_to_thorough_runs() -> None:
    for test in {test for guard in GUARDS for test in guard.tests}:
        file, name = test.partition("[")[0].split("::")[:2]
        code = (ROOT / file).read_text(encoding="utf-8")
        decorated, _, _ = code.partition(f"\ndef {name}(")
        assert "mark.thorough" not in decorated.rpartition("\n\n")[2], test


def test_guards_have_names_of_their_own() -> None:
    assert [
        name for name, times in Counter(guard.name for guard in GUARDS).items() if times > 1
    ] == []


def test_page_of_guards_is_as_their_table_has_it() -> None:
    page = (ROOT / document.PAGE).read_text(encoding="utf-8")
    assert page == document.page(GUARDS), "python -m tests.mutants --page writes it anew"


CODE = """
def half(n):
    if n % 2:
        raise ValueError(n)
    return n // 2
"""
TESTS = """
from code_under_test import half

def test_half():
    assert half(4) == 2

def test_odd():
    try:
        half(3)
    except ValueError:
        return
    raise AssertionError
"""


def guard(before: str, after: str, *tests: str, seconds: float = 60) -> Guard:
    named = tuple(f"test_code.py::{test}" for test in tests)
    return Guard(before, "a fault", (Edit("code_under_test.py", before, after),), named, seconds)


ODD = guard("raise ValueError(n)", "pass", "test_half", "test_odd")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository of one function and its tests."""
    folder = tmp_path / "repository"
    folder.mkdir()
    (folder / "code_under_test.py").write_text(CODE)
    (folder / "test_code.py").write_text(TESTS)
    (folder / "conftest.py").write_text("")
    (folder / "pytest.ini").write_text("[pytest]\npythonpath = .\n")
    return folder


def tried(guards: Sequence[Guard], root: Path, tmp_path: Path) -> tuple[int, list[str]]:
    """The exit code and what is said; nothing is left, and nothing is changed."""
    before = {path: path.read_bytes() for path in root.iterdir()}
    said: list[str] = []
    code = try_all(guards, root=root, workers=1, say=said.append, folder=tmp_path)
    assert {path: path.read_bytes() for path in root.iterdir()} == before
    assert list(tmp_path.iterdir()) == [root]
    return code, said


def test_guard_that_a_test_misses_is_killed_and_that_is_success(root: Path, tmp_path: Path) -> None:
    code, said = tried([ODD], root, tmp_path)
    assert code == 0
    assert said[1].startswith("killed    raise ValueError(n) (")
    assert said[1].endswith(" s): test_odd")
    assert said[2].startswith("1 mutants, 0 survivors, in ")


def test_survivor_timeout_and_stale_guard_are_reported_and_fail(root: Path, tmp_path: Path) -> None:
    same = guard("return n // 2", "return int(n / 2)", "test_half", "test_odd")
    hung = guard(
        "    if n % 2:", "    while n:\n        n = n or 1\n    if n % 2:", "test_half", seconds=3
    )
    broken = guard("def half(n):", "def half(n)", "test_half")
    gone = guard("return n / 2", "return n", "test_half")
    untested = guard("half", "HALF", "test_third")
    code, said = tried([same, hung, broken, gone, untested], root, tmp_path)
    assert code == 1
    verdicts = {line.split("\n")[0].split(" (")[0] for line in said[:-1]}
    assert verdicts >= {
        "SURVIVED  return n // 2",
        "TIMEOUT       if n % 2:",
        "BROKEN    def half(n):",
        "STALE     return n / 2: code_under_test.py has 0 times, not once: return n / 2",
    }
    assert said[-1].startswith("5 mutants, 5 survivors (2 STALE, ")


def test_interruption_ends_what_runs_and_leaves_nothing(root: Path, tmp_path: Path) -> None:
    hung = guard("    if n % 2:", "    while n:\n        n = n or 1\n    if n % 2:", "test_half")

    def say(text: str) -> None:
        if text.startswith("killed"):
            raise KeyboardInterrupt

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        try_all([ODD, hung], root=root, workers=2, say=say, folder=tmp_path)
    assert time.monotonic() - began < hung.seconds
    assert list(tmp_path.iterdir()) == [root]
    assert not [each for each in psutil.process_iter() if str(tmp_path) in str(_folder(each))]


def _folder(process: psutil.Process) -> str | None:
    with contextlib.suppress(psutil.Error):
        return process.cwd()
    return None


def test_test_that_fails_with_the_guard_in_its_place_proves_nothing(
    root: Path, tmp_path: Path
) -> None:
    (root / "test_code.py").write_text(TESTS.replace("== 2", "== 3"))
    code, said = tried([ODD], root, tmp_path)
    assert code == 1
    assert said[0].startswith("With every guard in its place, tests end as: failed\n")
    assert "FAILED test_code.py::test_half" in said[0]

"""What a guard is, and how it is removed from a copy of the code."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Edit:
    """One place of the code that a mutation changes.

    Attributes:
        file: path below the repository.
        before: text that the file has exactly once.
        after: the text of the mutant; empty if the guard is left out.
    """

    file: str
    before: str
    after: str


@dataclass(frozen=True)
class Guard:
    """A guard, the mutation that removes it, and the tests that then fail.

    Attributes:
        name: what people call it; no two have the same.
        keeps: the fault that it keeps out, in words.
        edits: the mutation.
        tests: pytest's ids, without parameters; each must pass on the code as it is, and one at
            least must fail on the mutant.
        seconds: how long they may take on the mutant; a mutant that hangs is not killed.
    """

    name: str
    keeps: str
    edits: tuple[Edit, ...]
    tests: tuple[str, ...]
    seconds: float = 120.0


def stale(guard: Guard, root: Path) -> str | None:
    """Say what a guard names that root does not have: a text exactly once, or a test."""
    for edit in guard.edits:
        found = _read(root, edit.file).count(edit.before)
        if found != 1:
            return f"{edit.file} has {found} times, not once: {one_line(edit.before)}"
    for test in guard.tests:
        file, _, name = test.partition("::")
        if not re.search(rf"^ *def {re.escape(name)}\(", _read(root, file), re.MULTILINE):
            return f"{file} has no test {name}"
    return None


def apply(guard: Guard, root: Path) -> None:
    """Remove a guard from root, which is a copy of the code."""
    for edit in guard.edits:
        text = _read(root, edit.file)
        (root / edit.file).write_text(text.replace(edit.before, edit.after), encoding="utf-8")


def one_line(text: str) -> str:
    """The text with each run of white space as one blank."""
    return " ".join(text.split())


def _read(root: Path, file: str) -> str:
    path = root / file
    return path.read_text(encoding="utf-8") if path.is_file() else ""

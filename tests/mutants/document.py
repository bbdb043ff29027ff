"""The page of guards, made from their table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.mutants.guard import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.mutants.guard import Edit, Guard

PAGE: Final = "docs/guards.md"
_HEAD: Final = """# Guards, and what dies without them

`make mutants` takes each of these guards out of a copy of the code, and runs the tests beside it: \
at least one must fail, within its time. `make mutants GUARD=lease` tries those with the word in \
their name. This page is made from [tests/mutants/table](../tests/mutants/table/__init__.py) by \
`python -m tests.mutants --page`; a test holds it to the table, and the table to the code.

| guard | keeps out | mutation | tests |
| --- | --- | --- | --- |
"""


def page(guards: Sequence[Guard]) -> str:
    """The page's text."""
    return _HEAD + "".join(f"{_row(guard)}\n" for guard in guards)


def _row(guard: Guard) -> str:
    mutation = "; ".join(_described(edit) for edit in guard.edits)
    tests = ", ".join(f"`{test.partition('::')[2]}`" for test in guard.tests)
    return f"| {guard.name} | {guard.keeps} | {mutation} | {tests} |"


def _described(edit: Edit) -> str:
    before, after = one_line(edit.before), one_line(edit.after)
    change = f"{_code(before)} becomes {_code(after)}" if after else f"{_code(before)} is left out"
    return f"[{edit.file.rpartition('/')[2]}](../{edit.file}): {change}"


def _code(text: str) -> str:
    escaped = text.replace("|", "\\|")
    return f"`` {escaped} ``" if "`" in text else f"`{escaped}`"

"""Files of people that are in no repository: who owns them, and which datasets read them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

NOBODY: Final = "_local"
"""The owner of such a file. No account of GitHub begins so, so that nobody can put another file
in its place."""


def datasets_of_nobody(folder: Path) -> list[str]:
    """Name the modules of a folder that declare a file of NOBODY, in order."""
    return sorted(path.stem for path in folder.glob("*.py") if _names_nobody(path))


def _names_nobody(module: Path) -> bool:
    return any(
        isinstance(node, ast.keyword)
        and node.arg == "owner"
        and isinstance(node.value, ast.Constant)
        and node.value.value == NOBODY
        for node in ast.walk(ast.parse(module.read_bytes()))
    )

"""Another GitHub for a stack under test."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from infra.common.paths import REPOSITORY
from infra.local.layout import SHIPPED_GITHUB
from infra.local.stand_ins.github import GitHubStandIn

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from infra.local.stack import Stack


@contextmanager
def other_github(stack: Stack, root: Path, fault: Any = None) -> Iterator[None]:
    """GitHub has what a folder has, or the fault, for as long as the context lasts."""
    port = urlsplit(stack.running.env["AIRFLOW__SLUICE__GITHUB_API_URL"]).port
    assert port
    (usual,) = (program for program in stack.group.programs if program.name == "github")
    stack.group.stop([usual])
    stack.group.programs.remove(usual)  # what has ended is looked into by whoever checks the stack
    try:
        with GitHubStandIn(root, port=port, fault=fault):
            yield
    finally:
        program = ["-m", "infra.local.stand_ins.github"]
        words = [*program, "--root", str(SHIPPED_GITHUB), "--port", str(port)]
        env = {"PYTHONPATH": str(REPOSITORY)}
        stack.group.start("github", [sys.executable, *words], env=env, cwd=REPOSITORY)

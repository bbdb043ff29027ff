"""Starts the stand-in for GitHub over a folder of versions."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from infra.common.errors import StackError
from infra.common.paths import REPOSITORY
from infra.local import ports
from infra.local.airflow.settings import inherited
from infra.local.layout import SHIPPED_GITHUB

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.local.airflow.settings import Options
    from infra.local.layout import Layout
    from infra.local.processes.group import Group


def start(group: Group, layout: Layout, options: Options, say: Callable[[str], None]) -> str | None:
    """Start the stand-in; returns its URL, or None if the stack reads from the real GitHub.

    What `make dataset` has copied is served whichever folder is.

    Raises:
        StackError: there is no such folder, or it does not start.
    """
    if options.live:
        say("reading from the real GitHub")
        return None
    if not options.github.is_dir():
        raise StackError(f"SLUICE_GITHUB_ROOT names no folder: {options.github}")
    port = ports.choose()
    arguments = ["--root", str(options.github.resolve()), "--beside", str(layout.own_files)]
    arguments += ["--port", str(port)]
    program = group.start(
        "github",
        [sys.executable, "-m", "infra.local.stand_ins.github", *arguments],
        env=inherited(),
        cwd=REPOSITORY,
    )
    url = f"http://{ports.HOST}:{port}"
    program.wait_until(lambda: ports.answers(f"{url}/healthz"), seconds=30)
    say(f"the GitHub stand-in serves {options.github}")
    return url


def root_from_environment() -> Path:
    """The folder that SLUICE_GITHUB_ROOT names, else the one that ships with the project."""
    return Path(os.environ.get("SLUICE_GITHUB_ROOT") or SHIPPED_GITHUB)

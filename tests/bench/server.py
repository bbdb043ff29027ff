"""Servers for the benchmarks alone, gone when they end."""

from __future__ import annotations

import os
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from infra.common.paths import LOCAL, REPOSITORY
from infra.local import aws as emulator
from infra.local import ports, postgres
from infra.local.layout import Layout
from infra.local.processes.warden import guarded_group
from infra.local.state import Secrets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.local.processes.group import Group

# The Python that has the other tools; infra/common/bootstrap.py makes it.
PEERS: Final = LOCAL / "venvs" / "peers" / "bin" / "python"


@dataclass(frozen=True, kw_only=True)
class Servers:
    """Postgres, and on demand what files that land in S3 need.

    Attributes:
        postgres: fresh.
        root: a folder for files.
        group: the programs that run.
    """

    postgres: postgres.Server
    root: Path
    group: Group

    @cached_property
    def aws(self) -> str:
        """URL of the AWS emulator, without any resource; starts it.

        Raises:
            StackError: it does not start.
        """
        return emulator.start(self.group, Layout(self.root)).endpoint

    @cached_property
    def sink(self) -> str:
        """URL of the server that counts rows and keeps none; starts it.

        Raises:
            StackError: it does not start.
        """
        port = ports.choose()
        command = [sys.executable, "-m", "tests.bench.sink", str(port)]
        program = self.group.start("sink", command, env=os.environ, cwd=REPOSITORY)
        url = f"http://{ports.HOST}:{port}"
        program.wait_until(lambda: ports.answers(url), seconds=30)
        return url


@contextmanager
def temporary_servers() -> Iterator[Servers]:
    """A fresh Postgres, and a folder for files; all gone at the end, on Ctrl-C as well.

    Raises:
        StackError: it does not start.
    """
    LOCAL.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=LOCAL) as folder:
        root = Path(folder)
        with guarded_group(root) as group:
            server = postgres.start(group, Layout(root), Secrets())
            yield Servers(postgres=server, root=root, group=group)

"""A Postgres server for the benchmarks alone, gone when they end."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from infra.local import postgres, processes
from infra.local.layout import LOCAL, Layout
from infra.local.state import Secrets

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def temporary_server() -> Iterator[tuple[postgres.Server, Path]]:
    """A fresh server, and a folder for files; both gone at the end, on Ctrl-C as well.

    Raises:
        StackError: it does not start.
    """
    LOCAL.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=LOCAL) as folder:
        root = Path(folder)
        # On SIGKILL nothing below runs: the warden then ends the server.
        warden = processes.watch(root)
        group = processes.Group(root)
        try:
            yield postgres.start(group, Layout(root), Secrets()), root
        finally:
            group.close()
            warden.communicate(b"all has ended\n")

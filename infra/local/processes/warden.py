"""Ends what a stack started when the stack's own process was killed: `warden ROOT PID`.

The warden holds the other end of a pipe. A line on it says that the stack has ended its programs
itself. If the pipe ends without a line, the warden ends them.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from infra.common.paths import REPOSITORY
from infra.local.layout import Layout
from infra.local.processes.group import Group
from infra.local.processes.leftovers import end_unheld, holder

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def guarded_group(root: Path) -> Iterator[Group]:
    """Give a group whose programs end with the context, and also if this process is killed.

    Arguments:
        root: the stack's folder.
    """
    warden = subprocess.Popen(
        [sys.executable, "-m", "infra.local.processes.warden", str(root), str(os.getpid())],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        with closing(Group(root)) as group:
            yield group
    finally:
        warden.communicate(b"all has ended\n")


def main() -> None:
    layout, killed = Layout(Path(sys.argv[1])), int(sys.argv[2])
    if not sys.stdin.readline():
        # A process that dies may close the pipe first and let go of the stack's lock later.
        while holder(layout) == killed:
            time.sleep(0.05)
        end_unheld(layout)


if __name__ == "__main__":
    main()

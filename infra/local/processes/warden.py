"""Ends what a stack started when the stack's own process was killed: `warden ROOT PID`.

Holds the other end of a pipe. A line on it says that the stack has ended by itself; its end
without one says that nobody is left to end anything.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from infra.common.paths import REPOSITORY
from infra.local.layout import Layout
from infra.local.processes.leftovers import end_unheld, holder


def watch(root: Path) -> subprocess.Popen[bytes]:
    """Start the warden that sweeps a stack when the one who called this dies without a word.

    The warden waits for the end of its standard input. A line on it says that all is well.
    """
    return subprocess.Popen(
        [sys.executable, "-m", "infra.local.processes.warden", str(root), str(os.getpid())],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def main() -> None:
    layout, killed = Layout(Path(sys.argv[1])), int(sys.argv[2])
    if not sys.stdin.readline():
        # A process that dies may close the pipe first and let go of the stack's lock later.
        while holder(layout) == killed:
            time.sleep(0.05)
        end_unheld(layout)


if __name__ == "__main__":
    main()

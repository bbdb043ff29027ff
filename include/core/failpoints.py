"""Named points at which a test may end the process, as a crash would.

A failpoint is armed by a file: SLUICE_FAILPOINTS names a folder, and a file in it named like the
failpoint kills the process that gets there first, once. In production the variable is unset and
a failpoint costs one look-up.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

VARIABLE = "SLUICE_FAILPOINTS"


def failpoint(name: str) -> None:
    """Die by SIGKILL if this failpoint is armed.

    Arguments:
        name: where we are, as pipeline or tool and side effect: "upsert.copied".
    """
    folder = os.environ.get(VARIABLE)
    if not folder:
        return
    try:
        Path(folder, name).unlink()
    except FileNotFoundError:
        return
    os.kill(os.getpid(), signal.SIGKILL)

"""The AWS emulator, which stops although someone still waits for a message.

Python, with the emulator's environment: `python -m infra.local.stand_ins.emulator`. By itself it
stops only when the last connection has been closed, and a trigger waits ten seconds for messages.
"""

from __future__ import annotations

import runpy
from asyncio.base_events import Server

from hypercorn.config import Config  # type: ignore[import-not-found] # of the emulator's environment

_GRACE_SECONDS = 0.3


async def _wait_for_none(self: Server) -> None:
    """Leave the connections to the server, which gives them its grace."""


if __name__ == "__main__":
    # From Python 3.12.1 on it waits for connections: https://github.com/python/cpython/issues/79033
    Server.wait_closed = _wait_for_none  # type: ignore[method-assign] # that is the point
    Config.graceful_timeout = _GRACE_SECONDS
    runpy.run_module("ministack", run_name="__main__", alter_sys=True)

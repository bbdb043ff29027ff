"""Servers that answer in a thread of their own."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from socketserver import TCPServer

    from typing_extensions import Self

_POLL_SECONDS = 0.02  # the end of a block waits for one poll


def serve_until_stopped(server: Served, said: str) -> None:
    """Say that a server is up, and serve until SIGTERM or SIGINT comes."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with server:
        print(said, flush=True)
        stop.wait()


class Served:
    """Serves while the `with` block lasts; who inherits makes the server before that."""

    _server: TCPServer

    @property
    def port(self) -> int:
        """Where it answers."""
        port: int = self._server.server_address[1]
        return port

    def __enter__(self) -> Self:
        self._serving = threading.Thread(target=self._server.serve_forever, args=(_POLL_SECONDS,))
        self._serving.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._serving.join()
        self._server.server_close()

"""Servers that answer in a thread of their own."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from socketserver import TCPServer

    from typing_extensions import Self

_POLL_SECONDS = 0.02  # the end of a block waits for one poll


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

"""A small real HTTP server whose answers a test writes itself, and a client for it."""

from __future__ import annotations

import socket
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from include.core.web.client import Download, Web
from infra.local.stand_ins.served import Served

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping
    from pathlib import Path


CSV = b"date,cases\n2020-12-01,5\n"
MAX_BYTES = 1_000_000


class FakeServer(Served):
    """Calls answer(handler) for every GET on 127.0.0.1 while the `with` block lasts.

    Attributes:
        url: http://127.0.0.1:<port>.
        seen: path with query and headers of each request, oldest first.
    """

    def __init__(
        self,
        answer: Callable[[BaseHTTPRequestHandler], None],
        *,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.seen: list[tuple[str, Mapping[str, str]]] = []
        seen = self.seen

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                seen.append((self.path, dict(self.headers.items())))
                answer(self)

            def log_message(self, *_: object) -> None:
                """Say nothing: what a test needs is in seen."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if tls:
            # The handshake belongs to a request's own thread, where its failure harms no other.
            self._server.socket = tls.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self._server.server_port}"


def send(
    handler: BaseHTTPRequestHandler,
    body: bytes = b"",
    *,
    status: int = 200,
    **headers: str,
) -> None:
    """Answers; underscores in the names of headers become hyphens."""
    handler.send_response(status)
    headers.setdefault("Content_Length", str(len(body)))
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(body)


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now, self.waits = 1_600_000_000.0, list[float]()

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


def web_for(url: str, *, clock: Clock | None = None, **options: Any) -> Web:
    clock = clock or Clock()
    return Web(
        hosts=(),
        stand_ins=(url,),
        sleep=clock.sleep,
        clock=lambda: clock.now,
        **{"request_seconds": 5, "retry_seconds": 0, **options},
    )


def answers(*answer: Callable[[Any], None]) -> FakeServer:
    """Gives one answer after the other, and the last one from then on."""
    left = list(answer)

    def answer_next(handler: BaseHTTPRequestHandler) -> None:
        following = left.pop(0) if len(left) > 1 else left[0]
        following(handler)

    return FakeServer(answer_next)


def ok(handler: BaseHTTPRequestHandler) -> None:
    send(handler, CSV)


def status(code: int, **headers: str) -> Callable[[BaseHTTPRequestHandler], None]:
    return lambda handler: send(handler, b"secret body", status=code, **headers)


def cut(handler: BaseHTTPRequestHandler) -> None:
    send(handler, CSV[:-3], Content_Length=str(len(CSV)))


def drop(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.shutdown(socket.SHUT_RDWR)


def fetch(server: FakeServer, target: Path, path: str = "/file.csv", **options: Any) -> Download:
    return web_for(server.url, **options).download(
        f"{server.url}{path}", to=target, max_bytes=MAX_BYTES
    )


def redirect(to: str, code: int = 302) -> Callable[[BaseHTTPRequestHandler], None]:
    return lambda handler: send(handler, b"moved", status=code, Location=to)

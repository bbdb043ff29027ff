"""Headers of every answer: nothing comes from another host, and no data is a script."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.datastructures import MutableHeaders

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

# https://developer.mozilla.org/en-US/docs/Web/HTTP/Guides/CSP
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
# What one viewer may see is nobody else's. Files are asked for again, with their tag.
_CACHED = "private, no-cache"
UNCHANGING = {"Cache-Control": "private, max-age=31536000, immutable"}
"""Of a file whose name tells what it holds: the browser never asks for it again."""


class SafeHeaders:
    """Middleware of ASGI that gives every answer the headers."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(_HEADERS)
                headers.setdefault("Cache-Control", _CACHED)
            await send(message)

        await self.app(scope, receive, send_with_headers)

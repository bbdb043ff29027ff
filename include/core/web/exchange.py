"""One HTTP request and its answer, cut off when its seconds are over.

The requests library sends it, by its adapter alone: what its Session would add is not wanted.
Proxies, certificates and passwords come from nowhere but the arguments (no HTTP_PROXY, no
REQUESTS_CA_BUNDLE, no .netrc), no cookie is kept, and no redirect is followed.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from include.core.web.origins import safe_address

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tenacity import RetryCallState

CHUNK_BYTES = 65_536
# For connecting alone, so that a host that drops packets fails while there is time to retry.
CONNECT_SECONDS = 10.0


class UnansweredError(Exception):
    """One attempt got no proper answer; another may.

    Attributes:
        problem: what happened, without address or content.
        not_before: seconds since the epoch before which the server wants no other attempt.
    """

    def __init__(self, problem: str, *, not_before: float | None = None) -> None:
        self.problem, self.not_before = problem, not_before
        super().__init__(problem)


def pause(
    state: RetryCallState, *, backoff: Callable[[RetryCallState], float], now: float
) -> float:
    """Seconds until the next attempt: as long as backing off asks, and no less than the server.

    Arguments:
        state: of tenacity, after an attempt that raised UnansweredError.
        backoff: a wait of tenacity.
        now: seconds since the epoch.
    """
    error = state.outcome.exception() if state.outcome else None
    not_before = error.not_before if isinstance(error, UnansweredError) else None
    return max(backoff(state), 0 if not_before is None else not_before - now)


class _TimeLimit:
    """Shuts down every connection of an exchange when its time is over.

    Timeouts of sockets begin anew with each byte, so a slow drip of header lines or body would
    never end by them.
    """

    def __init__(self) -> None:
        self.is_over = False
        self._sockets: list[socket.socket] = []

    def watch(self, opened: socket.socket) -> None:
        self._sockets.append(opened)
        if self.is_over:
            self.shut_down()

    def shut_down(self) -> None:
        self.is_over = True
        for opened in tuple(self._sockets):
            # Past TLS, whose own shutdown is not safe while another thread reads.
            with contextlib.suppress(OSError):  # it is closed already
                socket.socket.shutdown(opened, socket.SHUT_RDWR)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An answer whose body has not been read yet.

    Attributes:
        address: where it came from, safe to print.
        status: HTTP status code.
        headers: names in any case.
    """

    address: str
    status: int
    headers: Mapping[str, str]
    raw: Any
    time_limit: _TimeLimit

    def chunks(self) -> Iterator[bytes]:
        """The body as it arrives, not decoded; raises UnansweredError when it is cut."""
        # read1 gives what is there; read would wait for a whole chunk while bytes drip.
        while data := self.raw.read1(CHUNK_BYTES, decode_content=False):
            yield data
        if self.time_limit.is_over:
            raise UnansweredError("ran out of time")


@contextlib.contextmanager
def exchange(request: requests.PreparedRequest, *, seconds: float) -> Iterator[Answer]:
    """Sends a request and yields its answer; the connection is closed at the end.

    Arguments:
        request: a prepared request whose address may be fetched.
        seconds: for all of it, from connecting to the last byte of the body.

    Raises:
        UnansweredError: no connection, time over, connection reset, or a body shorter than
            announced; raised while the answer is read as well.
    """
    time_limit = _TimeLimit()
    timer = threading.Timer(max(seconds, 0), time_limit.shut_down)
    # A worker that ends does not wait for it.
    timer.daemon = True
    timer.start()
    adapter = _adapter(time_limit)
    timeout = (min(CONNECT_SECONDS, max(seconds, 0.001)), max(seconds, 0.001))
    try:
        with contextlib.closing(adapter.send(request, stream=True, timeout=timeout)) as response:
            yield Answer(
                address=safe_address(str(request.url)),
                status=response.status_code,
                headers=response.headers,
                raw=response.raw,
                time_limit=time_limit,
            )
    except (requests.RequestException, HTTPError) as error:
        # The cause's own text names the whole address, so it is left out of the traceback too.
        raise UnansweredError(_problem(error, time_limit)) from None
    finally:
        timer.cancel()
        adapter.close()


def _problem(error: Exception, time_limit: _TimeLimit) -> str:
    if time_limit.is_over or isinstance(error, requests.Timeout):
        return "ran out of time"
    if isinstance(error, requests.exceptions.SSLError):
        return "TLS could not be agreed on, or the certificate is not valid"
    return f"the connection failed or broke off ({type(error).__name__})"


def _adapter(time_limit: _TimeLimit) -> Any:
    class Plain(HTTPConnection):
        def connect(self) -> None:
            super().connect()
            time_limit.watch(self.sock)

    class Tls(HTTPSConnection):
        def connect(self) -> None:
            super().connect()
            time_limit.watch(self.sock)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class TlsPool(HTTPSConnectionPool):
        ConnectionCls = Tls

    # Retries are the client's: it knows the budget.
    adapter = HTTPAdapter(max_retries=0)
    adapter.poolmanager.pool_classes_by_scheme = {"http": PlainPool, "https": TlsPool}
    return adapter

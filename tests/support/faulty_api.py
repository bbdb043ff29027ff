"""An HTTP proxy before the emulator that breaks calls of batches as it is told.

What it does not refuse of a batch really goes to the emulator, and its answers are the real ones
with the refused entries put in. All other calls pass.
"""

from __future__ import annotations

import http.client
import json
import socket
import struct
import sys
import threading
from collections import Counter
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from typing_extensions import Self

from infra.local.stand_ins.served import Served
from tests.support.batch_calls import ENTRIES, NOTHING, entries_of, refuse, without

if TYPE_CHECKING:
    from collections.abc import Callable

# A socket that is closed with this does not say goodbye: the other side sees a reset.
_ABORT = struct.pack("ii", 1, 0)


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What happens to one call; nothing of it by default.

    Attributes:
        places: entries that are refused, by their place; the others reach the emulator.
        code, sender_fault: what a refused entry, or the call, gets.
        unheard: the refused entries stand nowhere in the answer.
        status: HTTP status of the whole call, of which nothing reaches the emulator.
        reset: the connection breaks "before" the emulator has the call, or "after" it.
    """

    places: tuple[int, ...] = ()
    code: str = "InternalError"
    sender_fault: bool = False
    unheard: bool = False
    status: int = 200
    reset: str = ""


NONE = Fault()
THROTTLED = Fault(status=400, code="ThrottlingException")


@dataclass(frozen=True)
class Call:
    """One call of a batch.

    Attributes:
        action: such as PutEvents.
        number: of the calls of this action, from 0.
        entries: its messages, statements, events or keys.
    """

    action: str
    number: int
    entries: list[Any]

    @property
    def rows(self) -> tuple[int, ...]:
        """Row numbers of messages."""
        numbers = (entry["MessageAttributes"]["row_number"] for entry in self.entries)
        return tuple(int(number["StringValue"]) for number in numbers)


class Proxy(Served):
    """Serves on a port of its own while the `with` block lasts."""

    @property
    def handler(self) -> type[Handler]:
        """What is done with each call."""
        raise NotImplementedError

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self.lock = threading.Lock()
        of_this = type("OfThis", (self.handler,), {"api": self})
        self._server = Server(("127.0.0.1", 0), of_this)
        return super().__enter__()


@dataclass
class FaultyApi(Proxy):
    """The proxy, while the `with` block lasts.

    Attributes:
        endpoint: URL of the emulator.
        decide: gives the fault of a call.
        calls: of batches, in the order of their arrival.
        fired: how many of them had a fault.
    """

    endpoint: str
    decide: Callable[[Call], Fault] = lambda _: NONE
    calls: list[Call] = field(default_factory=list)
    fired: int = 0
    numbers: Counter[str] = field(default_factory=Counter)  # of calls, by action

    @property
    def handler(self) -> type[Handler]:
        return _Handler

    def take(self, action: str, asked: dict[str, Any]) -> Fault:
        with self.lock:
            call = Call(action, self.numbers[action], entries_of(action, asked))
            self.numbers[action] += 1
            self.calls.append(call)
            fault = self.decide(call)
            self.fired += fault != NONE
        return fault


class Server(ThreadingHTTPServer):
    """Serves each connection in a thread of its own."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that have died."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """What proxies before the emulator do with calls: forward, answer, or break off."""

    protocol_version = "HTTP/1.1"
    api: Any

    def do_POST(self) -> None:
        self.carry_out()

    def carry_out(self) -> None:
        """Do what is to be done with a call."""
        raise NotImplementedError

    def forward(self, body: bytes) -> tuple[int, bytes]:
        """What the emulator says to a call."""
        parts = urlsplit(self.api.endpoint)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
        left_out = ("host", "content-length", "connection")
        headers = {k: v for k, v in self.headers.items() if k.lower() not in left_out}
        connection.request("POST", self.path, body=body, headers=headers)
        response = connection.getresponse()
        answer = response.status, response.read()
        connection.close()
        return answer

    def answer(self, status: int, body: bytes) -> None:
        """Answer the call."""
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def break_off(self) -> None:
        """End the connection by a reset, without an answer."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT)
        self.close_connection = True

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class _Handler(Handler):
    api: FaultyApi

    def carry_out(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        action = self.headers.get("X-Amz-Target", "").split(".")[-1]
        if action not in ENTRIES:
            self.answer(*self.forward(body))
            return
        asked = json.loads(body)
        fault = self.api.take(action, asked)
        if fault.reset == "before":
            self.break_off()
        elif fault.status != http.HTTPStatus.OK:
            error = {"__type": fault.code, "message": "try again"}
            self.answer(fault.status, json.dumps(error).encode())
        else:
            status, answer = self._carry_out(action, asked, fault)
            if fault.reset:
                self.break_off()
            else:
                self.answer(status, answer)

    def _carry_out(self, action: str, asked: dict[str, Any], fault: Fault) -> tuple[int, bytes]:
        rest = without(action, asked, fault.places)
        status, answer = http.HTTPStatus.OK.value, json.dumps(NOTHING[action]).encode()
        if rest:
            status, answer = self.forward(json.dumps(rest).encode())
        if status == http.HTTPStatus.OK and fault.places and not fault.unheard:
            whole = refuse(
                action,
                asked,
                json.loads(answer),
                fault.places,
                code=fault.code,
                sender_fault=fault.sender_fault,
            )
            answer = json.dumps(whole).encode()
        return status, answer

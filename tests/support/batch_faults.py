"""An HTTP proxy before SQS that breaks SendMessageBatch as it is told, and lets all else through.

The parts of a batch that it does not refuse really go to the queue, and its answers are the real
ones with the refused parts put in.
"""

from __future__ import annotations

import http.client
import json
import socket
import struct
import sys
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from typing_extensions import Self

if TYPE_CHECKING:
    from collections.abc import Callable

ACTION = "AmazonSQS.SendMessageBatch"
# A socket that is closed with this does not say goodbye: the other side sees a reset.
_ABORT = struct.pack("ii", 1, 0)


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What happens to one call; nothing of it by default.

    Attributes:
        places: entries that are refused, by their place; the others go to the queue.
        code, sender_fault: what a refused entry, or the call, gets.
        unheard: the refused entries stand nowhere in the answer.
        status: HTTP status of the whole call, of which nothing goes to the queue.
        reset: the connection breaks "before" the queue has the call, or "after" it.
    """

    places: tuple[int, ...] = ()
    code: str = "InternalError"
    sender_fault: bool = False
    unheard: bool = False
    status: int = 200
    reset: str = ""


NONE = Fault()


@dataclass
class Call:
    """One SendMessageBatch.

    Attributes:
        rows: the row number of each entry.
        taken: those that went to the queue.
        fault: what happened to it.
    """

    rows: tuple[int, ...]
    fault: Fault
    taken: tuple[int, ...] = ()


@dataclass
class Faults:
    """A proxy while the `with` block lasts.

    Attributes:
        endpoint: URL of the real SQS.
        decide: gives the fault of a call from its number (from 0) and its row numbers.
        calls: in the order of their arrival.
    """

    endpoint: str
    decide: Callable[[int, tuple[int, ...]], Fault] = lambda *_: NONE
    calls: list[Call] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def fired(self) -> int:
        """How many calls had a fault."""
        return sum(call.fault != NONE for call in self.calls)

    def __enter__(self) -> Self:
        proxy: Faults = self

        class Handler(_Handler):
            faults = proxy

        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def take(self, entries: list[dict[str, Any]]) -> Call:
        numbers = (entry["MessageAttributes"].get("row_number", {}) for entry in entries)
        rows = tuple(int(number.get("StringValue", 0)) for number in numbers)
        with self._lock:
            call = Call(rows, self.decide(len(self.calls), rows))
            self.calls.append(call)
        return call


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that have died."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    faults: Faults

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("X-Amz-Target") != ACTION:
            self._answer(*self._forward(body))
            return
        request = json.loads(body)
        entries = request["Entries"]
        call = self.faults.take(entries)
        fault = call.fault
        if fault.reset == "before":
            self._break_off()
        elif fault.status != http.HTTPStatus.OK:
            error = {"__type": f"com.amazonaws.sqs#{fault.code}", "message": "try again"}
            self._answer(fault.status, json.dumps(error).encode())
        else:
            status, answer = self._send(request, entries, call)
            if fault.reset:
                self._break_off()
            else:
                self._answer(status, answer)

    def _send(
        self, request: dict[str, Any], entries: list[dict[str, Any]], call: Call
    ) -> tuple[int, bytes]:
        fault = call.fault
        good = [entry for place, entry in enumerate(entries) if place not in fault.places]
        status, answer = http.HTTPStatus.OK.value, b"{}"
        if good:
            status, answer = self._forward(json.dumps({**request, "Entries": good}).encode())
        if status != http.HTTPStatus.OK:
            return status, answer
        call.taken = tuple(row for place, row in enumerate(call.rows) if place not in fault.places)
        told = json.loads(answer)
        refused = [
            {"Id": entries[place]["Id"], "Code": fault.code, "SenderFault": fault.sender_fault}
            for place in fault.places
        ]
        if refused and not fault.unheard:
            told["Failed"] = [*told.get("Failed", []), *refused]
        return status, json.dumps(told).encode()

    def _forward(self, body: bytes) -> tuple[int, bytes]:
        parts = urlsplit(self.faults.endpoint)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
        left_out = ("host", "content-length", "connection")
        headers = {k: v for k, v in self.headers.items() if k.lower() not in left_out}
        connection.request("POST", self.path, body=body, headers=headers)
        response = connection.getresponse()
        answer = response.status, response.read()
        connection.close()
        return answer

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _break_off(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT)
        self.close_connection = True

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

"""A proxy before the emulator: part of a batch fails, calls are throttled, answers get lost.

What a fate refuses does not reach the emulator; all else does.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Self

ENTRIES = {"BatchExecuteStatement": "Statements", "PutEvents": "Entries", "BatchGetItem": None}


@dataclass(frozen=True)
class Call:
    """One call of an API.

    Attributes:
        action: such as PutEvents.
        number: of the calls of this action, from 0.
        entries: what it has of statements, events or keys.
        table: whose keys.
    """

    action: str
    number: int
    entries: list[Any]
    table: str = ""


@dataclass(frozen=True)
class Fate:
    """What becomes of a call.

    Attributes:
        refused: places of the entries that fail.
        code: what they fail with.
        throttled: the whole call fails with ThrottlingException.
        answer_lost: the call is carried out and its answer is not.
    """

    refused: tuple[int, ...] = ()
    code: str = "ThrottlingError"
    throttled: bool = False
    answer_lost: bool = False


PASS = Fate()


@dataclass
class FaultyApi:
    """The proxy; use it as a context manager.

    Attributes:
        endpoint: URL of the emulator.
        decide: what becomes of each call of an action in ENTRIES.
        calls: what was called.
        url: of the proxy.
    """

    endpoint: str
    decide: Callable[[Call], Fate]
    calls: list[Call] = field(default_factory=list)
    url: str = ""

    def __enter__(self) -> Self:
        proxy = self
        numbers: Counter[str] = Counter()
        lock = threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                action = self.headers.get("X-Amz-Target", "").split(".")[-1]
                fate = PASS
                if action in ENTRIES:
                    asked = json.loads(body)
                    with lock:
                        table = next(iter(asked.get("RequestItems", {})), "")
                        call = Call(action, numbers[action], _entries(action, asked), table)
                        numbers[action] += 1
                        proxy.calls.append(call)
                        fate = proxy.decide(call)
                    body = _without(action, asked, fate)
                if fate.throttled:
                    self._answer(400, {"__type": "ThrottlingException", "message": "slow down"})
                    return
                status, answer = 200, _empty(action)
                if body:
                    status, answer = proxy._forward(dict(self.headers), body)
                if fate.answer_lost:
                    self.close_connection = True
                    return
                if fate.refused:
                    answer = _with_refused(action, answer, fate, call)
                self._answer(status, answer)

            def _answer(self, status: int, answer: Any) -> None:
                data = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/x-amz-json-1.0")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _forward(self, headers: dict[str, str], body: bytes) -> tuple[int, Any]:
        place = urlsplit(self.endpoint)
        connection = HTTPConnection(str(place.hostname), place.port, timeout=60)
        try:
            connection.request("POST", "/", body, {**headers, "Content-Length": str(len(body))})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()


def _entries(action: str, asked: dict[str, Any]) -> list[Any]:
    name = ENTRIES[action]
    if name:
        return list(asked[name])
    (request,) = asked["RequestItems"].values()
    return list(request["Keys"])


def _without(action: str, asked: dict[str, Any], fate: Fate) -> bytes:
    """The call without what is refused; nothing if that is all of it."""
    entries = _entries(action, asked)
    kept = [entry for place, entry in enumerate(entries) if place not in fate.refused]
    if not kept:
        return b""
    name = ENTRIES[action]
    if name:
        return json.dumps({**asked, name: kept}).encode()
    ((table, request),) = asked["RequestItems"].items()
    return json.dumps({**asked, "RequestItems": {table: {**request, "Keys": kept}}}).encode()


def _empty(action: str) -> dict[str, Any]:
    if action == "PutEvents":
        return {"FailedEntryCount": 0, "Entries": []}
    return {"Responses": [] if action == "BatchExecuteStatement" else {}}


def _with_refused(action: str, answer: Any, fate: Fate, call: Call) -> dict[str, Any]:
    if action == "BatchGetItem":
        left = [call.entries[place] for place in fate.refused if place < len(call.entries)]
        return {**answer, "UnprocessedKeys": {call.table: {"Keys": left}} if left else {}}
    name = "Entries" if action == "PutEvents" else "Responses"
    said = iter(answer[name])
    if action == "PutEvents":
        refusal: dict[str, Any] = {"ErrorCode": fate.code, "ErrorMessage": "secret"}
    else:
        refusal = {"Error": {"Code": fate.code, "Message": "secret"}}
    merged = [
        refusal if place in fate.refused else next(said) for place in range(len(call.entries))
    ]
    return {**answer, name: merged, "FailedEntryCount": len(fate.refused)}

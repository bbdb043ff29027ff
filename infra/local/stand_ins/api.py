"""A stand-in for HTTP APIs that want a key: the current weather, and payments.

    python -m infra.local.stand_ins.api --port 41234

Standard library alone: it starts before anything is installed in its environment. The keys are in
its environment, since others see a command line: SLUICE_STAND_IN_KEYS='{"<host>": "<key>"}'.

    GET /{host of the API}/{path}?{query}     as the API answers; 401 without the right key
    GET /_stand_in                            the clock, the fault, the last requests, as JSON
    POST /_stand_in {"now": "2020-12-05T08:07:00Z"}    sets the clock, which then stands; null: free
    POST /_stand_in {"fault": {"kind": "status", "status": 429, "times": 3}}    null: none
    POST /_stand_in {"records": 101}          how many an hour has in a list; null: as usual
    GET /healthz
"""

from __future__ import annotations

import argparse
import json
import os
import threading
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from infra.local.stand_ins.api_faults import HTML, Fault, change
from infra.local.stand_ins.openweather import OpenWeather
from infra.local.stand_ins.served import Served, serve_until_stopped
from infra.local.stand_ins.square import Square

if TYPE_CHECKING:
    from collections.abc import Mapping

KEYS: Final = "SLUICE_STAND_IN_KEYS"
"""The variable with the keys: JSON, host of an API to its key."""
CONTROL: Final = "/_stand_in"
JSON_TYPE: Final = "application/json; charset=utf-8"
_APIS: Final = {api.host: api for api in (OpenWeather(), Square())}
_SHOWN_REQUESTS: Final = 100
_ENDLESS: Final = "endless-"


@dataclass(frozen=True)
class Reply:
    """An answer.

    Attributes:
        status: of HTTP.
        body: its bytes.
        content_type: of the body.
        headers: beside those of every answer.
        sent: how many bytes of the body are sent, where not all of them are.
        pause: seconds between two bytes, where they come slowly.
    """

    status: int
    body: bytes
    content_type: str = JSON_TYPE
    headers: Mapping[str, str] = field(default_factory=dict)
    sent: int | None = None
    pause: float = 0.0


class ApiStandIn(Served):
    """Serves APIs on 127.0.0.1 while the `with` block lasts.

    Arguments:
        keys: host of an API to its key; one without a key lets nobody in.
        port: 0 takes a free one.

    Attributes:
        url: http://127.0.0.1:<port>.
        now: its clock; None for the real one.
        fault: how answers go wrong; None for not at all.
        records: how many records an hour has in APIs that list some; None for as many as usual.
        requests: "GET /host/path?query" of every request to an API, without keys, oldest first.
    """

    def __init__(self, keys: Mapping[str, str], port: int = 0) -> None:
        self.keys = dict(keys)
        self.now: datetime | None = None
        self.fault: Fault | None = None
        self.records: int | None = None
        self.requests: list[str] = []
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", port), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def reply(self, target: str, headers: Mapping[str, str]) -> Reply | None:
        """The answer to a GET, with what is wrong with it; None for none at all.

        Arguments:
            target: path and query.
            headers: their names in small letters.
        """
        parts = urlsplit(target)
        if parts.path == "/healthz":
            return Reply(200, b"ok", "text/plain")
        if parts.path == CONTROL:
            return self._state()
        host, _, path = parts.path.lstrip("/").partition("/")
        if host not in _APIS:
            return _refused(404, f"the stand-in knows {', '.join(_APIS)}, each as /<host>/<path>")
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        public = urlencode(_APIS[host].public(query))
        fault = self._noted(f"GET {parts.path}{'?' if public else ''}{public}")
        if fault and fault.kind == "drop":
            return None
        if fault and fault.kind == "status":
            wait = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
            return Reply(fault.status, _json(_APIS[host].error(fault.status)), headers=wait)
        return self._answer(_APIS[host], f"/{path}", query, headers, fault)

    def _answer(
        self,
        api: OpenWeather | Square,
        path: str,
        query: dict[str, str],
        headers: Mapping[str, str],
        fault: Fault | None,
    ) -> Reply:
        key = self.keys.get(api.host)
        if not key or api.key(query, headers) != key:
            return Reply(401, _json(api.error(401)))
        if query.get("cursor", "").startswith(_ENDLESS):
            del query["cursor"]
        now = self.now or datetime.now(timezone.utc)
        status, body = api.answer(path, query, now.replace(microsecond=0), self.records)
        if fault is None or status != 200:  # noqa: PLR2004 - HTTP OK
            return Reply(status, _json(body))
        if fault.kind == "endless":
            body["cursor"] = f"{_ENDLESS}{len(self.requests)}"
        return _faulty(api, body, fault)

    def told(self, body: bytes) -> Reply:
        """Do what a POST says; an answer with the new state, or with what it does not say."""
        try:
            given = json.loads(body)
            if not isinstance(given, dict) or not set(given) <= {"now", "fault", "records"}:
                raise ValueError("an object of now, fault and records is wanted")  # noqa: TRY301 - one answer for all
            with self._lock:
                if "now" in given:
                    self.now = _moment(given["now"])
                if "fault" in given:
                    self.fault = None if given["fault"] is None else Fault.of(given["fault"])
                if "records" in given:
                    self.records = None if given["records"] is None else int(given["records"])
        except (ValueError, TypeError) as error:
            return _refused(400, str(error))
        return self._state()

    def _state(self) -> Reply:
        with self._lock:
            state = {
                "now": self.now.strftime("%Y-%m-%dT%H:%M:%SZ") if self.now else None,
                "fault": asdict(self.fault) if self.fault else None,
                "records": self.records,
                "requests": self.requests[-_SHOWN_REQUESTS:],
            }
        return Reply(200, _json(state) + b"\n")

    def _noted(self, seen: str) -> Fault | None:
        """Remember a request, and take what goes wrong with its answer."""
        with self._lock:
            self.requests.append(seen)
            fault = self.fault
            if fault is None or fault.match not in seen:
                return None
            if fault.times is not None:
                self.fault = replace(fault, times=fault.times - 1) if fault.times > 1 else None
            return fault


def _faulty(api: OpenWeather | Square, body: dict[str, Any], fault: Fault) -> Reply:
    """An answer that would be right but for a fault."""
    if fault.kind == "html":
        return Reply(200, HTML, "text/html; charset=utf-8")
    for record in api.records_of(body):
        change(record, fault, api.field)
    whole = _json(body)
    if fault.kind == "cut":
        return Reply(200, whole[: len(whole) // 2])
    if fault.kind == "short":
        return Reply(200, whole, sent=len(whole) // 2)
    return Reply(200, whole, pause=fault.pause if fault.kind == "slow" else 0.0)


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return moment.replace(tzinfo=moment.tzinfo or timezone.utc).astimezone(timezone.utc)


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _refused(status: int, why: str) -> Reply:
    return Reply(status, _json({"stand_in": why}))


def _handler(stand_in: ApiStandIn) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30

        def do_GET(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            reply = stand_in.reply(self.path, headers)
            if reply is None:
                self.close_connection = True
                return
            # A caller that had enough has gone.
            with suppress(BrokenPipeError, ConnectionResetError):
                self._send(reply)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            is_control = urlsplit(self.path).path == CONTROL
            self._send(stand_in.told(body) if is_control else _refused(404, f"POST {CONTROL}"))

        def _send(self, reply: Reply) -> None:
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Type", reply.content_type)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            body = reply.body[: reply.sent]
            step = 1 if reply.pause else max(len(body), 1)
            for place in range(0, len(body), step):
                self.wfile.write(body[place : place + step])
                self.wfile.flush()
                time.sleep(reply.pause)
            self.close_connection |= reply.sent is not None

        def send_error(
            self,
            code: int,
            message: str | None = None,  # noqa: ARG002 - it quotes a line that may hold a key
            explain: str | None = None,  # noqa: ARG002 - as above
        ) -> None:
            """Refuse what is no request, without its text."""
            super().send_error(code)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the base class
            """Write nothing: a request line may hold a key."""

    return Handler


def main() -> None:
    parser = argparse.ArgumentParser(description="Answer as some APIs do that want a key.")
    parser.add_argument("--port", type=int, required=True, help="on 127.0.0.1; 0 takes a free one")
    options = parser.parse_args()
    stand_in = ApiStandIn(json.loads(os.environ[KEYS]), options.port)
    serve_until_stopped(stand_in, f"API stand-in: {stand_in.url} serves {', '.join(_APIS)}")


if __name__ == "__main__":
    main()

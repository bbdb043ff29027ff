"""MWAA on 127.0.0.1: the two calls that deploying makes of it, before an Airflow of the test's.

Errors are worded as MWAA words them, paths longer than it takes are refused.
https://docs.aws.amazon.com/mwaa/latest/API/API_InvokeRestApi.html
"""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
import requests
from botocore.config import Config

from infra.local.stand_ins.served import Served

if TYPE_CHECKING:
    from collections.abc import Callable

    # Method, path, query and body to status and answer.
    Airflow = Callable[[str, str, dict[str, Any] | None, Any], tuple[int, Any]]

_LONGEST_PATH = 64


def forward(url: str) -> Airflow:
    """Carry calls to the Airflow that answers at a URL, as administrator."""
    session = requests.Session()
    session.trust_env = False

    def call(method: str, path: str, query: dict[str, Any] | None, body: Any) -> tuple[int, Any]:
        token = session.get(f"{url}/auth/token", timeout=30).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        answer = session.request(
            method, f"{url}/api/v2{path}", params=query, json=body, headers=headers, timeout=30
        )
        return answer.status_code, answer.json()

    return call


class MwaaStandIn(Served):
    """Serves one environment for as long as the `with` block lasts.

    Arguments:
        environment: what GetEnvironment says of it; Status is set from states.
        states: told one after the other, the last one for ever.
        airflow: answers what InvokeRestApi carries.
        also: what else GetEnvironment says, asked each time.

    Attributes:
        url: http://127.0.0.1:<port>.
        asked: method and path of each call that reached Airflow.
        denied: whether IAM refuses who asks Airflow.
    """

    def __init__(
        self,
        environment: dict[str, Any],
        airflow: Airflow,
        *,
        states: tuple[str, ...] = ("AVAILABLE",),
        also: Callable[[], dict[str, Any]] = dict,
    ) -> None:
        self.environment = environment
        self.asked: list[tuple[str, str]] = []
        self.denied = False
        self._airflow = airflow
        self._also = also
        self._states = list(states)
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                stand_in._get_environment(self)

            def do_POST(self) -> None:
                stand_in._invoke(self)

            def log_message(self, *_: object) -> None:
                """Say nothing: what a test needs is in asked."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def client(self) -> Any:
        """A boto3 client of it, without the host names that MWAA has for its two sides."""
        return boto3.client(
            "mwaa",
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",  # noqa: S106 -- it is not checked
            config=Config(inject_host_prefix=False, retries={"max_attempts": 1}),
        )

    def _get_environment(self, handler: BaseHTTPRequestHandler) -> None:
        name = urlsplit(handler.path).path.removeprefix("/environments/")
        environment = {**self.environment, **self._also()}
        if name != environment["Name"]:
            _refuse(handler, 404, "ResourceNotFoundException", message=f"{name} not found")
            return
        status = self._states.pop(0) if len(self._states) > 1 else self._states[0]
        _send(handler, 200, {"Environment": {**environment, "Status": status}})

    def _invoke(self, handler: BaseHTTPRequestHandler) -> None:
        call = json.loads(handler.rfile.read(int(handler.headers["Content-Length"])))
        path = str(call["Path"])
        if self.denied:
            _refuse(handler, 403, "AccessDeniedException", Message="not authorized")
            return
        if len(path) > _LONGEST_PATH:
            _refuse(handler, 400, "ValidationException", message=f"path too long: {path}")
            return
        self.asked.append((call["Method"], path))
        status, answer = self._airflow(
            call["Method"], path, call.get("QueryParameters"), call.get("Body")
        )
        told = {"RestApiStatusCode": status, "RestApiResponse": answer}
        if status < 400:
            _send(handler, 200, told)
        else:
            side = "Server" if status >= 500 else "Client"
            _refuse(handler, 400, f"RestApi{side}Exception", **told)


def _refuse(handler: BaseHTTPRequestHandler, status: int, code: str, **told: Any) -> None:
    _send(handler, status, told, code=code)


def _send(handler: BaseHTTPRequestHandler, status: int, told: Any, *, code: str = "") -> None:
    body = json.dumps(told).encode()
    handler.send_response(status)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(body)))
    if code:
        handler.send_header("x-amzn-ErrorType", code)
    handler.end_headers()
    handler.wfile.write(body)

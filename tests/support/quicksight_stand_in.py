"""QuickSight as far as ingestions go, which the emulator has not, by its paths over HTTP.

https://docs.aws.amazon.com/quicksight/latest/APIReference/API_CreateIngestion.html
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from infra.local.stand_ins.served import Served

_PATH = re.compile(
    r"/accounts/(?P<account>\d{12})/data-sets/(?P<data_set>[\w-]+)/ingestions/(?P<id>[\w-]+)"
)


class QuickSightStandIn(Served):
    """Takes ingestions of data sets while the `with` block lasts.

    Attributes:
        url: where it answers.
        data_sets: ids of those that there are.
        ends: how an ingestion ends, after it was looked at once while it ran.
        ingestions: ids of those that were started, oldest first, by data set.
    """

    def __init__(self, *data_sets: str) -> None:
        self.data_sets = set(data_sets)
        self.ends = "COMPLETED"
        self.ingestions: dict[str, list[str]] = defaultdict(list)
        self._looked: set[str] = set()
        quicksight = self

        class Handler(BaseHTTPRequestHandler):
            def do_PUT(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                self._answer(*quicksight.create(self.path))

            def do_GET(self) -> None:
                self._answer(*quicksight.describe(self.path))

            def log_message(self, *_: object) -> None:
                """Say nothing: what a test needs is in ingestions."""

            def _answer(self, status: int, body: dict[str, Any], error: str = "") -> None:
                text = json.dumps(body).encode()
                self.send_response(status)
                if error:
                    self.send_header("x-amzn-ErrorType", error)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def create(self, path: str) -> tuple[int, dict[str, Any], str]:
        """Start an ingestion, unless its data set is not there or its id was given before."""
        data_set, ingestion = self._named(path)
        self.ingestions[data_set].append(ingestion)
        if data_set not in self.data_sets:
            return 404, {"Message": f"no data set {data_set}"}, "ResourceNotFoundException"
        if self.ingestions[data_set].count(ingestion) > 1:
            return 409, {"Message": f"ingestion {ingestion} exists"}, "ResourceExistsException"
        return 201, {"IngestionId": ingestion, "IngestionStatus": "INITIALIZED"}, ""

    def describe(self, path: str) -> tuple[int, dict[str, Any], str]:
        """Say how far an ingestion is: it runs, then it has ended."""
        data_set, ingestion = self._named(path)
        if ingestion not in self.ingestions[data_set]:
            return 404, {"Message": f"no ingestion {ingestion}"}, "ResourceNotFoundException"
        status = self.ends if ingestion in self._looked else "RUNNING"
        self._looked.add(ingestion)
        found: dict[str, Any] = {"IngestionId": ingestion, "IngestionStatus": status}
        if status == "FAILED":
            found["ErrorInfo"] = {"Type": "DATA_SOURCE_AUTH_FAILED", "Message": "no way in"}
        return 200, {"Ingestion": found}, ""

    def _named(self, path: str) -> tuple[str, str]:
        found = _PATH.fullmatch(path)
        assert found is not None, path
        return found["data_set"], found["id"]

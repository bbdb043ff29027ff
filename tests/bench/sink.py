"""A server that accepts calls of SQS, DynamoDB and Kinesis, counts their rows and keeps none.

The emulator keeps all rows and is slow; this server has room for a million. It knows
SendMessageBatch, BatchExecuteStatement, BatchGetItem and PutRecords in their JSON protocols, and
answers each with success. GET returns the counts.
"""

from __future__ import annotations

import json
import sys
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from include.pipelines.csv_upload_to_dynamodb.items import FILE_VERSION
from infra.local.ports import HOST

if TYPE_CHECKING:
    from collections.abc import Callable


class Counted:
    """What the server has received.

    Attributes:
        rows: by action.
        version: FILE_VERSION of the last item; every item that is asked for has it.
    """

    def __init__(self) -> None:
        self.rows: Counter[str] = Counter()
        self.version: dict[str, str] = {}
        self._lock = threading.Lock()

    def count(self, action: str, rows: int) -> None:
        with self._lock:
            self.rows[action] += rows


def _take_messages(request: dict[str, Any], counted: Counted) -> dict[str, Any]:
    entries = request["Entries"]
    counted.count("messages", len(entries))
    return {"Successful": [{"Id": entry["Id"], "MessageId": entry["Id"]} for entry in entries]}


def _take_items(request: dict[str, Any], counted: Counted) -> dict[str, Any]:
    statements = request["Statements"]
    counted.count("items", len(statements))
    counted.version = statements[-1]["Parameters"][-1]
    return {"Responses": [{} for _ in statements]}


def _give_items(request: dict[str, Any], counted: Counted) -> dict[str, Any]:
    ((table, asked),) = request["RequestItems"].items()
    counted.count("keys", len(asked["Keys"]))
    found = [{**key, FILE_VERSION: counted.version} for key in asked["Keys"]]
    return {"Responses": {table: found}, "UnprocessedKeys": {}}


def _take_records(request: dict[str, Any], counted: Counted) -> dict[str, Any]:
    records = request["Records"]
    counted.count("records", len(records))
    taken = {"SequenceNumber": "1", "ShardId": "shardId-000000000000"}
    return {"FailedRecordCount": 0, "Records": [taken] * len(records)}


_ACTIONS: dict[str, Callable[[dict[str, Any], Counted], dict[str, Any]]] = {
    "AmazonSQS.SendMessageBatch": _take_messages,
    "DynamoDB_20120810.BatchExecuteStatement": _take_items,
    "DynamoDB_20120810.BatchGetItem": _give_items,
    "Kinesis_20131202.PutRecords": _take_records,
}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Else the second part of an answer waits until the first is acknowledged.
    disable_nagle_algorithm = True
    wbufsize = -1
    counted = Counted()

    def do_GET(self) -> None:
        self._answer(self.counted.rows)

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self._answer(_ACTIONS[self.headers["X-Amz-Target"]](request, self.counted))

    def _answer(self, answer: Any) -> None:
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing of calls."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True


if __name__ == "__main__":
    _Server((HOST, int(sys.argv[1])), _Handler).serve_forever()

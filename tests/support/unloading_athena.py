"""An HTTP proxy before the emulator's Athena that can UNLOAD, which the emulator cannot.

The statement inside really runs on the emulator, over the tables of its Glue. Its rows are then
written to where the statement says, as Parquet in the columns' types, as Athena documents it:
nothing where there is no row, and a failure where something is there already.
https://docs.aws.amazon.com/athena/latest/ug/unload.html
"""

from __future__ import annotations

import http
import json
import re
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.support.clients import client
from tests.support.faulty_api import Handler, Proxy

if TYPE_CHECKING:
    from collections.abc import Mapping

_UNLOAD = re.compile(
    r"\s*unload \((?P<query>.*)\) to 's3://(?P<bucket>[^/']+)/(?P<prefix>[^']+/)'\s+"
    r"with \(format = 'PARQUET', compression = 'ZSTD'\)\s*",
    re.DOTALL | re.IGNORECASE,
)
_TYPES = {"decimal": "decimal(38, 10)"}
_FINAL = ("SUCCEEDED", "FAILED", "CANCELLED")


@dataclass
class UnloadingAthena(Proxy):
    """The proxy, while the `with` block lasts.

    Attributes:
        endpoint: URL of the emulator.
        keys: who asks, as the environment has it, where the emulator checks signatures: what comes
            through here has another body and host than was signed.
        statements: what it was asked to run, oldest first.
        failures: why the next queries fail, the first for the next; they run no more.
        hanging: queries run for ever.
        stopped: queries that it was told to stop.
    """

    endpoint: str
    keys: Mapping[str, str] = field(default_factory=dict)
    statements: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    hanging: bool = False
    stopped: list[str] = field(default_factory=list)
    ended: dict[str, dict[str, str]] = field(default_factory=dict)  # status by query

    @property
    def handler(self) -> type[Handler]:
        return _Handler

    def start(self, query_id: str, bucket: str, prefix: str) -> None:
        """Write the rows of a query to where they belong."""
        status = self.wait(query_id)
        if status["State"] == "SUCCEEDED":
            s3 = client("s3", self.endpoint)
            if s3.list_objects_v2(Bucket=bucket, Prefix=prefix)["KeyCount"]:
                reason = f"HIVE_PATH_ALREADY_EXISTS: s3://{bucket}/{prefix}"
                status = {"State": "FAILED", "StateChangeReason": reason}
            else:
                self._write(query_id, bucket, prefix)
        self.ended[query_id] = status

    def wait(self, query_id: str) -> dict[str, str]:
        athena = client("athena", self.endpoint)
        while True:
            answer = athena.get_query_execution(QueryExecutionId=query_id)
            status: dict[str, str] = answer["QueryExecution"]["Status"]
            if status["State"] in _FINAL:
                return {name: str(value) for name, value in status.items()}
            time.sleep(0.05)

    def _write(self, query_id: str, bucket: str, prefix: str) -> None:
        athena = client("athena", self.endpoint)
        rows: list[list[str | None]] = []
        pages = athena.get_paginator("get_query_results").paginate(QueryExecutionId=query_id)
        for page in pages:
            columns = page["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
            rows += [
                [c.get("VarCharValue") for c in row["Data"]] for row in page["ResultSet"]["Rows"]
            ]
        del rows[0]  # the names
        for number, half in enumerate((rows[::2], rows[1::2])):
            if half:
                name = f"{query_id}_{number}.zst"
                self._put(columns, half, bucket, f"{prefix}{name}")

    def _put(
        self, columns: list[dict[str, str]], rows: list[list[str | None]], bucket: str, key: str
    ) -> None:
        """Write some of the rows as a file; the names in lower case, as Athena writes them."""
        casts = ", ".join(
            f"cast(row[{place}] as {_TYPES.get(column['Type'], column['Type'])}) "
            f'as "{column["Name"].lower()}"'
            for place, column in enumerate(columns, 1)
        )
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "rows.parquet")
            duckdb.connect().execute(
                f"copy (select {casts} from (select unnest($rows::varchar[][]) as row)) "
                f"to '{path}' (format parquet, compression zstd)",
                {"rows": rows},
            )
            client("s3", self.endpoint).upload_file(str(path), bucket, key)


class _Handler(Handler):
    api: UnloadingAthena

    def forward(self, body: bytes) -> tuple[int, bytes]:
        if self.api.keys:
            self._sign(body)
        return super().forward(body)

    def _sign(self, body: bytes) -> None:
        """Sign a call anew, with the same keys."""
        names = ("Content-Type", "X-Amz-Target")
        request = AWSRequest(
            "POST",
            f"{self.api.endpoint}/",
            data=body,
            headers={name: self.headers[name] for name in names},
        )
        keys = (self.api.keys["AWS_ACCESS_KEY_ID"], self.api.keys["AWS_SECRET_ACCESS_KEY"])
        SigV4Auth(Credentials(*keys), "athena", self.api.keys["AWS_REGION"]).add_auth(request)
        for name in ("Authorization", "X-Amz-Date"):
            del self.headers[name]
            self.headers[name] = request.headers[name]

    def carry_out(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        action = self.headers.get("X-Amz-Target", "").split(".")[-1]
        asked = json.loads(body)
        if action == "StartQueryExecution":
            self._start(asked)
            return
        if action == "StopQueryExecution":
            self.api.stopped.append(asked["QueryExecutionId"])
        status, answer = self.forward(body)
        if action == "GetQueryExecution":
            found = json.loads(answer)
            found["QueryExecution"]["Status"] |= self._status(asked["QueryExecutionId"])
            answer = json.dumps(found).encode()
        self.answer(status, answer)

    def _status(self, query_id: str) -> dict[str, str]:
        if self.api.hanging:
            return {"State": "RUNNING"}
        ended = self.api.ended[query_id]
        return {name: ended.get(name, "") for name in ("State", "StateChangeReason")}

    def _start(self, asked: dict[str, Any]) -> None:
        self.api.statements.append(asked["QueryString"])
        unload = _UNLOAD.fullmatch(asked["QueryString"])
        assert unload, "Athena is asked for nothing but UNLOAD"
        asked["QueryString"] = unload["query"]
        status, answer = self.forward(json.dumps(asked).encode())
        if status == http.HTTPStatus.OK:
            query_id = json.loads(answer)["QueryExecutionId"]
            if self.api.failures:
                reason = self.api.failures.pop(0)
                self.api.ended[query_id] = {"State": "FAILED", "StateChangeReason": reason}
            else:
                self.api.start(query_id, unload["bucket"], unload["prefix"])
        self.answer(status, answer)

"""Where uploaded files are measured: buckets, queues and tables, and the files themselves."""

from __future__ import annotations

import csv
import itertools
import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote
from urllib.request import urlopen

from include.core.arrivals.versions import look_up
from tests.bench.lab import WrongResultError
from tests.support.clients import client

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.bench.lab import Lab
    from tests.bench.server import Servers

LANDING: Final = "bench-landing"
LAKE: Final = "bench-lake"
HEADER: Final = ("ID", "HouseNum", "Street", "Town", "Zip")
ATTRIBUTES: Final = ("id", "house_number", "street_address", "town", "zip")
_SINK_QUEUE: Final = "http://sink.invalid/queue"
_SINK_TABLE: Final = "sink"


@dataclass(frozen=True, kw_only=True)
class LandingPlace:
    """An emulator with buckets of its own, and a sink that keeps no row.

    Attributes:
        uri: libpq URI of the warehouse.
        endpoint: URL of the emulator.
        sink: URL of the sink.
        folder: for files.
    """

    uri: str
    endpoint: str
    sink: str
    folder: Path
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    @classmethod
    def start(cls, lab: Lab, servers: Servers) -> LandingPlace:
        """Start what is needed, and make the buckets, unless they are there.

        Raises:
            StackError: it does not start.
        """
        lab.say("starting the AWS emulator")
        place = cls(uri=lab.uri, endpoint=servers.aws, sink=servers.sink, folder=servers.root)
        place.prepare()
        return place

    def prepare(self) -> None:
        """Make the buckets, unless they are there."""
        s3 = self._client("s3")
        there = {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}
        for bucket in {LANDING, LAKE} - there:
            s3.create_bucket(Bucket=bucket)
        enabled = {"Status": "Enabled"}
        s3.put_bucket_versioning(Bucket=LANDING, VersioningConfiguration=enabled)

    def write(self, rows: int) -> Path:
        """Invent a file, the same on every machine; returns the folder that has it as "upload"."""
        folder = self.folder / f"uploads-{rows}"
        folder.mkdir(exist_ok=True)
        with (folder / "upload").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(HEADER)
            writer.writerows(map(_row, range(rows)))
        return folder

    def land(self, folder: Path) -> dict[str, Any]:
        """Upload a file as a version of its own; returns it as a run receives it."""
        s3, key = self._client("s3"), f"uploads/{next(self._numbers)}.csv"
        with (folder / "upload").open("rb") as body:
            version = s3.put_object(Bucket=LANDING, Key=key, Body=body)["VersionId"]
        return {**look_up(s3, LANDING, key, version), "index": 0}

    def make_queue(self) -> str:
        """An empty queue; returns its URL."""
        name = f"bench-{next(self._numbers)}"
        return str(self._client("sqs").create_queue(QueueName=name)["QueueUrl"])

    def make_table(self) -> str:
        """An empty table; returns its name."""
        name = f"bench-{next(self._numbers)}"
        self._client("dynamodb").create_table(
            TableName=name,
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )
        return name

    def of_queue(self, queue_url: str | None = None) -> dict[str, Any]:
        """Where csv_upload_to_sqs delivers: a queue of the emulator, else the sink."""
        to = {"queue_url": queue_url} if queue_url else {"queue_url": _SINK_QUEUE, "sqs": self.sink}
        return {**self._common(), **to}

    def of_items(self, table: str | None = None) -> dict[str, Any]:
        """Where csv_upload_to_dynamodb writes: a table of the emulator, else the sink."""
        to = {"table": table} if table else {"table": _SINK_TABLE, "dynamodb": self.sink}
        return {**self._common(), **to, "bus": "default", "queue": ""}

    def of_stream(self) -> dict[str, Any]:
        """Where table_export_to_kinesis publishes: the sink."""
        return {
            "loader_uri": self.uri,
            "owner_uri": self.uri,
            "aws": self.endpoint,
            "kinesis": self.sink,
            "stream": "sink",
            "landing": LANDING,
            "lake": LAKE,
            "folder": str(self.folder),
        }

    def _common(self) -> dict[str, Any]:
        return {
            "warehouse_uri": self.uri,
            "aws": self.endpoint,
            "landing": LANDING,
            "lake": LAKE,
            "folder": str(self.folder),
        }

    def check_queue(self, queue_url: str, folder: Path) -> None:
        """See that a queue holds each row of a file once and nothing else, and delete it.

        Raises:
            WrongResultError: it does not.
        """
        # Receiving would take longer than sending: the emulator shows what it holds.
        shown = f"{self.endpoint}/_ministack/sqs/messages?QueueUrl={quote(queue_url, safe='')}"
        with urlopen(shown) as answer:  # noqa: S310 -- the emulator on this machine
            bodies = Counter(_bodies(json.load(answer)))
        rows = (dict(zip(HEADER, row, strict=True)) for row in _rows(folder))
        wanted = Counter(json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in rows)
        if bodies != wanted:
            raise WrongResultError(f"queue {queue_url} does not hold the rows of {folder.name}")
        self._client("sqs").delete_queue(QueueUrl=queue_url)

    def check_table(self, table: str, folder: Path, version: str) -> None:
        """See that a table holds each row of a file and nothing else, and delete it.

        Raises:
            WrongResultError: it does not.
        """
        dynamodb = self._client("dynamodb")
        pages = dynamodb.get_paginator("scan").paginate(TableName=table)
        found = {item["id"]["S"]: item for page in pages for item in page["Items"]}
        stamp = {"file_version": {"S": version}}
        wanted = {
            row[0]: {name: {"S": text} for name, text in zip(ATTRIBUTES, row, strict=True)} | stamp
            for row in _rows(folder)
        }
        if found != wanted:
            raise WrongResultError(f"table {table} does not hold the rows of {folder.name}")
        dynamodb.delete_table(TableName=table)

    def sunk(self) -> dict[str, int]:
        """How many messages, items, keys and records the sink has got so far."""
        with urlopen(self.sink) as answer:  # noqa: S310 -- the sink on this machine
            counted: dict[str, int] = json.load(answer)
        return counted

    def check_sunk(self, before: dict[str, int], **wanted: int) -> None:
        """See that the sink has got so many rows of each kind since then.

        Raises:
            WrongResultError: it has got others.
        """
        after = self.sunk()
        got = {name: after.get(name, 0) - before.get(name, 0) for name in wanted}
        if got != wanted:
            raise WrongResultError(f"the sink has got {got}, expected {wanted}")

    def _client(self, service: str) -> Any:
        return client(service, self.endpoint)


def _row(number: int) -> tuple[str, ...]:
    street = f"{number % 977} Main Street, Entrance {number % 13}"
    return f"{number:08}", str(number % 300 + 1), street, f"Town {number % 5000}", f"{number:05}"


def _rows(folder: Path) -> Iterator[list[str]]:
    with (folder / "upload").open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        next(rows)
        yield from rows


def _bodies(shown: dict[str, Any]) -> Iterator[str]:
    for regions in shown["messages"].values():
        for queues in regions.values():
            for messages in queues.values():
                yield from (message["Body"] for message in messages)

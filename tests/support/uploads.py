"""Files that land in S3 while a whole stack runs, and what must hold once they are worked off."""

from __future__ import annotations

import csv
import io
import itertools
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import requests

from infra.local import aws
from tests.support.items_oracle import NAMES, expect
from tests.support.json_queue_consumer import Message
from tests.support.scheduled_runs import PATIENCE_SECONDS, SILENCES, run_of_notice

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tests.support.scheduled_runs import ScheduledRuns

SQS, ITEMS = "csv_upload_to_sqs", "csv_upload_to_dynamodb"
PREFIXES = {SQS: "uploads/sqs/", ITEMS: "uploads/dynamodb/"}
OUTPUTS = {SQS: "CsvUploadToSqs", ITEMS: "CsvUploadToDynamodb"}
COUNTS = ("read", "rejected", "duplicate", "superseded", "delivered")
WAITING = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
HIDDEN_SECONDS = 60
_numbers = itertools.count(1)


@dataclass(frozen=True, kw_only=True)
class File:
    """An object version that has landed."""

    pipeline: str
    bucket: str
    key: str
    version_id: str
    text: str

    @property
    def counts(self) -> dict[str, int]:
        """What becomes of its rows, by plain Python; it is the first of its ids."""
        if self.pipeline == ITEMS:
            expected = expect(self.text)
            given = {"rejected": expected.rejected, "duplicate": expected.duplicate}
            counts = {"read": expected.read, **given, "delivered": len(expected.items)}
        else:
            rows = len(list(csv.reader(io.StringIO(self.text)))) - 1
            counts = {"read": rows, "delivered": rows}
        return {name: counts.get(name, 0) for name in COUNTS}


def addresses(tag: str, count: int) -> str:
    """A file of so many rows: commas, quotes and newlines in quotes, and empty cells."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(NAMES)
    for n in range(count):
        street = f'{n} "Main" Street,\nBack Yard {n}' if n % 3 == 0 else f"Side Street, {n}"
        writer.writerow([f"{tag}-{n:06}", n or "", street, "Müsli, Upper", f"{n:05}"])
    return text.getvalue()


@dataclass
class Uploads:
    """Files of one test, and the runs that came of them.

    Attributes:
        runs: the stack.
        tag: begins all names and ids of this test, which no other has.
        last: the last run that there was before.
        received: notices so far.
    """

    runs: ScheduledRuns
    tag: str = field(default_factory=lambda: f"t{next(_numbers)}")
    last: int = 0
    received: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        # Runs that are still under way are not of this test, nor is what they delivered.
        self.wait([])
        self.take_messages()
        self.last = self.runs.last()

    def client(self, service: str) -> Any:
        return aws.client(service, self.runs.stack.running.endpoint)

    @property
    def outputs(self) -> dict[str, str]:
        return self.runs.stack.running.outputs

    def key(self, pipeline: str, name: str) -> str:
        return f"{PREFIXES[pipeline]}{self.tag}/{name}.csv"

    def text(self, name: str, count: int) -> str:
        """Rows whose ids no other file has."""
        return addresses(f"{self.tag}-{name}", count)

    def land(self, pipeline: str, name: str, text: str) -> File:
        """Upload a file, as a partner does."""
        bucket, key = self.outputs["LandingBucket"], self.key(pipeline, name)
        put = self.client("s3").put_object(Bucket=bucket, Key=key, Body=text.encode())
        version = str(put["VersionId"])
        return File(pipeline=pipeline, bucket=bucket, key=key, version_id=version, text=text)

    def made(self) -> list[tuple[str, str, str]]:
        """DAG, id and state of the runs since this test began."""
        return self.runs.since(self.last)

    def waiting(self, output: str) -> list[int]:
        """How many messages of a queue are visible, and how many are in somebody's hands."""
        queue = self.outputs[output]
        found = self.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=WAITING)
        return [int(found["Attributes"][name]) for name in WAITING]

    def peek(self, output: str) -> list[dict[str, Any]]:
        """All messages of a queue in one answer of the emulator; SQS itself gives ten at most."""
        endpoint, queue = self.runs.stack.running.endpoint, self.outputs[output]
        with requests.Session() as session:
            session.trust_env = False
            url = f"{endpoint}/_ministack/sqs/messages"
            answer = session.get(url, params={"QueueUrl": queue}, timeout=60).json()["messages"]
        return [m for regions in answer.values() for r in regions.values() for m in r[queue]]

    def take_messages(self) -> list[Message]:
        """All that was delivered to the JSON queue, which is empty then."""
        found = self.peek("JsonQueueUrl")
        self.client("sqs").purge_queue(QueueUrl=self.outputs["JsonQueueUrl"])
        return [
            Message(
                each["Body"],
                {name: it["StringValue"] for name, it in each["MessageAttributes"].items()},
                {name: it["DataType"] for name, it in each["MessageAttributes"].items()},
            )
            for each in found
        ]

    def items(self) -> dict[str, dict[str, str]]:
        """The items of this test by id, each with its version."""
        pages = self.client("dynamodb").get_paginator("scan")
        found = pages.paginate(
            TableName=self.outputs["ItemsTable"],
            FilterExpression="begins_with(id, :tag)",
            ExpressionAttributeValues={":tag": {"S": f"{self.tag}-"}},
        )
        plain = [
            {name: next(iter(value.values())) for name, value in item.items()}
            for page in found
            for item in page["Items"]
        ]
        return {item["id"]: item for item in plain}

    def event_bodies(self, pipeline: str) -> list[str]:
        """The messages that runs of a pipeline were started by, as the triggerer received them."""
        bodies = []
        for dag_id, run_id, _ in self.made():
            if dag_id == pipeline:
                bodies += self.runs.messages_of(dag_id, run_id)
        return bodies

    def states(self, files: Iterable[File]) -> list[str | None]:
        """What the registry says of files; None where it does not know one."""
        if self.runs.query("select to_regclass('ops.arrival')") == [(None,)]:
            return [None for _ in files]
        statement = "select version_id, state from ops.arrival where key like %s"
        known = dict(self.runs.query(statement, f"%/{self.tag}/%"))
        return [known.get(file.version_id) for file in files]

    def wait(self, files: Sequence[File], *, seconds: float = PATIENCE_SECONDS) -> None:
        """Wait until all is quiet: files done or failed, no run under way, no arrival waiting."""
        deadline = time.monotonic() + seconds
        while busy := self._busy(files):
            assert time.monotonic() < deadline, busy
            time.sleep(0.5)

    def _busy(self, files: Sequence[File]) -> str:
        states = self.states(files)
        if not set(states) <= {"done", "failed"}:
            return f"files are {Counter(states)}"
        active = [run for run in self.made() if run[2] not in ("success", "failed")]
        # Longer are hidden only those that a run has left to another, which holds their file.
        soon = time.time() + HIDDEN_SECONDS
        peeked = [self.peek(f"{output}QueueUrl") for output in OUTPUTS.values()]
        left = sum(message["VisibleAt"] <= soon for queue in peeked for message in queue)
        return f"runs: {active}, arrivals: {left}" if active or left else ""

    def receive_notices(self) -> bool:
        """Whether notices have come since the last time, or come within two seconds."""
        found = self.runs.receive_notices()
        self.received += found
        return bool(found)

    def notices_so_far(self, *run: str) -> list[dict[str, Any]]:
        """The notices of a DAG's run so far, each once, however often it came."""
        found = [one for one in self.received if run_of_notice(one) == run]
        return list({one["Message"]: one for one in found}.values())

    def notices(self, *run: str) -> list[dict[str, Any]]:
        """As notices_so_far, but waits for the first."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        silence = 0
        while not (found := self.notices_so_far(*run)):
            assert time.monotonic() < deadline, f"no notice of {run}"
            silence = 0 if self.receive_notices() else silence + 1
            if silence % SILENCES == SILENCES - 1:
                self.runs.read_files_again()
        return found

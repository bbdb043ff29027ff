"""A place where files land: a bucket with versions, a queue of its arrivals, and the registry.

Other processes can have it, where a run can die at a failpoint.
"""

from __future__ import annotations

import json
import time
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import TYPE_CHECKING, Any

import psycopg2

from include.core.arrivals.claim import Received, claim_files, claim_messages
from include.core.arrivals.complete import EndResources, Failure, finish_run
from include.core.arrivals.events import LandedObject
from include.core.arrivals.queue import ArrivalQueue
from include.core.arrivals.registry import hold
from include.core.arrivals.results import from_registry
from include.core.arrivals.versions import Landing, look_up
from include.core.aws.objects import ObjectStore
from include.core.runs import ledger
from include.core.runs.outbox import announce
from include.core.runs.run import Run
from include.pipelines.landing import CSV_SUFFIXES
from include.settings import Settings
from tests.support.clients import client
from tests.support.s3_messages import body, record
from tests.support.worker_processes import die_at

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping
    from pathlib import Path

    from psycopg2.extensions import connection

    from include.core.arrivals.claim import ReceivedFile
    from include.core.arrivals.complete import OnFailed
    from include.core.arrivals.registry import Claim
    from include.core.arrivals.results import FileResult
    from include.core.arrivals.versions import FileVersion

PIPELINE, PREFIX, SINK = "csv_upload_to_sqs", "uploads/sqs/", "sqs:json"
AS_OF = datetime(2026, 11, 21, tzinfo=timezone.utc)
RETRY_SECONDS = 1


@dataclass(frozen=True, kw_only=True)
class UploadRuns:
    """A place where files land, and the runs that process them.

    Attributes:
        warehouse_uri: libpq URI.
        aws: URL of the emulator.
        bucket: of landing, hand-over and all else.
        queue, dead_letters: URLs; a message received three times goes over.
        folder: for temporary files and failpoints.
    """

    warehouse_uri: str
    aws: str
    bucket: str
    queue: str
    dead_letters: str
    folder: Path

    @property
    def s3(self) -> Any:
        return client("s3", self.aws)

    @property
    def sqs(self) -> Any:
        return client("sqs", self.aws)

    @property
    def landing(self) -> Landing:
        return Landing(
            pipeline=PIPELINE,
            client=self.s3,
            bucket=self.bucket,
            prefix=PREFIX,
            suffixes=CSV_SUFFIXES,
        )

    @property
    def store(self) -> ObjectStore:
        return ObjectStore(client=self.s3, bucket=self.bucket)

    def connect(self) -> connection:
        return psycopg2.connect(self.warehouse_uri)

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        with closing(self.connect()) as opened, opened, opened.cursor() as cursor:
            cursor.execute(statement)
            return list(cursor.fetchall()) if cursor.description else []

    def put(self, name: str, text: str = "id\n1\n") -> str:
        """Land a file; returns its version id."""
        put = self.s3.put_object(Bucket=self.bucket, Key=PREFIX + name, Body=text.encode())
        return str(put["VersionId"])

    def delete(self, name: str, version_id: str | None = None) -> None:
        named = {"VersionId": version_id} if version_id else {}
        self.s3.delete_object(Bucket=self.bucket, Key=PREFIX + name, **named)

    def file(self, name: str, version_id: str | None = None) -> FileVersion:
        return look_up(self.s3, self.bucket, PREFIX + name, version_id)

    def record(self, name: str, version_id: str | None = None) -> dict[str, Any]:
        return record(self.bucket, PREFIX + name, version_id)

    def announce(self, *records: Any) -> None:
        """Send one message with these records."""
        self.send(body(*records))

    def send(self, text: str) -> None:
        self.sqs.send_message(QueueUrl=self.queue, MessageBody=text)

    def take_messages(self, *, hidden: int = 60) -> list[dict[str, Any]]:
        """What the trigger would give to a run."""
        found: list[dict[str, Any]] = []
        while messages := self.sqs.receive_message(
            QueueUrl=self.queue, MaxNumberOfMessages=10, VisibilityTimeout=hidden
        ).get("Messages"):
            found += messages
        return found

    def wait_for_messages(self) -> list[dict[str, Any]]:
        """Take messages as soon as there are some."""
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            if messages := self.take_messages():
                return messages
            time.sleep(0.05)
        raise AssertionError("no message becomes visible")

    def in_queue(self, queue: str | None = None) -> int:
        """How many messages a queue has, hidden ones among them."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.sqs.get_queue_attributes(QueueUrl=queue or self.queue, AttributeNames=names)
        return sum(int(found["Attributes"][name]) for name in names)

    def receive(self, messages: Iterable[Mapping[str, Any]], run_id: str) -> dict[str, Any]:
        """The task receive of a run that answers messages."""
        run = Run(dag_id=PIPELINE, run_id=run_id)
        return as_json(claim_messages(self.landing, messages, run, connect=self.connect))

    def receive_by_hand(
        self,
        *files: tuple[str, str | None],
        run_id: str,
        again: bool = True,
        found_by: str = "hand",
    ) -> dict[str, Any]:
        """The task receive of a run that was given names and versions."""
        received = claim_files(
            self.landing,
            [LandedObject(bucket=self.bucket, key=PREFIX + n, version_id=v) for n, v in files],
            Run(dag_id=PIPELINE, run_id=run_id),
            connect=self.connect,
            found_by=found_by,
            again=again,
        )
        return as_json(received)

    def hold(self, file: ReceivedFile, run_id: str) -> Claim:
        return hold(self.connect, PIPELINE, file, Run(dag_id=PIPELINE, run_id=run_id))

    def work(self, received: dict[str, Any], run_id: str, *, bad: str = "bad") -> list[FileResult]:
        """What a pipeline gives back: a row a file, none for those whose name says bad."""
        results = []
        for file in received["files"]:
            claim = self.hold(file, run_id)
            if claim.counts is not None:
                results.append(from_registry(claim.counts, index=file["index"]))
            elif bad not in file["key"]:
                results.append(result(file["index"]))
        return results

    def finish(  # noqa: PLR0913 -- a run, and how it ends
        self,
        received: dict[str, Any],
        results: Iterable[FileResult],
        run_id: str,
        *,
        cause_of: Callable[[int], str] = "cause of file {}".format,
        final: Collection[int] = (),
        retry_seconds: int = RETRY_SECONDS,
        on_failed: OnFailed | None = None,
    ) -> dict[str, int]:
        """The task settle of a run; final are indexes of files whose failure no retry helps."""
        resources = EndResources(
            run=run_of(run_id),
            connect=self.connect,
            landing=self.landing,
            lake=self.store,
            folder=self.folder,
            memory=Settings.duckdb_memory,
            queue=ArrivalQueue(client=self.sqs, url=self.queue, retry_seconds=retry_seconds),
            ui_url="http://localhost:8080",
        )
        return finish_run(
            Received.from_json(received),
            results,
            resources=resources,
            failure_of=lambda index: Failure(cause=cause_of(index), final=index in final),
            on_failed=on_failed,
        )

    def sent(self, run_id: str) -> list[str]:
        """The task announce; returns the notices that went out."""
        sent: list[str] = []
        announce(
            self.connect,
            Run(dag_id=PIPELINE, run_id=run_id),
            publish=lambda notice: sent.append(f"{notice.run_id} {notice.status}"),
        )
        return sent

    def states(self) -> dict[str, str]:
        """State of every file of the registry, by name; versions of one name in their order."""
        found: dict[str, str] = {}
        for key, state in self.query("select key, state from ops.arrival order by file_order"):
            name = key.removeprefix(PREFIX)
            found[name] = f"{found[name]}, {state}" if name in found else state
        return found

    def written(self) -> list[tuple[Any, ...]]:
        """Every row of the ledger's tables with what each write of it changes."""
        tables = ("ops.run", "ops.arrival", "ops.rejected_row", "ops.outbox")
        return [
            row
            for table in tables
            for row in self.query(
                f"select ctid::text, xmin::text, t.* from {table} as t order by 1"
            )
        ]

    def die_in_finish(
        self,
        failpoint: str,
        received: Any,
        results: Any,
        run_id: str,
        *,
        final: Collection[int] = (),
    ) -> None:
        """Finish in a process of its own that must die at a failpoint."""
        finish_here = partial(self.finish, received, results, run_id, final=final)
        die_at(failpoint, finish_here, failpoints=self.folder / "failpoints")


def as_json(received: Received) -> dict[str, Any]:
    """What another task reads."""
    value: dict[str, Any] = json.loads(json.dumps(received.to_json()))
    return value


def run_of(run_id: str) -> ledger.RunOfSink:
    return ledger.RunOfSink(
        dag_id=PIPELINE,
        run_id=run_id,
        sink=SINK,
        as_of=AS_OF,
        started_at=AS_OF + timedelta(minutes=1),
    )


def result(index: int, *, delivered: int = 1, **more: Any) -> FileResult:
    """What a pipeline gives back for a file that went well."""
    kept = {
        "counts": {"read": delivered, "delivered": delivered},
        "rejects": None,
        "rejects_by_code": {},
        "seconds": 0.5,
        **more,
    }
    return from_registry(kept, index=index)

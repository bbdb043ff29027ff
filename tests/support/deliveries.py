"""Deliveries of uploaded files as a task makes them, in this process or in one that dies."""

from __future__ import annotations

import csv
import io
import itertools
import os
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg2

from include.core import arrivals, landing, migrations
from include.core.contract import CsvContract
from include.core.failpoints import VARIABLE
from include.core.objects import ObjectStore
from include.core.postgres import transaction
from include.core.scratch import scratch_folder
from include.core.upload_contract import JsonUpload
from include.errors import SluiceError
from include.pipelines import csv_upload_to_sqs as pipeline
from tests.support.json_queue_consumer import Message, drain
from tests.support.killable import WAIT_SECONDS, client, processes

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from psycopg2.extensions import connection

    from tests.conftest import Aws

DAG_ID = "csv_upload_to_sqs"
ANY = JsonUpload(
    name="any",
    title="Any",
    description="Any file.",
    owner="tests",
    prefix="uploads/sqs/",
    contract=CsvContract(columns=(), unknown_columns="add", null_tokens=()),
)
_numbers = itertools.count()


def written(rows: Iterable[Iterable[object]]) -> bytes:
    """Rows as a CSV file."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def rows_of(count: int) -> bytes:
    """A file of so many rows of which no two are the same."""
    return written([("id", "town"), *((n, f"Town {n}") for n in range(1, count + 1))])


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where files are delivered from and to; other processes can be told of it.

    Attributes:
        upload: the dataset.
        warehouse_uri: libpq URI.
        aws: URL of the emulator.
        sqs: URL that messages are sent to, when it is not the emulator's.
        landing, lake: names of buckets.
        queue_url: where messages end up.
        folder: for temporary files and failpoints.
    """

    upload: JsonUpload
    warehouse_uri: str
    aws: str
    sqs: str | None = None
    landing: str
    lake: str
    queue_url: str
    folder: Path

    @property
    def failpoints(self) -> Path:
        return self.folder / "failpoints"

    @property
    def store(self) -> ObjectStore:
        return ObjectStore(client=client("s3", self.aws), bucket=self.lake)

    @classmethod
    def make(cls, warehouse_uri: str, aws: Aws, lake: ObjectStore, folder: Path) -> Place:
        """A landing bucket and a queue of its own."""
        s3, name = aws.client("s3"), f"deliveries-{next(_numbers)}"
        s3.create_bucket(Bucket=name)
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        queue_url = aws.client("sqs").create_queue(QueueName=name)["QueueUrl"]
        return cls(
            upload=ANY,
            warehouse_uri=warehouse_uri,
            aws=aws.endpoint,
            landing=name,
            lake=lake.bucket,
            queue_url=queue_url,
            folder=folder,
        )

    def connect(self) -> connection:
        return psycopg2.connect(self.warehouse_uri)

    def put(self, content: bytes, key: str = "uploads/sqs/file.csv") -> dict[str, Any]:
        """Upload a file; returns it as a run receives it."""
        s3 = client("s3", self.aws)
        version = s3.put_object(Bucket=self.landing, Key=key, Body=content)["VersionId"]
        migrations.migrate(self.connect)
        return {**landing.look_up(s3, self.landing, key, version), "index": 0}

    def deliver(self, file: dict[str, Any], run_id: str = "run") -> dict[str, Any]:
        """One try of the task, in a folder as a task has it."""
        work = f"work/{DAG_ID}/{run_id}/{file['index']}"
        with scratch_folder(run_id, root=self.folder) as folder:
            return pipeline.deliver(
                self.upload,
                file,
                dag_id=DAG_ID,
                run_id=run_id,
                connect=self.connect,
                landing=client("s3", self.aws),
                queue=client("sqs", self.sqs or self.aws),
                queue_url=self.queue_url,
                store=self.store,
                work=work,
                folder=folder,
            )

    def finish(self, file: dict[str, Any], result: dict[str, Any], run_id: str = "run") -> None:
        """Mark the file as done, as the end of a run does."""
        with transaction(self.connect, doing="finish") as cursor:
            names = {"dag_id": DAG_ID, "run_id": run_id}
            assert arrivals.finish(cursor, DAG_ID, file, **names, counts=result)

    def messages(self) -> list[Message]:
        return drain(client("sqs", self.aws), self.queue_url)

    def die_at(self, failpoint: str, file: dict[str, Any], run_id: str = "run") -> None:
        """A try in a process of its own that must die at a failpoint."""
        self.arm(failpoint)
        assert self.run_apart(file, run_id) == "killed"
        assert not (self.failpoints / failpoint).exists(), f"{failpoint} was never reached"

    def arm(self, failpoint: str) -> None:
        self.failpoints.mkdir(exist_ok=True)
        (self.failpoints / failpoint).touch()

    def run_apart(self, file: dict[str, Any], run_id: str) -> str:
        """A try in a process of its own: "done", "killed", or the class of its error."""
        said = self.folder / "error"
        said.unlink(missing_ok=True)
        process = processes.Process(target=_work, args=(self, file, run_id, said))
        process.start()
        process.join(WAIT_SECONDS)
        assert process.exitcode is not None, "the try does not end"
        if process.exitcode == -signal.SIGKILL:
            return "killed"
        assert process.exitcode == 0
        return said.read_text() if said.exists() else "done"


def _work(place: Place, file: dict[str, Any], run_id: str, said: Path) -> None:
    os.environ[VARIABLE] = str(place.failpoints)
    try:
        place.deliver(file, run_id)
    except SluiceError as error:
        said.write_text(type(error).__name__)

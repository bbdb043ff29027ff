"""Deliveries of uploaded files as a task makes them, in this process or in one that dies."""

from __future__ import annotations

import csv
import io
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from include.contracts.files import CsvContract
from include.contracts.uploads import JsonUpload
from include.core.arrivals.registry import complete
from include.core.arrivals.results import to_registry
from include.core.runs.run import Run
from include.core.scratch import scratch_folder
from include.core.warehouse.connection import transaction
from include.pipelines import csv_upload_to_sqs as pipeline
from include.settings import Settings
from tests.support.clients import client
from tests.support.json_queue_consumer import Message, drain
from tests.support.upload_places import UploadPlace
from tests.support.worker_processes import die_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from include.core.arrivals.claim import ReceivedFile
    from include.core.arrivals.results import FileResult

DAG_ID = "csv_upload_to_sqs"
ANY = JsonUpload(
    name="any",
    title="Any",
    description="Any file.",
    owner="tests",
    prefix="uploads/sqs/",
    contract=CsvContract(columns=(), unknown_columns="add", null_tokens=()),
)


def written(rows: Iterable[Iterable[object]]) -> bytes:
    """Rows as a CSV file."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def rows_of(count: int) -> bytes:
    """A file of so many rows of which no two are the same."""
    return written([("id", "town"), *((n, f"Town {n}") for n in range(1, count + 1))])


@dataclass(frozen=True, kw_only=True)
class Place(UploadPlace):
    """Where files are delivered from and to.

    Attributes:
        upload: the dataset.
        queue_url: where messages end up.
        sqs: URL that messages are sent to, when it is not the emulator's.
        rejected_of: the sink whose rejected rows alone are sent; None where all rows are.
    """

    KEY = "uploads/sqs/file.csv"

    upload: JsonUpload = ANY
    queue_url: str
    sqs: str | None = None
    rejected_of: str | None = None

    def deliver(self, file: ReceivedFile, run_id: str = "run") -> FileResult:
        """One try of all tasks of a file, each in a folder as a task has it."""
        delivered = self.read(file, run_id)
        parts = [self.deliver_part(part, run_id) for part in delivered.get("parts", ())]
        (result,) = pipeline.tally([delivered], parts)
        return result

    def read(self, file: ReceivedFile, run_id: str = "run") -> pipeline.DeliveredFile:
        """One try of the first task, which sends a small file's rows."""
        with self.resources(run_id, "deliver") as resources:
            return pipeline.deliver(
                self.upload, file, files=1, resources=resources, rejected_of=self.rejected_of
            )

    def deliver_part(self, part: pipeline.Part, run_id: str = "run") -> pipeline.DeliveredPart:
        """One try of the task of a part."""
        with self.resources(run_id, f"part-{part['number']}") as resources:
            return pipeline.deliver_part(self.upload, part, resources=resources)

    @contextmanager
    def resources(self, run_id: str, task: str) -> Iterator[pipeline.DeliverResources]:
        """What one task of a run works with."""
        with scratch_folder(run_id, task, root=self.folder) as folder:
            yield pipeline.DeliverResources(
                run=Run(dag_id=DAG_ID, run_id=run_id),
                connect=self.connect,
                landing=self.landing_of(DAG_ID),
                lake=self.store,
                folder=folder,
                memory=Settings.duckdb_memory,
                queue=client("sqs", self.sqs or self.aws),
                queue_url=self.queue_url,
            )

    def complete(self, file: ReceivedFile, result: FileResult, run_id: str = "run") -> None:
        """Mark the file as done, as the end of a run does."""
        with transaction(self.connect, doing="complete") as cursor:
            run = Run(dag_id=DAG_ID, run_id=run_id)
            assert complete(cursor, DAG_ID, file, run, counts=to_registry(result))

    def messages(self) -> list[Message]:
        return drain(client("sqs", self.aws), self.queue_url)

    def die_at(self, failpoint: str, file: ReceivedFile, run_id: str = "run") -> None:
        """A try in a process of its own that must die at a failpoint."""
        die_at(failpoint, partial(self.deliver, file, run_id), failpoints=self.failpoints)

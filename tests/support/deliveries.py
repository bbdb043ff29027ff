"""Deliveries of uploaded files as a task makes them, in this process or in one that dies."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from include.contracts.files import CsvContract
from include.contracts.uploads import JsonUpload
from include.core.arrivals import registry as arrivals
from include.core.scratch import scratch_folder
from include.core.warehouse.connection import transaction
from include.pipelines import csv_upload_to_sqs as pipeline
from tests.support.clients import client
from tests.support.json_queue_consumer import Message, drain
from tests.support.upload_places import UploadPlace
from tests.support.worker_processes import die_at

if TYPE_CHECKING:
    from collections.abc import Iterable

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
    """

    KEY = "uploads/sqs/file.csv"

    upload: JsonUpload = ANY
    queue_url: str
    sqs: str | None = None

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
        die_at(failpoint, partial(self.deliver, file, run_id), failpoints=self.failpoints)

"""Runs of csv_upload_to_dynamodb as Airflow makes them: task by task, each result kept.

A run can live in a process of its own, which dies at a failpoint. Running it again goes on with
the tasks that have no result yet, as Airflow does after a worker was lost.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from include.core.arrivals.registry import claim, complete
from include.core.arrivals.results import to_registry
from include.core.runs.run import Run
from include.core.scratch import scratch_folder
from include.datasets.addresses import DATASET
from include.pipelines import csv_upload_to_dynamodb as pipeline
from include.pipelines.csv_upload_to_dynamodb.stage_events import StageEvents
from include.settings import Settings
from tests.support.clients import client
from tests.support.upload_places import UploadPlace
from tests.support.worker_processes import die_at, once

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from include.contracts.uploads import ItemUpload
    from include.core.arrivals.claim import ReceivedFile
    from include.core.arrivals.results import FileResult
    from include.pipelines.csv_upload_to_dynamodb.chunks import (
        Chunk,
        ExtractedFile,
        LoadedChunk,
        ObservedChunk,
        TransformedChunk,
    )


@dataclass(frozen=True, kw_only=True)
class ItemPlace(UploadPlace):
    """Where runs happen, the results of their tasks among the temporary files.

    Attributes:
        table, bus: names.
        queue: URL of a queue that gets every event of the bus.
        upload: the contract.
        dynamodb, eventbridge: URLs of these services, where they are not the emulator's.
    """

    KEY = "uploads/dynamodb/a.csv"

    table: str
    bus: str
    queue: str
    upload: ItemUpload = field(default_factory=lambda: replace(DATASET, chunk_rows=25))
    dynamodb: str | None = None
    eventbridge: str | None = None

    def receive(self, files: Sequence[ReceivedFile], run_id: str) -> list[ReceivedFile]:
        """Claim files for a run, as the DAG's first task does."""
        received: list[ReceivedFile] = []
        for index, file in enumerate(files):
            with self.connect() as connected, connected.cursor() as cursor:
                claimed = claim(cursor, pipeline.PIPELINE, file, run_of(run_id))
            token = claimed.held.token if claimed.held else 0
            received.append({**file, "index": index, "token": token})
        return received

    def complete(
        self, files: Sequence[ReceivedFile], summed: Sequence[FileResult], run_id: str
    ) -> None:
        """Mark files as done, as the end of a run does."""
        for file, result in zip(files, summed, strict=True):
            with self.connect() as connected, connected.cursor() as cursor:
                complete(
                    cursor,
                    pipeline.PIPELINE,
                    file,
                    run_of(run_id),
                    counts=to_registry(result),
                )

    def run(self, *files: ReceivedFile, run_id: str) -> list[FileResult]:
        """All tasks that have no result yet; comes back with what tally did."""
        self.load(*files, run_id=run_id)
        return self.observe(*files, run_id=run_id)

    def load(self, *files: ReceivedFile, run_id: str) -> list[LoadedChunk]:
        """The tasks up to load; comes back with what load did, chunk by chunk."""
        received = self.once(run_id, "receive", partial(self.receive, files, run_id))
        chunks: list[Any] = []
        for file in received:
            extract = partial(self.extract, file, run_id, len(received))
            chunks += self.once(run_id, f"extract-{file['index']}", extract)["chunks"]
        for task, function in (("transform", self.transform), ("load", self.load_chunk)):
            chunks = [
                self.once(run_id, f"{task}-{name(chunk)}", partial(function, chunk, run_id))
                for chunk in chunks
            ]
        return chunks

    def observe(self, *files: ReceivedFile, run_id: str) -> list[FileResult]:
        """The tasks after load."""
        received = self.once(run_id, "receive", list)
        extracted = [self.once(run_id, f"extract-{file['index']}", dict) for file in received]
        chunks = [
            self.once(run_id, f"load-{name(chunk)}", dict)
            for file in extracted
            for chunk in file["chunks"]
        ]
        observed = [
            self.once(run_id, f"observe-{name(chunk)}", partial(self.observe_chunk, chunk, run_id))
            for chunk in chunks
        ]
        summed: list[FileResult] = self.once(
            run_id, "tally", partial(self.tally, extracted, observed, run_id)
        )
        if not any("cause" in result for result in summed):
            self.complete(files, summed, run_id)
        return summed

    def events(self, run_id: str) -> StageEvents:
        return StageEvents(
            client=client("events", self.eventbridge or self.aws),
            bus=self.bus,
            pipeline=pipeline.PIPELINE,
            run=run_of(run_id),
        )

    @contextmanager
    def resources(self, run_id: str, task: str) -> Iterator[pipeline.ItemResources]:
        """What one task of a run works with."""
        with scratch_folder(run_id, task, root=self.folder) as folder:
            yield pipeline.ItemResources(
                run=run_of(run_id),
                connect=self.connect,
                landing=self.landing_of(pipeline.PIPELINE),
                lake=self.store,
                table=client("dynamodb", self.dynamodb or self.aws),
                table_name=self.table,
                events=self.events(run_id),
                folder=folder,
                memory=Settings.duckdb_memory,
            )

    def extract(self, file: ReceivedFile, run_id: str, files: int = 1) -> ExtractedFile:
        with self.resources(run_id, "extract") as resources:
            return pipeline.extract(self.upload, file, files=files, resources=resources)

    def take_in(self, file: ReceivedFile, run_id: str, files: int = 1) -> ExtractedFile:
        """The first task as the DAG has it: it also writes a file of one chunk."""
        with self.resources(run_id, "extract") as resources:
            return pipeline.take_in(self.upload, file, files=files, resources=resources)

    def transform(self, chunk: Chunk, run_id: str) -> TransformedChunk:
        with self.resources(run_id, "transform") as resources:
            return pipeline.transform(self.upload, chunk, resources=resources)

    def load_chunk(self, chunk: TransformedChunk, run_id: str) -> LoadedChunk:
        with self.resources(run_id, "load") as resources:
            return pipeline.load(self.upload, chunk, resources=resources)

    def observe_chunk(self, chunk: LoadedChunk, run_id: str) -> ObservedChunk:
        with self.resources(run_id, "observe") as resources:
            return pipeline.observe(self.upload, chunk, resources=resources)

    def tally(self, extracted: Any, observed: Any, run_id: str) -> list[FileResult]:
        with self.resources(run_id, "tally") as resources:
            return pipeline.tally(extracted, observed, resources=resources)

    def items(self) -> dict[str, dict[str, Any]]:
        """The table's items by id, each attribute's value without its type."""
        pages = client("dynamodb", self.aws).get_paginator("scan").paginate(TableName=self.table)
        found = [item for page in pages for item in page["Items"]]
        plain = [
            {name: next(iter(value.values())) for name, value in item.items()} for item in found
        ]
        return {item["id"]: item for item in plain}

    def sent_events(self) -> list[dict[str, Any]]:
        """The events on the bus since the last call: stage and detail of each."""
        sqs = client("sqs", self.aws)
        events = []
        while messages := sqs.receive_message(
            QueueUrl=self.queue, MaxNumberOfMessages=10, WaitTimeSeconds=0
        ).get("Messages"):
            for message in messages:
                body = json.loads(message["Body"])
                events.append({"stage": body["detail-type"], **body["detail"]})
                sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
        return events

    def once(self, run_id: str, task: str, function: Callable[[], Any]) -> Any:
        return once(self.folder / "results" / run_id / f"{task}.json", function)

    def die_at(self, failpoint: str, *files: ReceivedFile, run_id: str) -> None:
        """Run in a process of its own that must die at a failpoint."""
        die_at(failpoint, partial(self.run, *files, run_id=run_id), failpoints=self.failpoints)


def run_of(run_id: str) -> Run:
    return Run(dag_id=pipeline.PIPELINE, run_id=run_id)


def name(chunk: Any) -> str:
    return f"{chunk['index']}-{chunk['number']}"

"""The operations of a delta to the stream, part by part, and the record that ends them."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg2.extras import Json

from include.core.aws.batches import Refusal, is_transient, send_batch
from include.core.exports.names import shown
from include.core.failpoints import failpoint
from include.core.sending.numbered import NumberedSending
from include.core.sending.progress import Progress, set_progress_session
from include.core.statements import read_statement
from include.core.warehouse.connection import autocommit
from include.errors import DeliveryRefusedError, ExportBusyError
from include.pipelines.table_export_to_kinesis.leases import TableLease
from include.pipelines.table_export_to_kinesis.records import (
    LIMITS,
    MAX_RECORD_BYTES,
    Record,
    read_records,
)
from include.pipelines.table_export_to_kinesis.states import parameters

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from psycopg2.extensions import cursor

    from include.contracts.exports import TableExport
    from include.core.exports.records import End
    from include.pipelines.table_export_to_kinesis.resources import ExportResources
    from include.pipelines.table_export_to_kinesis.task_values import Part, PublishedPart


def publish_part(dataset: TableExport, part: Part, *, resources: ExportResources) -> PublishedPart:
    """Put the operations of a part on the stream.

    Each key has one operation in a version, so that batches may arrive in any order; of one key
    the operations of two versions are in order, since a version begins once the one before it was
    published whole. A try after one that was cut off goes on after what is marked.

    Arguments:
        dataset: the declaration.
        part: which.
        resources: what the task works with.

    Raises:
        ExportBusyError: another run has taken the table over.
        ArchiveError: the part is not what was put there.
        WorkerExhaustedError: no disk or memory is left.
        DeliveryRefusedError, DeliveryUnavailableError: the stream did not take all records.
    """
    began, lease = time.time(), TableLease(resources.connect, part["held"])
    local = resources.hand_over(part["index"]).get(part, "part.parquet")
    failpoint("publish.fetched")
    records = read_records(dataset, part, local, folder=resources.folder, memory=resources.memory)
    with _progress_of(part, lease, resources) as progress, records as of_part:
        sending = NumberedSending(
            send=_Stream(resources).put,
            size=_size,
            limits=LIMITS,
            progress=progress,
            name=f"{shown(part['export'])}, part {part['number']}",
            total=part["rows"],
        )
        for _ in sending.run(_from_one(of_part, part["first"])):
            failpoint("publish.batch_marked")
    failpoint("publish.sent")
    return {
        "index": part["index"],
        "number": part["number"],
        "rows": part["rows"],
        "began": began,
        "ended": time.time(),
    }


def publish_end(end: End, *, resources: ExportResources) -> None:
    """Put the end of a version on each shard that is open.

    Raises:
        DeliveryRefusedError, DeliveryUnavailableError: the stream did not take all records.
    """
    stream = _Stream(resources)
    data = json.dumps(end, separators=(",", ":"))
    send_batch(
        [
            {
                "Data": data,
                "PartitionKey": "END",
                "ExplicitHashKey": shard["HashKeyRange"]["StartingHashKey"],
            }
            for shard in stream.open_shards()
        ],
        stream.call,
        what="end records to the stream",
    )
    failpoint("publish.ended")


class _Stream:
    """The changes stream, as records are put on it."""

    def __init__(self, resources: ExportResources) -> None:
        self._client, self._name = resources.stream, resources.stream_name

    def put(self, batch: Sequence[tuple[int, Record]]) -> None:
        """Put records, the refused ones among them again, until each is taken."""
        entries = [
            {"Data": record.data, "PartitionKey": record.partition_key} for _, record in batch
        ]
        send_batch(entries, self.call, what="operations to the stream")
        failpoint("publish.batch_sent")

    def call(self, entries: Sequence[Mapping[str, Any]]) -> Mapping[int, Refusal]:
        """Put records once; returns which were not taken."""
        answer = self._client.put_records(StreamName=self._name, Records=list(entries))
        return {
            place: Refusal(code=code, final=not is_transient(code))
            for place, entry in enumerate(answer["Records"])
            if (code := entry.get("ErrorCode"))
        }

    def open_shards(self) -> list[dict[str, Any]]:
        """The shards that take records now."""
        pages = self._client.get_paginator("list_shards").paginate(StreamName=self._name)
        return [
            shard
            for page in pages
            for shard in page["Shards"]
            if "EndingSequenceNumber" not in shard["SequenceNumberRange"]
        ]


def _size(numbered: tuple[int, Record]) -> int:
    size = numbered[1].size
    if size > MAX_RECORD_BYTES:
        raise DeliveryRefusedError(
            f"Operation {numbered[1].sequence} makes a record of {size} bytes, and a stream takes "
            f"{MAX_RECORD_BYTES}"
        )
    return size


def _from_one(records: Iterator[Record], first: int) -> Iterator[tuple[int, Record]]:
    """The records of a part, numbered from 1 within it: so are the marks."""
    for record in records:
        yield record.sequence - first + 1, record


@dataclass(frozen=True)
class _PartMarks:
    """The progress of a part, beside its export; each statement commits by itself."""

    cursor: cursor
    part: Part
    lease: TableLease

    def find(self) -> dict[str, Any] | None:
        self.cursor.execute(
            read_statement("table_export_to_kinesis/part_progress.find"), self._values
        )
        row = self.cursor.fetchone()
        return row[0] if row else None

    def keep(self, progress: dict[str, Any]) -> None:
        self.lease.renew()
        values = self._values | {"progress": Json(progress)}
        self.cursor.execute(read_statement("table_export_to_kinesis/part_progress.keep"), values)
        if self.cursor.rowcount != 1:
            raise ExportBusyError("Another run has taken the table over")

    @property
    def _values(self) -> dict[str, Any]:
        held, number = self.part["held"], self.part["number"]
        return {**parameters(self.part["export"]), "token": held["token"], "part": number}


@contextmanager
def _progress_of(part: Part, lease: TableLease, resources: ExportResources) -> Iterator[Progress]:
    plan = f"{part['publication']} {part['first']} {part['last']}"
    doing = f"mark the progress of {shown(part['export'])}"
    with autocommit(resources.connect, doing=doing) as cursor:
        set_progress_session(cursor)
        yield Progress(_PartMarks(cursor, part, lease), plan=plan)

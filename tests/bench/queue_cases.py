"""Ways to get the rows of an uploaded CSV file onto a queue: the pipeline's, and a bare loop."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from include.core.aws.batches import batches
from include.datasets.any_csv import DATASET
from include.pipelines.csv_upload_to_sqs.envelope import LIMITS, Envelope
from include.pipelines.csv_upload_to_sqs.transform import check_rows
from include.settings import Settings
from tests.bench.clock import Clock
from tests.support.clients import client
from tests.support.deliveries import Place

if TYPE_CHECKING:
    from include.core.arrivals.claim import ReceivedFile
    from include.pipelines.csv_upload_to_sqs import Part

RUN_ID = "bench"
FORK = multiprocessing.get_context("fork")


def queue_bare(
    *, endpoint: str, queue_url: str, folder: str, file: ReceivedFile, threads: int
) -> tuple[float, dict[str, Any]]:
    """The floor: the pipeline's own batches, made before the clock starts, sent by a loop.

    Arguments:
        endpoint: of SQS.
        queue_url: where they go.
        folder: has the file as "upload".
        file: as a run receives it.
        threads: how many send; 1 sends without threads.
    """
    sqs, envelope = client("sqs", endpoint), Envelope(file)
    with check_rows(
        DATASET, file, envelope=envelope, folder=Path(folder), memory=Settings.duckdb_memory
    ) as checked:
        rows = [*checked.rows.read()]
    calls = [
        [
            {
                "Id": str(place),
                "MessageBody": text,
                "MessageAttributes": envelope.attributes(number),
            }
            for place, (number, text) in enumerate(batch)
        ]
        for batch in batches(rows, size=envelope.size, limits=LIMITS)
    ]

    def send(entries: list[dict[str, Any]]) -> int:
        return len(sqs.send_message_batch(QueueUrl=queue_url, Entries=entries)["Successful"])

    clock = Clock()
    if threads == 1:
        return clock.stop(delivered=sum(map(send, calls)))
    with ThreadPoolExecutor(threads) as pool:
        return clock.stop(delivered=sum(pool.map(send, calls)))


def queue_sluice(*, place: dict[str, Any], file: ReceivedFile) -> tuple[float, dict[str, Any]]:
    """The pipeline's tasks: fetch the file, check all of it, send each row, mark each batch.

    Arguments:
        place: a Place without its dataset.
        file: as a run receives it.
    """
    here = _place(place)
    clock = Clock()
    counts = here.deliver(file, RUN_ID)["counts"]
    return clock.stop(**counts)


def queue_read(
    *, place: dict[str, Any], file: ReceivedFile, part_rows: int
) -> tuple[float, dict[str, Any]]:
    """The first task: a file of more rows than a part has is checked and stored in parts.

    Arguments:
        place: a Place without its dataset.
        file: as a run receives it.
        part_rows: rows of a part.
    """
    here = _place(place, part_rows=part_rows)
    clock = Clock()
    delivered = here.read(file, RUN_ID)
    counts = delivered["counts"]
    return clock.stop(read=counts["read"], parts=delivered.get("parts", []))


def queue_parts(
    *, place: dict[str, Any], parts: list[Part], workers: int
) -> tuple[float, dict[str, Any]]:
    """The parts' tasks, shared out to workers.

    Arguments:
        place: a Place without its dataset.
        parts: what queue_read came back with.
        workers: processes; 1 is this one.
    """
    here = _place(place)
    shares = [parts[first::workers] for first in range(workers)]
    clock = Clock()
    if workers == 1:
        _deliver_parts(here, parts)
    else:
        others = [FORK.Process(target=_deliver_parts, args=(here, share)) for share in shares]
        for other in others:
            other.start()
        for other in others:
            other.join()
    return clock.stop(delivered=sum(part["rows"] for part in parts))


def _deliver_parts(here: Place, parts: list[Part]) -> None:
    for part in parts:
        here.deliver_part(part, RUN_ID)


def _place(place: dict[str, Any], **settings: Any) -> Place:
    """Where rows are delivered, its clients made."""
    upload = replace(DATASET, **settings)
    here = Place(upload=upload, **{**place, "folder": Path(place["folder"])})
    for service, endpoint in (("s3", here.aws), ("sqs", here.sqs or here.aws)):
        client(service, endpoint)
    return here

"""Ways to get the rows of an uploaded CSV file onto a queue: the pipeline's, and a bare loop."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from include.core.arrivals.lease import Lease
from include.core.arrivals.registry import hold
from include.core.aws.batches import batches
from include.core.runs.run import Run
from include.datasets.any_csv import DATASET
from include.pipelines.csv_upload_to_sqs.envelope import LIMITS, PIPELINE, Envelope
from include.pipelines.csv_upload_to_sqs.progress import progress_of
from include.pipelines.csv_upload_to_sqs.transform import check_rows
from include.settings import Settings
from tests.bench.clock import Clock
from tests.support.clients import client
from tests.support.deliveries import DAG_ID, Place

if TYPE_CHECKING:
    from include.core.arrivals.claim import ReceivedFile

RUN_ID = "bench"


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


def queue_sluice(
    *, place: dict[str, Any], file: ReceivedFile, acknowledged: int = 0
) -> tuple[float, dict[str, Any]]:
    """The pipeline's task: fetch the file, check all of it, send each row, mark each batch.

    Arguments:
        place: a Place without its dataset.
        file: as a run receives it.
        acknowledged: so many rows count as sent by a try before this one.
    """
    here = Place(upload=DATASET, **{**place, "folder": Path(place["folder"])})
    for service, endpoint in (("s3", here.aws), ("sqs", here.sqs or here.aws)):
        client(service, endpoint)
    if acknowledged:
        _acknowledge(here, file, acknowledged)
    clock = Clock()
    counts = here.deliver(file, RUN_ID)["counts"]
    return clock.stop(**counts)


def _acknowledge(here: Place, file: ReceivedFile, rows: int) -> None:
    claim = hold(here.connect, PIPELINE, file, Run(dag_id=DAG_ID, run_id=RUN_ID))
    if claim.held is None:
        raise ValueError(f"{file['key']} is done")
    lease = Lease(here.connect, claim.held)
    with progress_of(here.connect, lease, upload=DATASET) as progress:
        progress.note([(1, rows)])

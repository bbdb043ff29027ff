"""A chunk's items into the table, unless the table has a newer file's."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from include.core.arrivals.registry import Held, renew
from include.core.aws.json_lines import read_lines
from include.core.failpoints import failpoint
from include.core.warehouse.connection import transaction
from include.pipelines.csv_upload_to_dynamodb.extract import PIPELINE
from include.pipelines.csv_upload_to_dynamodb.stage_events import StageEvent

if TYPE_CHECKING:
    from include.contracts.uploads import ItemUpload
    from include.core.arrivals.versions import FileName
    from include.core.warehouse.connection import Connect
    from include.pipelines.csv_upload_to_dynamodb.chunks import (
        Chunk,
        ChunkFile,
        LoadedChunk,
        TransformedChunk,
    )
    from include.pipelines.csv_upload_to_dynamodb.resources import ItemResources
    from include.pipelines.csv_upload_to_dynamodb.stage_events import StageEvents

_RENEW_SECONDS: Final = 60
_OUTCOMES: Final = ("inserted", "updated", "unchanged", "superseded")


def load(upload: ItemUpload, chunk: TransformedChunk, *, resources: ItemResources) -> LoadedChunk:
    """Write a chunk's items; doing it again writes none that the table has.

    Arguments:
        upload: the contract.
        chunk: what transform came back with.
        resources: what the task works with.

    Returns:
        The chunk, and inserted, updated, unchanged (the table has this version) and superseded
        (it has a newer one).

    Raises:
        ArrivalBusyError: another run has taken the file over.
        ArchiveError: the items are not what was put there.
        DeliveryRefusedError, DeliveryUnavailableError: as DynamoDB or EventBridge says.
    """
    items = resources.items(upload)
    lease = _Lease(resources.connect, chunk["file"])

    def on_batch() -> None:
        failpoint("load.batch_written")
        lease.renew()

    lines = read_lines(resources.hand_over(chunk["index"]).get(chunk["items"], "items.jsonl.gz"))
    outcomes = items.write(lines, on_batch=on_batch)
    failpoint("load.written")
    counts = {name: outcomes[name] for name in _OUTCOMES}
    loaded: LoadedChunk = {
        **chunk,
        "inserted": counts["inserted"],
        "updated": counts["updated"],
        "unchanged": counts["unchanged"],
        "superseded": counts["superseded"],
    }
    resources.events.send([_loaded(chunk, counts)])
    failpoint("load.events_sent")
    return loaded


def report_failure(events: StageEvents, file: FileName, cause: str) -> None:
    """Send the event of a file that a run has given up; cause is without values of rows."""
    events.send([StageEvent(stage="failed", file=file, cause=cause)])


class _Lease:
    """The run's hold of a file; renewed at once, and then not more often than need be."""

    def __init__(self, connect: Connect, file: ChunkFile) -> None:
        self._connect = connect
        self._held = Held(
            pipeline=PIPELINE,
            bucket=file["bucket"],
            key=file["key"],
            version_id=file["version_id"],
            token=file["token"],
        )
        self._renewed_at = float("-inf")
        self.renew()

    def renew(self) -> None:
        if time.monotonic() - self._renewed_at < _RENEW_SECONDS:
            return
        with transaction(self._connect, doing=f"renew the hold of {PIPELINE}") as cursor:
            renew(cursor, self._held)
        self._renewed_at = time.monotonic()


def _loaded(chunk: Chunk, counts: dict[str, int]) -> StageEvent:
    return StageEvent(
        stage="loaded",
        file=chunk["file"],
        chunk=chunk["number"],
        rows=sum(counts.values()),
        ids=(chunk["first_id"], chunk["last_id"]),
        counts=counts,
    )

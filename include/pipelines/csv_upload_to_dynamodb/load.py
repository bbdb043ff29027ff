"""A chunk's items into the table, unless the table has a newer file's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from include.core.arrivals.lease import Lease
from include.core.arrivals.registry import Held
from include.core.aws.json_lines import read_lines
from include.core.failpoints import failpoint
from include.pipelines.csv_upload_to_dynamodb.extract import PIPELINE
from include.pipelines.csv_upload_to_dynamodb.stage_events import StageEvent

if TYPE_CHECKING:
    from include.contracts.uploads import ItemUpload
    from include.core.arrivals.versions import FileName
    from include.pipelines.csv_upload_to_dynamodb.chunks import (
        Chunk,
        LoadedChunk,
        TransformedChunk,
    )
    from include.pipelines.csv_upload_to_dynamodb.resources import ItemResources
    from include.pipelines.csv_upload_to_dynamodb.stage_events import StageEvents

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
    lease = Lease(resources.connect, Held.of(PIPELINE, chunk["file"]))

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


def _loaded(chunk: Chunk, counts: dict[str, int]) -> StageEvent:
    return StageEvent(
        stage="loaded",
        file=chunk["file"],
        chunk=chunk["number"],
        rows=sum(counts.values()),
        ids=(chunk["first_id"], chunk["last_id"]),
        counts=counts,
    )

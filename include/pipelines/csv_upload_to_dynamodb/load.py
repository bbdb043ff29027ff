"""A chunk's items into the table, unless the table has a newer file's."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from include.core.arrivals.registry import Held, note_progress
from include.core.aws.json_lines import read_lines
from include.core.failpoints import failpoint
from include.core.warehouse.connection import transaction
from include.pipelines.csv_upload_to_dynamodb.extract import PIPELINE
from include.pipelines.csv_upload_to_dynamodb.stage_events import StageEvent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from include.contracts.uploads import ItemUpload
    from include.core.warehouse.connection import Connect
    from include.pipelines.csv_upload_to_dynamodb.places import Places
    from include.pipelines.csv_upload_to_dynamodb.stage_events import StageEvents

_RENEW_SECONDS: Final = 60
_OUTCOMES: Final = ("inserted", "updated", "unchanged", "superseded")


def load(upload: ItemUpload, chunk: dict[str, Any], *, places: Places) -> dict[str, Any]:
    """Write a chunk's items; doing it again writes none that the table has.

    Arguments:
        upload: the contract.
        chunk: what transform came back with.
        places: where the task reads and writes.

    Returns:
        The chunk, and inserted, updated, unchanged (the table has this version) and superseded
        (it has a newer one).

    Raises:
        ArrivalBusyError: another run has taken the file over.
        ArchiveError: the items are not what was put there.
        DeliveryRefusedError, DeliveryUnavailableError: as DynamoDB or EventBridge says.
    """
    place = places.hand_over(chunk["index"])
    items = places.items(upload)
    lease = _Lease(places.connect, chunk["file"])

    def on_batch() -> None:
        failpoint("load.batch_written")
        lease.renew()

    lines = read_lines(place.get(chunk["items"], "items.jsonl.gz"))
    outcomes = items.write(lines, on_batch=on_batch)
    failpoint("load.written")
    counts = {name: outcomes[name] for name in _OUTCOMES}
    places.events.tell([_loaded(chunk, counts)])
    failpoint("load.told")
    return {**chunk, **counts}


def failed(
    events: StageEvents, file: Mapping[str, Any], *, cause: str, chunk: int | None = None
) -> None:
    """Tell of a file, or a chunk of it, that a run has given up.

    Arguments:
        events: where the stages are told of.
        file: bucket, key and version_id.
        cause: without values of rows.
        chunk: its number; None for the whole file.
    """
    events.tell([StageEvent(stage="failed", file=file, chunk=chunk, cause=cause)])


class _Lease:
    """The run's hold of a file; renewed at once, and then not more often than need be."""

    def __init__(self, connect: Connect, file: Mapping[str, Any]) -> None:
        named = {name: file[name] for name in ("bucket", "key", "version_id", "token")}
        self._connect, self._held = connect, Held(pipeline=PIPELINE, **named)
        self._renewed_at = float("-inf")
        self.renew()

    def renew(self) -> None:
        if time.monotonic() - self._renewed_at < _RENEW_SECONDS:
            return
        with transaction(self._connect, doing=f"renew the hold of {PIPELINE}") as cursor:
            note_progress(cursor, self._held)
        self._renewed_at = time.monotonic()


def _loaded(chunk: dict[str, Any], counts: dict[str, int]) -> StageEvent:
    return StageEvent(
        stage="loaded",
        file=chunk["file"],
        chunk=chunk["number"],
        rows=sum(counts.values()),
        ids=(chunk["first_id"], chunk["last_id"]),
        counts=counts,
    )

"""Events on an EventBridge bus: one for each stage that a file goes through.

An event's Source is "sluice." and the pipeline, its DetailType the stage, its Detail a JSON object:

    event_id     the same for the same stage, chunk, file version and run: repeats can be dropped
    pipeline, dag_id, run_id, bucket, key, version_id
    chunk        number of the part of the file, null for all of it
    rows         how many rows went through the stage
    first_id, last_id      range of the rows' ids, each at most 128 characters; null if unknown
    first_line, last_line  range of the rows' lines in the file; null if unknown
    counts       what became of the rows, by name
    cause        what went wrong, null if nothing did

Delivery is at least once and in no order.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

from include.core.aws.batches import Limits, Refusal, batches, send_batch

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from include.core.arrivals.versions import FileName
    from include.core.runs.run import Run

Stage = Literal["extracted", "transformed", "loaded", "rejected", "failed"]

# https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html, and
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevent-size.html
LIMITS: Final = Limits(entries=10, total_bytes=262_144)
_FINAL: Final = frozenset(
    {
        "AccessDeniedException",
        "InvalidAccountIdException",
        "InvalidArgument",
        "MalformedDetail",
        "NotAuthorizedForDetailTypeException",
        "NotAuthorizedForSourceException",
    }
)
_ID_CHARACTERS: Final = 128
_CUT: Final = "…"


@dataclass(frozen=True, kw_only=True)
class StageEvent:
    """What happened to a file or a chunk of it.

    Attributes:
        stage: the DetailType.
        file: which file.
        chunk: number of the part of the file, None for all of it.
        rows: how many rows went through the stage.
        ids: first and last id of these rows.
        lines: first and last line of these rows in the file.
        counts: what became of them.
        cause: what went wrong, without values of rows.
    """

    stage: Stage
    file: FileName
    chunk: int | None = None
    rows: int = 0
    ids: tuple[str, str] | None = None
    lines: tuple[int, int] | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    cause: str | None = None


@dataclass(frozen=True, kw_only=True)
class StageEvents:
    """The bus of a run's stages.

    Attributes:
        client: a boto3 client of events.
        bus: name of the event bus.
        pipeline: which pipeline runs.
        run: the run that the events are of.
    """

    client: Any
    bus: str
    pipeline: str
    run: Run

    def send(self, events: Iterable[StageEvent]) -> None:
        """Put events on the bus.

        Raises:
            DeliveryRefusedError, DeliveryUnavailableError: as send_batch says.
        """
        entries = (self._entry(event) for event in events)
        for batch in batches(entries, size=_entry_size, limits=LIMITS):
            send_batch(batch, self._put, what=f"events to the bus {self.bus}")

    def _put(self, entries: Sequence[dict[str, str]]) -> dict[int, Refusal]:
        answer = self.client.put_events(Entries=list(entries))
        return {
            place: Refusal(code=entry["ErrorCode"], final=entry["ErrorCode"] in _FINAL)
            for place, entry in enumerate(answer["Entries"])
            if "ErrorCode" in entry
        }

    def _entry(self, event: StageEvent) -> dict[str, str]:
        detail: dict[str, object] = {
            "pipeline": self.pipeline,
            "dag_id": self.run.dag_id,
            "run_id": self.run.run_id,
            "bucket": event.file["bucket"],
            "key": event.file["key"],
            "version_id": event.file["version_id"],
            "chunk": event.chunk,
        }
        named = json.dumps([event.stage, *detail.values()])
        first_id, last_id = map(_cut, event.ids) if event.ids else (None, None)
        first_line, last_line = event.lines or (None, None)
        detail |= {
            "event_id": hashlib.sha256(named.encode()).hexdigest()[:32],
            "rows": event.rows,
            "first_id": first_id,
            "last_id": last_id,
            "first_line": first_line,
            "last_line": last_line,
            "counts": dict(event.counts),
            "cause": event.cause,
        }
        return {
            "Source": f"sluice.{self.pipeline}",
            "DetailType": event.stage,
            "Detail": json.dumps(detail),
            "EventBusName": self.bus,
        }


def _cut(text: str) -> str:
    return text if len(text) <= _ID_CHARACTERS else text[: _ID_CHARACTERS - 1] + _CUT


def _entry_size(entry: dict[str, str]) -> int:
    return sum(len(entry[name].encode()) for name in ("Source", "DetailType", "Detail"))

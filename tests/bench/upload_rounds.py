"""How fast uploaded files reach a queue and a table, beside a bare loop, and in what memory."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from include.datasets.any_csv import DATASET
from tests.bench.lab import together

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bench.lab import Lab, Measurement
    from tests.bench.landing_place import LandingPlace

# As many as the pipelines have.
THREADS: Final = 4
BARE_THREADS: Final = f"bare loop, {THREADS} threads"
BARE: Final = "bare loop, one thread"
DELIVER: Final = "csv_upload_to_sqs: deliver"
SEND: Final = "csv_upload_to_sqs: deliver_part"
FAN_BARE: Final = f"bare loop, {THREADS} threads, to the sink"
FAN_ONE: Final = "csv_upload_to_sqs: parts, one worker"
FAN_TWO: Final = "csv_upload_to_sqs: parts, two workers"
FAN_PARTS: Final = 8
EXTRACT: Final = "csv_upload_to_dynamodb: extract"
TRANSFORM: Final = "csv_upload_to_dynamodb: transform"
LOAD: Final = "csv_upload_to_dynamodb: load"
OBSERVE: Final = "csv_upload_to_dynamodb: observe"
ALL: Final = "csv_upload_to_dynamodb: all four"
_CASES: Final = {
    EXTRACT: "items_extract",
    TRANSFORM: "items_transform",
    LOAD: "items_load",
    OBSERVE: "items_observe",
}


@dataclass
class UploadRounds:
    """Measurements of files of one size, gathered round by round.

    Attributes:
        lab: where they are made.
        place: what files land in and rows go to.
        rows: of a file.
        found: title of a way to its measurements.
    """

    lab: Lab
    place: LandingPlace
    rows: int
    found: dict[str, list[Measurement]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        self.folder: Path = self.place.write(self.rows)

    def queue(self) -> None:
        """Each way onto a queue of the emulator once, the pipeline between the bare loops."""
        self._queue_bare(BARE_THREADS, THREADS)
        queue_url, file = self.place.make_queue(), self.place.land(self.folder)
        expect = {"read": self.rows, "delivered": self.rows}
        place = self.place.of_queue(queue_url)
        self._time(DELIVER, "queue_sluice", expect=expect, place=place, file=file)
        self.place.check_queue(queue_url, self.folder)
        self._queue_bare(BARE, 1)

    def items(self) -> None:
        """Each way into a table of the emulator once, the pipeline between the bare loops."""
        self._items_bare(BARE_THREADS, THREADS)
        table, file = self.place.make_table(), self.place.land(self.folder)
        self._items(file, self.place.of_items(table))
        self.place.check_table(table, self.folder, file["order"])
        self._items_bare(BARE, 1)
        parts = [self.found[title][-1] for title in _CASES]
        cpu_seconds = sum(part.answer["cpu_seconds"] for part in parts)
        self.found[ALL].append(together(parts, cpu_seconds=cpu_seconds))

    def fan(self) -> None:
        """A file in parts to the sink, by one worker and by two, beside the bare loop."""
        before = self.place.sunk()
        self._queue_bare(FAN_BARE, THREADS, to_sink=True)
        for title, workers in ((FAN_ONE, 1), (FAN_TWO, 2)):
            place, parts = self._read(-(-self.rows // FAN_PARTS))
            expect = {"delivered": self.rows}
            self._time(
                title, "queue_parts", expect=expect, place=place, parts=parts, workers=workers
            )
        self.place.check_sunk(before, messages=3 * self.rows)

    def queue_memory(self, *, most: int) -> None:
        """Deliver to the sink: all rows are checked, and at most so many parts are sent."""
        before = self.place.sunk()
        place, parts = self._read(DATASET.part_rows)
        sent = _spread(parts, most)
        if parts:
            self._time(SEND, "queue_parts", expect={}, place=place, parts=sent, workers=1)
        self.place.check_sunk(before, messages=sum(part["rows"] for part in sent) or self.rows)

    def _read(self, part_rows: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """Read a new file; returns where it goes and its parts, none where it was sent at once."""
        file, place = self.place.land(self.folder), self.place.of_queue()
        expect = {"read": self.rows}
        read = self._time(
            DELIVER, "queue_read", expect=expect, place=place, file=file, part_rows=part_rows
        )
        return place, read.answer["parts"]

    def items_memory(self, *, most: int) -> None:
        """All tasks of a file, to the sink; load and observe for at most so many chunks."""
        before = self.place.sunk()
        rows = self._items(self.place.land(self.folder), self.place.of_items(), most=most)
        self.place.check_sunk(before, items=rows, keys=rows)

    def _queue_bare(self, title: str, threads: int, *, to_sink: bool = False) -> None:
        file = self.place.land(self.folder)
        place = self.place.of_queue(None if to_sink else self.place.make_queue())
        queue_url = place["queue_url"]
        self._time(
            title,
            "queue_bare",
            expect={"delivered": self.rows},
            endpoint=place.get("sqs", self.place.endpoint),
            queue_url=queue_url,
            folder=str(self.folder),
            file=file,
            threads=threads,
        )
        if not to_sink:
            self.place.check_queue(queue_url, self.folder)

    def _items_bare(self, title: str, threads: int) -> None:
        table, file = self.place.make_table(), self.place.land(self.folder)
        self._time(
            title,
            "items_bare",
            expect={"inserted": self.rows},
            endpoint=self.place.endpoint,
            table=table,
            folder=str(self.folder),
            file=file,
            threads=threads,
        )
        self.place.check_table(table, self.folder, file["order"])

    def _items(self, file: dict[str, Any], place: dict[str, Any], most: int | None = None) -> int:
        """All tasks one after the other; returns how many rows were loaded."""
        expect = {"read": self.rows}
        extracted = self._time(EXTRACT, "items_extract", expect=expect, place=place, file=file)
        transformed = self._task(TRANSFORM, extracted.answer["chunks"], place, rejected=0)
        chunks = _spread(transformed, most or len(transformed))
        rows = sum(int(chunk["rows"]) for chunk in chunks)
        loaded = self._task(LOAD, chunks, place, inserted=rows)
        self._task(OBSERVE, loaded, place, found=rows, missing=0)
        return rows

    def _task(
        self, title: str, chunks: list[dict[str, Any]], place: dict[str, Any], **expect: int
    ) -> list[dict[str, Any]]:
        case = _CASES[title]
        done = self._time(title, case, expect=expect, place=place, chunks=chunks)
        result: list[dict[str, Any]] = done.answer["chunks"]
        return result

    def _time(self, title: str, case: str, **arguments: Any) -> Measurement:
        measured = self.lab.measure(case, **arguments)
        self.lab.say(f"{self.rows:>12,} rows  {title:<45} {measured.seconds:7.2f} s")
        self.found[title].append(measured)
        return measured


def _spread(chunks: list[dict[str, Any]], most: int) -> list[dict[str, Any]]:
    """At most so many of the chunks, the first and the last among them."""
    if len(chunks) <= most:
        return chunks
    return [chunks[place * (len(chunks) - 1) // (most - 1)] for place in range(most)]

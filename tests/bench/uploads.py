"""All measurements of files that land in S3."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tests.bench import upload_report
from tests.bench.landing_place import LandingPlace
from tests.bench.plan import Report
from tests.bench.upload_rounds import UploadRounds

if TYPE_CHECKING:
    from collections.abc import Collection

    from tests.bench.aims import Aim, Found
    from tests.bench.lab import Lab
    from tests.bench.plan import Plan
    from tests.bench.server import Servers

# The emulator takes some thousand messages a second, and some hundred items.
_ROWS: Final = {"sqs": 5_000, "dynamodb": 2_500, "fan": 40_000}
# Parts, or chunks, that are sent where only memory is looked at.
_SENT: Final = 2


def measure(lab: Lab, servers: Servers, plan: Plan) -> Report:
    """Measure "sqs" and "dynamodb".

    Raises:
        StackError: what they need does not start.
        WrongResultError: a queue, a table or the sink did not get what it should.
    """
    uploads = Uploads.start(lab, servers, parts=plan.parts, full=plan.full)
    uploads.measure(rows=plan.rows, rounds=plan.rounds)
    return Report(lines=uploads.sections(), aims=uploads.aims())


@dataclass
class Uploads:
    """Measurements of the pipelines that start from S3.

    Attributes:
        lab: where they are made.
        place: what files land in and rows go to.
        parts: "sqs", "dynamodb" or both.
        full: send all rows of the largest files too.
    """

    lab: Lab
    place: LandingPlace
    parts: Collection[str]
    full: bool
    speeds: dict[str, tuple[int, Found]] = field(default_factory=dict)
    by_size: dict[int, Found] = field(default_factory=dict)

    @classmethod
    def start(cls, lab: Lab, servers: Servers, *, parts: Collection[str], full: bool) -> Uploads:
        """Start what they need.

        Raises:
            StackError: it does not start.
        """
        place = LandingPlace.start(lab, servers)
        return cls(lab=lab, place=place, parts=parts, full=full)

    def measure(self, *, rows: int, rounds: int) -> None:
        """Measure speed on small files, and memory on files of three sizes.

        Arguments:
            rows: of the largest file.
            rounds: how often speed is measured.

        Raises:
            WrongResultError: a queue, a table or the sink did not get what it should.
        """
        sized = {
            part: UploadRounds(self.lab, self.place, min(rows, _ROWS[part])) for part in self.parts
        }
        for number in range(rounds):
            self.lab.say(f"round {number + 1} of {rounds}")
            for part, one in sized.items():
                {"sqs": one.queue, "dynamodb": one.items, "fan": one.fan}[part]()
        self.speeds = {part: (one.rows, one.found) for part, one in sized.items()}
        for size in (rows // 100, rows // 10, rows):
            self.by_size[size] = self._measure_memory(size)

    def _measure_memory(self, rows: int) -> Found:
        one = UploadRounds(self.lab, self.place, rows)
        if "sqs" in self.parts:
            one.queue_memory(most=rows if self.full else _SENT)
        if "dynamodb" in self.parts:
            one.items_memory(most=rows if self.full else _SENT)
        return one.found

    def sections(self) -> list[str]:
        """All measurements, as lines of text."""
        return upload_report.sections(self.speeds, self.by_size)

    def aims(self) -> list[Aim]:
        """What was aimed at, and what came out."""
        return upload_report.aims(self.speeds, self.by_size)

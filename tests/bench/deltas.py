"""What changed between two exports of a table, beside DuckDB that counts the rows of both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tests.bench import source
from tests.bench.aims import Aim, memory, peak, ratio
from tests.bench.lab import together
from tests.bench.plan import Report
from tests.bench.rounds import Rounds
from tests.bench.server import PEERS
from tests.bench.tables import table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.bench.aims import Found
    from tests.bench.lab import Lab, Measurement
    from tests.bench.plan import Plan
    from tests.bench.server import Servers

FLOOR: Final = "DuckDB counts both gzipped files"
SNAPSHOT: Final = "snapshot of an export"
DELTA: Final = "delta of two snapshots"
WAY: Final = "from the landed file to the delta"
CSV_DIFF: Final = "csv-diff, from both files"
_FLOORS: Final = dict.fromkeys((FLOOR, DELTA, SNAPSHOT, WAY, CSV_DIFF), FLOOR)
# Of the plan's size, and of ten times that: times the floor's time, and megabytes.
_MOST: Final = ((1.8, 250), (1.0, 650))
_MOST_WAY: Final = 4.0


def measure(lab: Lab, _: Servers, plan: Plan) -> Report:
    """Measure "delta": 1 % of the rows changed, a tenth of a percent new, and as many gone.

    Raises:
        WrongResultError: a way counts other operations than there are.
    """
    by_size: dict[int, Found] = {}
    for rows, rounds in ((plan.rows, plan.rounds), *([(plan.rows * 10, 1)] if plan.full else [])):
        one = DeltaRounds(lab, lab.make(rows))
        for number in range(rounds):
            one.round()
            if plan.peers and rows == plan.rows and number == 0:
                one.csv_diff()
        by_size[rows] = one.found
    lines = [
        line
        for rows, found in by_size.items()
        for line in table(f"Delta of two exports, {rows:,} rows", found, _FLOORS)
    ]
    return Report(lines=[*lines, *memory(by_size, (SNAPSHOT, DELTA))], aims=[*_aims(by_size)])


@dataclass
class DeltaRounds(Rounds):
    """The delta of two exports beside its floor."""

    def __post_init__(self) -> None:
        made = self.lab.measure("exports_made", expect={}, folder=str(self.files.folder)).answer
        self._wanted = {name: made[name] for name in ("inserts", "updates", "deletes")}
        self._rows = {
            "base": self.files.rows - self._wanted["inserts"],
            "changed": self.files.rows - self._wanted["deletes"],
        }
        self._snapshot("base")

    def round(self) -> None:
        """Each way once, beside the floor."""
        self.keep(FLOOR, self._measure("exports_counted", expect=self._rows))
        made = self.keep(SNAPSHOT, self._snapshot("changed"))
        found = self.keep(DELTA, self._measure("delta_computed", expect=self._wanted))
        self.keep(WAY, together([made, found]))

    def csv_diff(self) -> None:
        """Another tool's delta of the same files."""
        base, newest = (
            str(source.exported(self.files.folder, version)) for version in source.VERSIONS
        )
        measured = self.lab.measure(
            "csv_diff", expect=self._wanted, python=str(PEERS), base=base, newest=newest
        )
        self.keep(CSV_DIFF, measured)

    def _snapshot(self, version: str) -> Measurement:
        expect = {"rows": self._rows[version]}
        return self._measure("snapshot_made", expect=expect, version=version)

    def _measure(self, case: str, *, expect: dict[str, int], **arguments: Any) -> Measurement:
        return self.lab.measure(case, expect=expect, folder=str(self.files.folder), **arguments)


def _aims(by_size: Mapping[int, Found]) -> Iterator[Aim]:
    for (rows, found), (most, most_mb) in zip(by_size.items(), _MOST, strict=False):
        for title, ratio_most in ((DELTA, most), (WAY, _MOST_WAY)):
            reached = ratio(found[title], found[FLOOR])
            yield Aim(
                title=f"{title}, {rows:,} rows", reached=reached, most=ratio_most, unit="x counting"
            )
        reached = peak(found[DELTA])
        yield Aim(title=f"memory, {DELTA}, {rows:,} rows", reached=reached, most=most_mb, unit="MB")

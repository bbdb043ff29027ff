"""Operations onto a stream that keeps none, beside a bare loop of PutRecords."""

from __future__ import annotations

from collections import defaultdict
from itertools import count
from typing import TYPE_CHECKING, Any, Final

from include.contracts.exports import TableExport
from tests.bench import source
from tests.bench.aims import Aim, ratio
from tests.bench.landing_place import LandingPlace
from tests.bench.plan import Report
from tests.bench.tables import rates
from tests.bench.upload_rounds import FAN_PARTS, THREADS

if TYPE_CHECKING:
    from tests.bench.lab import Lab, Measurement
    from tests.bench.plan import Plan
    from tests.bench.server import Servers

BARE: Final = f"bare loop of PutRecords, {THREADS} threads"
ONE: Final = "publish_part, one worker"
TWO: Final = "publish_part, two workers"
# Parts as large as they are by default.
_ROWS: Final = FAN_PARTS * TableExport.part_rows


def measure(lab: Lab, servers: Servers, plan: Plan) -> Report:
    """Measure "publish": a first export in parts, by one worker and by two, beside the bare loop.

    Raises:
        StackError: what it needs does not start.
        WrongResultError: the stream did not get every operation once.
    """
    place = LandingPlace.start(lab, servers)
    files = lab.make(min(plan.rows, _ROWS))
    lab.measure("exports_made", expect={}, folder=str(files.folder))
    found: dict[str, list[Measurement]] = defaultdict(list)
    tenants = count(1)

    def time(title: str, case: str, parts: list[dict[str, Any]], **how: Any) -> None:
        published = sum(part["rows"] for part in parts)
        expect, before = {"published": published}, place.sunk()
        measured = lab.measure(case, expect=expect, place=place.of_stream(), parts=parts, **how)
        place.check_sunk(before, records=published)
        lab.say(f"{published:>12,} rows  {title:<45} {measured.seconds:7.2f} s")
        found[title].append(measured)

    def compute() -> list[dict[str, Any]]:
        computed = lab.measure(
            "publish_computed",
            expect={},
            place=place.of_stream(),
            tenant=f"tenant{next(tenants)}",
            file=str(source.exported(files.folder, "base")),
            part_rows=-(-files.rows // FAN_PARTS),
        )
        parts: list[dict[str, Any]] = computed.answer["parts"]
        return parts

    for _number in range(plan.rounds):
        parts = compute()
        time(BARE, "publish_bare", parts, threads=THREADS)
        time(ONE, "publish_parts", parts, workers=1)
        time(TWO, "publish_parts", compute(), workers=2)
    return Report(
        lines=[
            f"Operations onto a stream, {files.rows:,} rows",
            *rates(files.rows, found, (BARE, ONE, TWO)),
        ],
        aims=[
            Aim(
                title=title,
                reached=ratio(found[title], found[floor]),
                most=most,
                unit=f"x {beside}",
            )
            for title, floor, most, beside in (
                (ONE, BARE, 1.3, "bare loop"),
                (TWO, ONE, 1 / 1.5, "one worker"),
            )
        ],
    )

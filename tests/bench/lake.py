"""From an API's answers to a file of the lake, beside pyarrow alone on the same records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.bench.aims import Aim, growth, memory, ratio
from tests.bench.plan import Report
from tests.bench.tables import table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.bench.aims import Found
    from tests.bench.lab import Lab, Measurement
    from tests.bench.plan import Plan
    from tests.bench.server import Servers

FLOOR: Final = "pyarrow alone, the fields declared"
ALL_FIELDS: Final = "pyarrow alone, all fields"
SLUICE: Final = "Sluice, every record checked"
_FLOORS: Final = dict.fromkeys((FLOOR, ALL_FIELDS, SLUICE), FLOOR)
_MOST: Final = 1.5
_LEAST_RECORDS: Final = 10_000


def measure(lab: Lab, _: Servers, plan: Plan) -> Report:
    """Measure "lake": answers of 10,000 records each into one Parquet file.

    Raises:
        WrongResultError: a way writes other rows than there are.
    """
    by_size: dict[int, Found] = {}
    for rows in sorted({min(plan.rows, _LEAST_RECORDS), plan.rows}):
        by_size[rows] = _measure(lab, rows, plan.rounds if rows == plan.rows else 1)
    lines = [
        line
        for rows, found in by_size.items()
        for line in table(f"Answers to Parquet, {rows:,} records", found, _FLOORS)
    ]
    aims = [_aim(by_size[plan.rows], plan.rows), *growth(by_size, (SLUICE,))]
    return Report(lines=[*lines, *memory(by_size, (FLOOR, SLUICE))], aims=aims)


def _measure(lab: Lab, rows: int, rounds: int) -> Mapping[str, list[Measurement]]:
    folder = str(lab.root / f"lake-{rows}")
    lab.measure("lake_made", expect={"rows": rows}, folder=folder, rows=rows)
    found: dict[str, list[Measurement]] = {FLOOR: [], ALL_FIELDS: [], SLUICE: []}
    for _ in range(rounds):
        for title, declared in ((FLOOR, True), (ALL_FIELDS, False)):
            one = lab.measure(
                "lake_pyarrow", expect={"rows": rows}, folder=folder, declared=declared
            )
            found[title].append(one)
        expect = {"rows": rows, "rejected": 0}
        found[SLUICE].append(lab.measure("lake_sluice", expect=expect, folder=folder))
        for title, measured in found.items():
            lab.say(f"{rows:>12,} rows  {title:<45} {measured[-1].seconds:7.2f} s")
    return found


def _aim(found: Found, rows: int) -> Aim:
    reached = ratio(found[SLUICE], found[FLOOR])
    return Aim(title=f"{SLUICE}, {rows:,} records", reached=reached, most=_MOST, unit="x pyarrow")

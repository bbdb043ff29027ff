"""Operations of the changes stream into their table, beside COPY of the same operations."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

from tests.bench.aims import Aim, ratio
from tests.bench.change_cases import make_operations
from tests.bench.lab import together
from tests.bench.plan import Report
from tests.bench.tables import table

if TYPE_CHECKING:
    from tests.bench.lab import Lab, Measurement
    from tests.bench.plan import Plan
    from tests.bench.server import Servers

_TITLES: Final = {"v1": "first version, inserts", "v2": "80 % updates, inserts, deletes"}
_MOST: Final = 2.5


def measure(lab: Lab, _: Servers, plan: Plan) -> Report:
    """Measure "apply", a tenth of the plan's rows as operations, round by round.

    Raises:
        WrongResultError: a way does not do what it is measured for.
    """
    rows, folder = plan.rows // 10, lab.root / "operations"
    folder.mkdir(exist_ok=True)
    lab.say(f"inventing two versions of {rows:,} rows")
    made = make_operations(folder, rows)
    found: dict[str, list[Measurement]] = defaultdict(list)

    def time(title: str, case: str, **arguments: Any) -> Measurement:
        measured = lab.measure(case, uri=lab.uri, **arguments)
        lab.say(f"{title:<58} {measured.seconds:7.2f} s")
        found[title].append(measured)
        return measured

    for _number in range(plan.rounds):
        for version, title in _TITLES.items():
            count = sum(made[version].values())
            file = str(folder / f"{version}.csv")
            time(_floor(title), "copy_operations", expect={"copied": count}, file=file)
            taken = time(
                _taken(title),
                "changes_taken",
                expect={"staged": count, "ends": 1},
                file=str(folder / f"{version}.jsonl"),
                version=version,
            )
            if version != "v1":
                lab.vacuum("exports.bench__sales")
            applied = time(
                _applied(title), "changes_applied", expect=made[version], folder=str(lab.root)
            )
            found[_both(title)].append(together([taken, applied]))
    titles = [
        {each(title): _floor(title) for each in (_floor, _taken, _applied, _both)}
        for title in _TITLES.values()
    ]
    floors = {name: floor for each in titles for name, floor in each.items()}
    return Report(
        lines=table(f"Operations into their table, {rows:,} rows", found, floors),
        aims=[
            Aim(
                title=_applied(title),
                reached=ratio(found[_applied(title)], found[_floor(title)]),
                most=_MOST,
                unit="x keyed COPY",
            )
            for title in _TITLES.values()
        ],
    )


def _floor(title: str) -> str:
    return f"COPY alone: {title}"


def _taken(title: str) -> str:
    return f"read: {title}"


def _applied(title: str) -> str:
    return f"apply: {title}"


def _both(title: str) -> str:
    return f"read and apply: {title}"

"""All measurements of loading snapshots, and of reading CSV."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.bench import load_report
from tests.bench.load_rounds import LoadRounds
from tests.bench.plan import Report

if TYPE_CHECKING:
    from tests.bench.aims import Found
    from tests.bench.lab import Lab
    from tests.bench.plan import Plan
    from tests.bench.server import Servers


def measure(lab: Lab, _: Servers, plan: Plan) -> Report:
    """Measure "postgres" and "csv", both round by round.

    Raises:
        WrongResultError: a way does not do what it is measured for.
    """
    main = LoadRounds(lab, lab.make(plan.rows))
    for number in range(plan.rounds):
        lab.say(f"round {number + 1} of {plan.rounds}")
        if "postgres" in plan.parts:
            main.floors()
            main.sluice()
        if "csv" in plan.parts:
            main.csv()
        if "postgres" in plan.parts and number == 0:
            main.plain()
    by_size: dict[int, Found] = {plan.rows: main.found}
    for rows in plan.other_sizes:
        other = LoadRounds(lab, lab.make(rows))
        if "postgres" in plan.parts:
            other.sluice()
        if "csv" in plan.parts:
            other.csv()
        by_size[rows] = other.found
    return Report(
        lines=load_report.sections(by_size, rows=plan.rows),
        aims=load_report.aims(by_size, rows=plan.rows),
    )

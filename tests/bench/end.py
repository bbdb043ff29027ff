"""All measurements of the whole way from a CSV file to a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.bench import end_report
from tests.bench.end_rounds import DLT, DLT_KEYED, EndRounds
from tests.bench.plan import Report

if TYPE_CHECKING:
    from tests.bench.aims import Found
    from tests.bench.lab import Lab
    from tests.bench.plan import Plan
    from tests.bench.server import Servers


def measure(lab: Lab, _: Servers, plan: Plan) -> Report:
    """Measure "end": the pipeline and its floor, and if wanted other tools beside them.

    Raises:
        WrongResultError: a way does not do what it is measured for.
    """
    main = EndRounds(lab, lab.make(plan.rows))
    for number in range(plan.rounds):
        lab.say(f"round {number + 1} of {plan.rounds}")
        main.floor()
        main.sluice()
        for name in (DLT, DLT_KEYED) if plan.peers else ():
            main.dlt(name)
    by_size: dict[int, Found] = {plan.rows: main.found}
    for rows in plan.other_sizes:
        other = EndRounds(lab, lab.make(rows))
        other.floor()
        other.sluice()
        by_size[rows] = other.found
    return Report(
        lines=end_report.sections(by_size, rows=plan.rows),
        aims=end_report.aims(by_size, rows=plan.rows),
    )

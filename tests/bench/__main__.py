"""Measures how Sluice reads, loads and delivers rows: `make bench`.

Exits with 1 when a measured way gives a wrong result. Being slow fails nothing.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from infra.common.errors import StackError
from tests.bench import changes, deltas, end, lake, loads, page, publishing, uploads, walk
from tests.bench.lab import Lab, WrongResultError
from tests.bench.plan import Plan
from tests.bench.server import PEERS, temporary_servers
from tests.bench.workers import start_interpreter

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.bench.aims import Aim
    from tests.bench.plan import Report
    from tests.bench.server import Servers
    from tests.bench.workers import Work

    Measure = Callable[[Lab, Servers, Plan], Report]

# Parts that are measured side by side, and what measures those of them that are asked for.
GROUPS: Final[dict[tuple[str, ...], Measure]] = {
    ("postgres", "csv"): loads.measure,
    ("end",): end.measure,
    ("delta",): deltas.measure,
    ("lake",): lake.measure,
    ("publish",): publishing.measure,
    ("apply",): changes.measure,
    ("sqs", "dynamodb", "fan"): uploads.measure,
    ("walk",): walk.measure,
    ("page",): page.measure,
}
PARTS: Final = [part for group in GROUPS for part in group]
# A whole stack takes a minute to start; these are measured when asked for.
USUAL: Final = [part for part in PARTS if part not in ("walk", "page")]
STOPPED: Final = 128 + signal.SIGINT


def main(arguments: Sequence[str] | None = None, *, work: Work = start_interpreter) -> int:
    """Measure and print; returns the exit code.

    Arguments:
        arguments: of the command line.
        work: runs a case.
    """
    plan = _plan(arguments)
    try:
        with temporary_servers() as servers:
            lab = Lab(server=servers.postgres, root=servers.root, say=_Teller(), work=work)
            lab.prepare()
            print(_measure(servers, lab, plan), flush=True)  # noqa: T201 -- the result of the command
    except (WrongResultError, StackError) as error:
        print(f"bench: {error}", file=sys.stderr)  # noqa: T201 -- as above
        return 1
    except KeyboardInterrupt:
        return STOPPED
    return 0


def _measure(servers: Servers, lab: Lab, plan: Plan) -> str:
    lines: list[str] = []
    aims: list[Aim] = []
    for group, measure in GROUPS.items():
        if parts := [part for part in group if part in plan.parts]:
            report = measure(lab, servers, replace(plan, parts=parts))
            lines += report.lines
            aims += report.aims
    return "\n".join([*lines, "Aims", *map(str, aims)])


def _plan(arguments: Sequence[str] | None) -> Plan:
    parser = argparse.ArgumentParser(
        prog="make bench", description=__doc__, usage=argparse.SUPPRESS
    )
    parser.add_argument("--only", nargs="+", choices=PARTS, default=USUAL, metavar="PART")
    parser.add_argument("--rows", type=_many(100), default=1_000_000, metavar="ROWS")
    parser.add_argument("--rounds", type=_many(1), default=3, metavar="ROUNDS")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--peers", action="store_true")
    options = parser.parse_args(arguments)
    if options.peers and not PEERS.exists():
        parser.error("the other tools are not installed; PEERS=1 does that")
    return Plan(
        parts=options.only,
        rows=options.rows,
        rounds=options.rounds,
        full=options.full,
        peers=options.peers,
    )


def _many(least: int) -> Callable[[str], int]:
    """A whole number, least or more."""

    def parse(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"{text} is no whole number from {least}")
        return int(text)

    return parse


class _Teller:
    """Prints a line for each step, with the seconds since the start."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def __call__(self, text: str) -> None:
        print(f"{time.monotonic() - self._began:6.1f} s  {text}", file=sys.stderr, flush=True)  # noqa: T201 -- progress


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main())

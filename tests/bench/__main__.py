"""Measures how Sluice reads, loads and delivers rows: `python -m tests.bench [--only sqs …]`.

Exits with 1 when a measured way gives a wrong result. Being slow fails nothing.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from typing import TYPE_CHECKING, Final

from infra.common.errors import StackError
from tests.bench import report
from tests.bench.lab import WORKER, Lab, WrongResultError
from tests.bench.rounds import Rounds
from tests.bench.server import temporary_servers
from tests.bench.uploads import Uploads

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.bench.aims import Aim, Found
    from tests.bench.server import Servers

LOADS: Final = ("postgres", "csv")
UPLOADS: Final = ("sqs", "dynamodb")
STOPPED: Final = 128 + signal.SIGINT


def main(arguments: Sequence[str] | None = None, *, worker: str = WORKER) -> int:
    """Measure and print; returns the exit code.

    Arguments:
        arguments: of the command line.
        worker: the module that runs a case.
    """
    options = _options(arguments)
    try:
        with temporary_servers() as servers:
            lab = Lab(server=servers.postgres, root=servers.root, say=_Teller(), worker=worker)
            lab.prepare()
            print(_measure(servers, lab, options), flush=True)  # noqa: T201 -- the result of the command
    except (WrongResultError, StackError) as error:
        print(f"bench: {error}", file=sys.stderr)  # noqa: T201 -- as above
        return 1
    except KeyboardInterrupt:
        return STOPPED
    return 0


def _measure(servers: Servers, lab: Lab, options: argparse.Namespace) -> str:
    lines: list[str] = []
    aims: list[Aim] = []
    if loads := [part for part in LOADS if part in options.only]:
        found, by_size = _measure_loads(lab, options, loads)
        lines += [f"{options.rows:,} rows of 6 columns, two of them the key", ""]
        lines += report.sections(found, by_size)
        aims += report.aims(found, by_size)
    if parts := [part for part in UPLOADS if part in options.only]:
        uploads = Uploads.start(lab, servers, parts=parts, full=options.full)
        uploads.measure(rows=options.rows, rounds=options.rounds)
        lines += uploads.sections()
        aims += uploads.aims()
    return "\n".join([*lines, "Aims", *map(str, aims)])


def _measure_loads(
    lab: Lab, options: argparse.Namespace, parts: list[str]
) -> tuple[Found, dict[int, Found]]:
    main_size = Rounds(lab, lab.make(options.rows))
    for number in range(options.rounds):
        lab.say(f"round {number + 1} of {options.rounds}")
        if "postgres" in parts:
            main_size.floors()
            main_size.sluice()
        if "csv" in parts:
            main_size.csv()
        if "postgres" in parts and number == 0:
            main_size.plain()
    by_size: dict[int, Found] = {options.rows: main_size.found}
    for rows in [options.rows // 10, *([options.rows * 10] if options.full else [])]:
        other = Rounds(lab, lab.make(rows, versions=("base",)))
        if "postgres" in parts:
            other.sluice()
        if "csv" in parts:
            other.csv(with_floors=False)
        by_size[rows] = other.found
    return main_size.found, by_size


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of the largest file")
    parser.add_argument("--rounds", type=int, default=3, help="how often all is measured")
    parser.add_argument(
        "--only",
        nargs="+",
        choices=(*LOADS, *UPLOADS),
        default=(*LOADS, *UPLOADS),
        help="measure these alone",
    )
    parser.add_argument(
        "--full",
        action="store_true",
        help="look at the memory of ten times the rows as well, and send every uploaded row",
    )
    return parser.parse_args(arguments)


class _Teller:
    """Prints a line for each step, with the seconds since the start."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def __call__(self, text: str) -> None:
        print(f"{time.monotonic() - self._began:6.1f} s  {text}", file=sys.stderr, flush=True)  # noqa: T201 -- progress


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main())

"""Measures how Sluice loads and reads rows: `python -m tests.bench [--rows N] [--rounds N]`.

Exits with 1 when a measured way gives a wrong result. Being slow fails nothing.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from typing import TYPE_CHECKING, Final

from infra.local.errors import StackError
from tests.bench import report
from tests.bench.lab import WORKER, Lab, WrongResultError
from tests.bench.rounds import Rounds
from tests.bench.server import temporary_server

if TYPE_CHECKING:
    from collections.abc import Sequence

STOPPED: Final = 128 + signal.SIGINT


def main(arguments: Sequence[str] | None = None, *, worker: str = WORKER) -> int:
    """Measure and print; returns the exit code.

    Arguments:
        arguments: of the command line.
        worker: the module that runs a case.
    """
    options = _options(arguments)
    try:
        with temporary_server() as (server, root):
            lab = Lab(server=server, root=root, say=_Teller(), worker=worker)
            lab.prepare()
            print(_measure(lab, options), flush=True)  # noqa: T201 -- the result of the command
    except (WrongResultError, StackError) as error:
        print(f"bench: {error}", file=sys.stderr)  # noqa: T201 -- as above
        return 1
    except KeyboardInterrupt:
        return STOPPED
    return 0


def _measure(lab: Lab, options: argparse.Namespace) -> str:
    main_size = Rounds(lab, lab.make(options.rows))
    for number in range(options.rounds):
        lab.say(f"round {number + 1} of {options.rounds}")
        main_size.floors()
        main_size.sluice()
        main_size.csv()
        if number == 0:
            main_size.plain()
    by_size = {options.rows: main_size.found}
    for rows in [options.rows // 10, *([options.rows * 10] if options.full else [])]:
        other = Rounds(lab, lab.make(rows, versions=("base",)))
        other.sluice()
        other.csv(with_floors=False)
        by_size[rows] = other.found
    title = f"{options.rows:,} rows of 6 columns, two of them the key\n\n"
    return title + report.tables(main_size.found, by_size)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of a file")
    parser.add_argument("--rounds", type=int, default=3, help="how often all is measured")
    parser.add_argument(
        "--full", action="store_true", help="look at the memory of ten times the rows as well"
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

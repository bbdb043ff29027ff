"""The laptop's stack: `python -m infra.local run|up|down|env`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from infra.common.errors import StackError
from infra.common.paths import LOCAL
from infra.local import commands
from infra.local.airflow.settings import Options
from infra.local.layout import Layout
from infra.local.stand_ins.github_program import root_from_environment


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m infra.local", description=__doc__)
    parser.add_argument("--root", type=Path, default=LOCAL, help="folder of the stack")
    parser.add_argument("command", choices=["run", "up", "down", "env"])
    parser.add_argument("--live", action="store_true", help="read from the real GitHub and APIs")
    parser.add_argument("--schedule", action="store_true", help="make the runs of time schedules")
    parser.add_argument("--workers", type=_count, default=0, help="workers of Celery for tasks")
    parser.add_argument("--dag", default="covid_us_daily", help="what to run")
    parser.add_argument("--as-of", help="load the state of this moment, ISO 8601")
    return parser.parse_args(arguments)


def _count(text: str) -> int:
    """Read how many there are to be, from 1."""
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text} is not a number from 1")
    return int(text)


def main(arguments: list[str]) -> int:
    """Run one command; returns its exit code."""
    given = parse(arguments)
    layout = Layout(given.root.resolve())
    try:
        if given.command in ("run", "up"):
            options = Options(
                github=root_from_environment(),
                live=given.live,
                schedule=given.schedule and given.command == "up",
                workers=given.workers,
            )
            if given.command == "up":
                return commands.up(layout, options)
            return commands.run(layout, options, dag_id=given.dag, as_of=given.as_of)
        if given.command == "down":
            return commands.down(layout)
        return commands.env(layout)
    except StackError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

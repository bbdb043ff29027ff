"""Writes the template of the pipelines' stack, or tells whether the committed one is in step.

- `python -m infra.aws.synth` writes the committed template.
- `python -m infra.aws.synth --check` exits 1 with a diff if the committed one differs.
- `python -m infra.aws.synth --environment prod --stdout` prints another environment's.
"""

from __future__ import annotations

import argparse
import difflib
import json
import sys
import tempfile
from pathlib import Path

from infra.aws.app import add_stacks, new_app
from infra.aws.environment import DEV, ENVIRONMENTS, Environment

COMMITTED = Path(__file__).parent / "templates" / "pipelines.template.json"


def template_text(environment: Environment) -> str:
    """Return the template as indented JSON with sorted keys, the same on every machine."""
    with tempfile.TemporaryDirectory(prefix="sluice-synth-") as folder:
        app = new_app(outdir=folder)
        stack = add_stacks(app, environment=environment)
        template = json.loads((Path(app.synth().directory) / stack.template_file).read_text())
    return json.dumps(template, indent=2, sort_keys=True) + "\n"


def check(text: str) -> int:
    """Return 0 if the committed template is this text, else print the difference and return 1."""
    committed = COMMITTED.read_text() if COMMITTED.exists() else ""
    if committed == text:
        return 0
    difference = difflib.unified_diff(
        committed.splitlines(keepends=True), text.splitlines(keepends=True), "committed", "app"
    )
    sys.stdout.writelines(difference)
    sys.stderr.write("The committed template is not what the app gives: run make synth.\n")
    return 1


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m infra.aws.synth")
    parser.add_argument("--environment", choices=sorted(ENVIRONMENTS), default=DEV.name)
    way = parser.add_mutually_exclusive_group()
    way.add_argument("--check", action="store_true", help="compare with the committed template")
    way.add_argument("--stdout", action="store_true", help="print instead of writing")
    options = parser.parse_args(arguments)
    if options.environment != DEV.name and not options.stdout:
        parser.error("only dev's template is committed: use --stdout")
    text = template_text(ENVIRONMENTS[options.environment])
    if options.check:
        return check(text)
    if options.stdout:
        sys.stdout.write(text)
    else:
        COMMITTED.parent.mkdir(exist_ok=True)
        COMMITTED.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())

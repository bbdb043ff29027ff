"""Writes the templates of every environment, or compares the committed one with them.

- `python -m infra.aws.synth` writes them to .local/templates/, and the one of dev's pipelines,
  which the laptop runs, to where it is committed.
- `python -m infra.aws.synth --check` exits 1 with a diff if the committed one differs.
- `python -m infra.aws.synth --environment prod` writes those of one environment.
- `python -m infra.aws.synth --folder FOLDER` writes there, and nowhere else.

Each ends with 1 when the checks find something that has no written reason.
"""

from __future__ import annotations

import argparse
import difflib
import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from infra.aws.app import add_stacks, new_app
from infra.aws.environment import DEV, ENVIRONMENTS, Environment

COMMITTED = Path(__file__).parent / "templates" / "pipelines.template.json"
FOLDER = Path(__file__).resolve().parents[2] / ".local" / "templates"


@dataclass(frozen=True, kw_only=True)
class Synthesis:
    """What CDK makes of an environment, as indented JSON with sorted keys.

    Attributes:
        templates: one for each stack, the same on every machine.
        manifest: what is said of the stacks beside their templates.
    """

    templates: dict[str, str]
    manifest: str


def synthesize(environment: Environment) -> Synthesis:
    """Synthesize an environment.

    Raises:
        RuntimeError: the checks do not pass; says what they found.
    """
    with tempfile.TemporaryDirectory(prefix="sluice-synth-") as folder:
        app = new_app(outdir=folder)
        stacks = add_stacks(app, environment=environment)
        made = Path(app.synth().directory)
        return Synthesis(
            templates={n: _sorted(made / stack.template_file) for n, stack in stacks.items()},
            manifest=_sorted(made / "manifest.json"),
        )


def _sorted(path: Path) -> str:
    return json.dumps(json.loads(path.read_text()), indent=2, sort_keys=True) + "\n"


def templates(environment: Environment) -> dict[str, str]:
    """Return the template of each stack of an environment."""
    return synthesize(environment).templates


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


def write(made: Synthesis, folder: Path) -> None:
    """Write templates and manifest to a folder, and print the size of each template."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "manifest.json").write_text(made.manifest)
    for name, text in made.templates.items():
        path = folder / f"{name}.template.json"
        path.write_text(text)
        count = len(json.loads(text)["Resources"])
        sys.stdout.write(f"{path}: {count} resources, {len(text) / 1024:.0f} KiB\n")


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m infra.aws.synth")
    parser.add_argument("--environment", choices=sorted(ENVIRONMENTS), help="instead of all")
    parser.add_argument("--check", action="store_true", help="compare with the committed template")
    parser.add_argument("--folder", type=Path, help="instead of .local/templates/")
    options = parser.parse_args(arguments)
    try:
        if options.check:
            return check(synthesize(DEV).templates["pipelines"])
        for name in [options.environment] if options.environment else ENVIRONMENTS:
            _make(ENVIRONMENTS[name], options.folder)
        sys.stdout.write("Each security finding has a reason: python -m infra.aws.checks\n")
    except RuntimeError as error:
        if "ValidationFailed" not in str(error):
            raise
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _make(environment: Environment, folder: Path | None) -> None:
    made = synthesize(environment)
    write(made, (folder or FOLDER) / environment.name)
    if environment == DEV and folder is None:
        COMMITTED.write_text(made.templates["pipelines"])


if __name__ == "__main__":
    sys.exit(main())

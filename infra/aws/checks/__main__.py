"""Prints, as a table in Markdown, every finding that stays: `python -m infra.aws.checks`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from infra.aws.checks.acknowledged import ACKNOWLEDGED
from infra.aws.checks.acknowledgement import lasting
from infra.aws.environment import ENVIRONMENTS

if TYPE_CHECKING:
    from infra.aws.checks.acknowledgement import Acknowledgement


def table() -> str:
    """Return a row for each acknowledgement, and how many findings they cover."""
    rows = [_row(given) for given in sorted(ACKNOWLEDGED, key=lambda a: (a.stack, a.rules))]
    counts = ", ".join(f"{len(lasting(ACKNOWLEDGED, name))} in {name}" for name in ENVIRONMENTS)
    head = ["| stack | rule | resources | where | reason |", "| --- | --- | --- | --- | --- |"]
    return "\n".join([*head, *rows, "", f"Findings that stay: {counts}.", ""])


def _row(given: Acknowledgement) -> str:
    rules = ", ".join(given.rules)
    details = "".join(f" `{detail}`" for detail in given.details if detail)
    resources = ", ".join(f"`{resource}`" for resource in given.resources)
    where = "if asked for" if given.optional else ", ".join(given.environments or ENVIRONMENTS)
    return f"| {given.stack} | {rules}{details} | {resources} | {where} | {given.reason} |"


if __name__ == "__main__":
    sys.stdout.write(table())

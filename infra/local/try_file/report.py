"""What the command prints: plain lines, safe for a terminal."""

from __future__ import annotations

import heapq
from dataclasses import asdict
from itertools import islice
from typing import TYPE_CHECKING, Final

from include.core.runs.quarantine import read_rejected
from infra.local.terminal import printable
from infra.local.try_file.remedies import REMEDIES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.core.runs.quarantine import QuarantineRow
    from include.core.runs.trial import Trial
    from infra.local.try_file.trying import Outcome

LISTED_REJECTS: Final = 100
FIRST_ROWS: Final = 3
_ROW_CHARACTERS: Final = 500  # of a row that is printed

_COUNTS: Final = ("read", "kept", "filtered", "duplicate", "rejected")


def verdict(outcome: Outcome) -> str:
    """Say in three words or four whether the file would go through."""
    return "would not go through" if outcome.causes else "would go through"


def line_of(outcome: Outcome) -> str:
    """One file of a folder on one line: its name, verdict, counts and first cause."""
    parts = [outcome.path.name, verdict(outcome)]
    if outcome.source:
        parts.append(f"as {outcome.source.name}")
    if outcome.trial:
        parts.append(", ".join(f"{name} {number}" for name, number in _counts(outcome.trial)))
    # The cause names the file as well.
    for cause in outcome.causes[:1]:
        parts.append(cause.removeprefix(f"{parts[0]}, ").removeprefix(f"{parts[0]}: "))
    return printable(": ".join(parts))


def lines_of(outcome: Outcome) -> Iterator[str]:
    """One file in full."""
    if outcome.source:
        source = outcome.source
        yield f"read as the source {source.name} ({source.owner}/{source.repository}/{source.path})"
    trial = outcome.trial
    if trial:
        yield from (f"{name:<10}{number}" for name, number in _counts(trial))
        yield from _rejects(trial)
        yield from (f"warning: {warning}" for warning in trial.warnings)
        if not trial.kept:
            yield "warning: no row would reach the sink"
        yield from _first_rows(trial)
    yield from (f"cause: {cause}" for cause in outcome.causes)
    yield verdict(outcome)


def _counts(trial: Trial) -> Iterator[tuple[str, int]]:
    counts = {**asdict(trial.counts), "kept": trial.kept}
    return ((name, counts[name]) for name in _COUNTS)


def _rejects(trial: Trial) -> Iterator[str]:
    rejects = read_rejected(trial.rejects)
    yield from map(_reject, heapq.nsmallest(LISTED_REJECTS, rejects, key=_place))
    if trial.counts.rejected > LISTED_REJECTS:
        yield f"and {trial.counts.rejected - LISTED_REJECTS} more rejected rows"


def _place(reject: QuarantineRow) -> tuple[int, str]:
    return reject.line or 0, reject.code


def _reject(reject: QuarantineRow) -> str:
    column = f", column {reject.column_name}" if reject.column_name else ""
    return f"line {reject.line}{column}: {reject.code}: {reject.reason}. {REMEDIES[reject.code]}"


def _first_rows(trial: Trial) -> Iterator[str]:
    if not trial.kept:
        return
    yield "first rows:"
    for text in islice(trial.rows(), FIRST_ROWS):
        cut = f"{text[:_ROW_CHARACTERS]} … (cut)" if len(text) > _ROW_CHARACTERS else text
        yield f"  {cut}"

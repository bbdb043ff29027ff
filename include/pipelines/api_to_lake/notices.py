"""The notice of an hour that is in the lake, or was skipped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from include.core.runs.notices import (
    compose_notice,
    count_of,
    foot,
    head,
    rejects_section,
    section,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from include.core.runs.ledger import Counts, Details
    from include.core.runs.notices import RunFacts
    from include.core.runs.outbox import Notice

_COUNTS: Final = ("inserted", "updated", "unchanged", "duplicate", "rejected")
_MANY_SKIPS: Final = 3  # hours in a row


def success_notice(
    facts: RunFacts, *, counts: Counts, details: Details, missing: Mapping[str, str]
) -> Notice:
    """The notice of an hour that is in the lake.

    Arguments:
        facts: of which run.
        counts: what became of its records.
        details: rejects by code and warnings.
        missing: calls without an answer, and why.
    """
    said = f"partial, {count_of(len(missing), 'call')} without an answer" if missing else "success"
    parts = [
        f"{facts.dataset}: {count_of(counts.inserted + counts.updated, 'row')} changed",
        f"{counts.rejected} rejected" if counts.rejected else "",
        count_of(len(details.warnings), "warning") if details.warnings else "",
        f"{len(missing)} missing" if missing else "",
    ]
    lines = [
        *head(facts, said),
        "",
        f"Records read: {counts.read}",
        *(f"  {name + ':':<12}{getattr(counts, name)}" for name in _COUNTS),
        f"Deleted:      {counts.deleted}",
        *rejects_section(details),
        *section("Warnings:", details.warnings),
        *_missing_section(missing),
        *foot(facts),
    ]
    return compose_notice(facts, "success", ", ".join(filter(None, parts)), lines)


def skip_notice(facts: RunFacts, *, missing: Mapping[str, str], skips: int) -> Notice:
    """The notice of an hour that has no answer.

    Arguments:
        facts: of which run.
        missing: its calls, and why each has no answer.
        skips: hours in a row without an answer, this one among them.
    """
    row = [f"This is hour {skips} in a row without an answer (see ops.missed_hour)."]
    lines = [
        *head(facts, "skipped"),
        *(row if skips >= _MANY_SKIPS else []),
        *_missing_section(missing),
        *foot(facts),
    ]
    title = f"SKIPPED {facts.dataset}: no answer"
    many = f", {skips} hours in a row" if skips >= _MANY_SKIPS else ""
    return compose_notice(facts, "skipped", title + many, lines)


def _missing_section(missing: Mapping[str, str]) -> list[str]:
    return section(
        "Without an answer:", [f"{call}: {problem}" for call, problem in missing.items()]
    )

"""The notice of a run that compared two versions: counts, and no value of a row."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING

from include.core.runs.notices import compose_notice, count_of, foot, head, section

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from include.core.runs.ledger import RunOfSink
    from include.core.runs.notices import RunFacts
    from include.core.runs.outbox import Notice


def comparison_notice(
    facts: RunFacts, run: RunOfSink, counts: Mapping[str, int], warnings: Sequence[str]
) -> Notice:
    """The notice of a comparison, which is a dry run.

    Arguments:
        facts: of which run; its conf says which versions.
        run: the same, with the moment at which it began.
        counts: rows by what would become of them, in the order in which they are shown.
        warnings: sentences that people must read.
    """
    asked = facts.conf or {}
    table = f"{asked['tenant']}/{asked['table']}"
    versions = f"from {asked.get('from_version', 'nothing')} to {asked['to_version']}"
    changed = counts["inserted"] + counts["updated"] + counts["deleted"]
    subject = [
        f"{table}: {count_of(changed, 'row')} would change {versions}",
        count_of(len(warnings), "warning") if warnings else "",
    ]
    duration = datetime.now(timezone.utc) - run.started_at
    lines = [
        *head(facts, "dry run, nothing was published"),
        f"Duration:    {duration.total_seconds():.0f} s",
        f"Compared:    {table} {versions}",
        "",
        *(f"{name.capitalize() + ':':<13}{count}" for name, count in counts.items()),
        *section("Warnings:", [*warnings]),
        *foot(facts),
    ]
    return compose_notice(facts, "dry_run", ", ".join(filter(None, subject)), lines)

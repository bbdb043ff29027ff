"""The notice of a run that loaded a snapshot, or of a dry run that would have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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
    from datetime import timedelta

    from include.core.runs.ledger import Counts, Details
    from include.core.runs.notices import RunFacts
    from include.core.runs.outbox import Notice

_SNAPSHOT_COUNTS = ("inserted", "updated", "unchanged", "superseded", "duplicate", "rejected")


def success_notice(
    facts: RunFacts, *, counts: Counts, details: Details, duration: timedelta, dry_run: bool = False
) -> Notice:
    """The notice of a load.

    Arguments:
        facts: of which run.
        counts: what became of the rows.
        details: sources, rejects by code and warnings.
        duration: from the run's start.
        dry_run: nothing was written.
    """
    status = "dry_run" if dry_run else "success"
    since = details.nothing_new_since
    changed = counts.inserted + counts.updated + counts.deleted
    parts = [
        f"{facts.dataset}: {count_of(changed, 'row')} {'would change' if dry_run else 'changed'}",
        f"{counts.rejected} rejected" if counts.rejected else "",
        count_of(len(details.warnings), "warning") if details.warnings else "",
    ]
    lines = [
        *head(facts, "dry run, nothing was written" if dry_run else "success"),
        f"Duration:    {duration.total_seconds():.0f} s",
        *([f"Nothing new: the rows are those of {since}"] if since else []),
        "",
        f"Rows read:   {counts.read}",
        *(f"  {name + ':':<12}{getattr(counts, name)}" for name in _SNAPSHOT_COUNTS),
        f"Deleted:     {counts.deleted}",
        *rejects_section(details, is_dry_run=dry_run),
        *section("Warnings:", details.warnings),
        *section("Sources:", [_source_line(source) for source in details.sources]),
        *foot(facts),
    ]
    return compose_notice(facts, status, ", ".join(filter(None, parts)), lines)


def _source_line(source: Mapping[str, Any]) -> str:
    return (
        f"{source['repository']} {source['path']} at {source['commit'][:12]} "
        f"({source['committed_at']}): {source['read']} rows read, {source['kept']} kept, "
        f"{source['filtered']} filtered, {source['rejected']} rejected"
    )

"""What the notice of an upload run says: files, counts and speed, never a value of a row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.core.runs.notices import compose_notice, count_of, foot, head, section

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import timedelta

    from include.core.runs.ledger import Counts, Details
    from include.core.runs.notices import RunFacts
    from include.core.runs.outbox import Notice

FILES_IN_NOTICE = 20
# Of fewer rows, seconds are those that tasks take to start, and a speed would say nothing.
ROWS_WITH_SPEED = 1000


def rerun_conf(files: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """What a run must be given to process these files again, as many as a notice names.

    Arguments:
        files: key and version id of each.
    """
    named = [{"key": key, "version_id": version_id} for key, version_id in files]
    if len(named) <= 1:
        return named[0] if named else {}
    return {"objects": named[:FILES_IN_NOTICE]}


def end_notice(
    facts: RunFacts, *, counts: Counts, details: Details, duration: timedelta, status: str
) -> Notice:
    """The notice of a run that came to its end without a failure.

    Arguments:
        facts: of which run.
        counts: over all its files.
        details: its files, rejects by code and warnings.
        duration: from the run's start.
        status: "success", or "skipped" when it had nothing to do.
    """
    files = details.sources
    if status == "skipped":
        subject = f"{facts.dataset}: nothing to do"
    elif details.warnings and not counts.read:
        subject = f"{facts.dataset}: {details.warnings[0]}"
    else:
        parts = [
            f"{facts.dataset}: {count_of(len(files), 'file')}",
            f"{count_of(counts.delivered, 'row')} delivered",
            f"{counts.rejected} rejected" if counts.rejected else "",
            f"{counts.superseded} superseded" if counts.superseded else "",
            f"{counts.deleted} deleted" if counts.deleted else "",
        ]
        subject = ", ".join(part for part in parts if part)
    lines_of_files = [
        f"{file['file']} (version {file['version_id']}): {file['read']} read, "
        f"{file.get('delivered', 0)} delivered, {file.get('rejected', 0)} rejected{_speed(file)}"
        for file in files[:FILES_IN_NOTICE]
    ]
    if len(files) > FILES_IN_NOTICE:
        lines_of_files.append(f"and {len(files) - FILES_IN_NOTICE} more (all in ops.run)")
    lines = [
        *head(facts, status),
        f"Duration:    {duration.total_seconds():.0f} s",
        "",
        f"Rows read:   {counts.read}",
        f"  delivered:  {counts.delivered}",
        f"  superseded: {counts.superseded}",
        f"  duplicate:  {counts.duplicate}",
        f"  rejected:   {counts.rejected}",
        *([f"  unchanged:  {counts.unchanged}"] if counts.unchanged else []),
        *([f"Deleted:     {counts.deleted}"] if counts.deleted else []),
        *section(
            "Rejected rows, by reason (they wait in ops.rejected_row):",
            [f"{code}: {number}" for code, number in sorted(details.rejects_by_code.items())],
        ),
        *section("Warnings:", details.warnings),
        *section("Files:", lines_of_files),
        *foot(facts),
    ]
    return compose_notice(facts, status, subject, lines)


def _speed(file: Mapping[str, Any]) -> str:
    enough = file.get("delivered", 0) >= ROWS_WITH_SPEED and file["rows_per_second"]
    return f", {file['rows_per_second']} rows/s" if enough else ""

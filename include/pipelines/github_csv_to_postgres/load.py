"""A checked snapshot into its table, with ledger row, quarantine and notice in one transaction."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, cast

from include.core.failpoints import failpoint
from include.core.runs import outbox
from include.core.runs.ledger import Counts, Details, record_run
from include.core.runs.notices import facts_of, format_moment
from include.core.runs.outbox import Notice, write_notice
from include.core.runs.quarantine import quarantine_rows, read_rejected
from include.core.snapshot.files import open_rows
from include.core.warehouse import shrunken
from include.core.warehouse.connection import transaction
from include.core.warehouse.sink_lock import lock_sink
from include.core.warehouse.upsert import Policy, Snapshot, load_snapshot
from include.errors import ShrunkenSnapshotError
from include.pipelines.github_csv_to_postgres.notices import success_notice
from include.pipelines.github_csv_to_postgres.questions import QuestionsOfRun

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import IO

    from psycopg2.extensions import cursor

    from include.contracts.github import GitHubDataset
    from include.core.runs.ledger import RunOfSink
    from include.core.runs.quarantine import Version
    from include.core.runs.run import Run
    from include.core.warehouse.connection import Connect
    from include.core.warehouse.shrunken import Shrinkage
    from include.core.warehouse.upsert import LoadCounts
    from include.pipelines.github_csv_to_postgres.task_values import (
        CleanedSnapshot,
        Decision,
        LoadedSnapshot,
        Resources,
    )


log = logging.getLogger(__name__)


def upsert_snapshot(
    dataset: GitHubDataset,
    cleaned: CleanedSnapshot,
    *,
    run: RunOfSink,
    connect: Connect,
    resources: Resources,
    dry_run: bool = False,
) -> LoadedSnapshot:
    """Make the table hold the snapshot, with ledger row, quarantine and notice, in one transaction.

    Where the snapshot lacks too many rows and the dataset has a person decide, nothing is loaded:
    the question is entered instead, with ledger row and notice.

    Arguments:
        dataset: the contract.
        cleaned: what clean_and_merge came back with.
        run: which run this is.
        connect: opens a connection to the warehouse.
        resources: what the task has opened.
        dry_run: find out everything, then roll back.

    Raises:
        ShrunkenSnapshotError, ChangedKeysError: the snapshot lacks too many of the table's rows.
        ArchiveError: a file of clean_and_merge is not what it put there.
        WarehouseUnavailableError, WarehouseRefusedError: as Postgres says.
    """
    try:
        return _upsert(dataset, cleaned, run, connect, resources, dry_run=dry_run)
    except ShrunkenSnapshotError as error:
        if error.shrinkage is None:
            raise
        questions = QuestionsOfRun(dataset=dataset, run=run, connect=connect, resources=resources)
        found = cast("Shrinkage", error.shrinkage)
        return questions.ask(cleaned, found, dry_run=dry_run)


def decide(
    dataset: GitHubDataset,
    decision: Decision | None,
    *,
    run: RunOfSink,
    connect: Connect,
    resources: Resources,
) -> LoadedSnapshot | None:
    """Enter the answer that a run brings, before it loads.

    Arguments:
        dataset: the contract.
        decision: what was said; None where the run brings no answer.
        run: which run this is.
        connect: opens a connection to the warehouse.
        resources: what the task has opened.

    Returns:
        What upsert_snapshot would return of a run that loads nothing, or None: the run loads.

    Raises:
        RunInputError: nobody has asked about the snapshot that is refused.
        WarehouseUnavailableError, WarehouseRefusedError: as Postgres says.
    """
    if decision is None:
        return None
    questions = QuestionsOfRun(dataset=dataset, run=run, connect=connect, resources=resources)
    return questions.decide(decision)


def _upsert(
    dataset: GitHubDataset,
    cleaned: CleanedSnapshot,
    run: RunOfSink,
    connect: Connect,
    resources: Resources,
    *,
    dry_run: bool,
) -> LoadedSnapshot:
    asks: dict[str, Any] = {"questions": []} if dataset.shrink.ask else {}
    rejects_file = resources.hand_over.get(cleaned["rejects"], "rejects.jsonl")
    failpoint("upsert.received")
    with transaction(connect, doing=f"load {run.sink}") as cursor:
        loaded = _load(cursor, dataset, cleaned, run, resources, preview=dry_run)
        if loaded.nothing_new_since is not None:
            log.info("Nothing is compared: %s holds these rows already", run.sink)
        counts, details = _counts(cleaned, loaded), _details(cleaned, loaded)
        counts.check(run.sink)
        facts = facts_of(run, dataset=dataset.name, ui_url=resources.ui_url)
        duration = datetime.now(timezone.utc) - run.started_at
        notice = success_notice(
            facts, counts=counts, details=details, duration=duration, dry_run=dry_run
        )
        if dry_run:
            cursor.connection.rollback()
            preview = {"preview": loaded.preview, "notice": asdict(notice)}
            return cast("LoadedSnapshot", asdict(counts) | asks | preview)
        if record_run(cursor, run, counts, details):
            failpoint("upsert.entered_in_ledger")
            quarantine_rows(cursor, run, read_rejected(rejects_file), read=_versions(cleaned))
            failpoint("upsert.quarantined")
            write_notice(cursor, notice)
        failpoint("upsert.recorded")
    failpoint("upsert.committed")
    return cast("LoadedSnapshot", asdict(counts) | asks)


def _load(
    cursor: cursor,
    dataset: GitHubDataset,
    cleaned: CleanedSnapshot,
    run: RunOfSink,
    resources: Resources,
    *,
    preview: bool,
) -> LoadCounts:
    content = cleaned["snapshot"]["sha256"]
    approved, by = _approved(cursor, dataset, content)
    loaded = load_snapshot(
        cursor,
        table=dataset.table,
        snapshot=Snapshot(as_of=run.as_of, row_count=cleaned["row_count"], content_sha256=content),
        rows=lambda: _open_snapshot(dataset, cleaned, resources),
        policy=Policy(
            vanished=dataset.vanished,
            shrink=dataset.shrink,
            # A row that was rejected is missing from the snapshot, but not from the source.
            certain=not cleaned["rejected"],
            approved=approved,
        ),
        preview=preview,
    )
    if approved:
        shrunken.mark_loaded(cursor, run.sink, content)
        if gone := loaded.deleted + loaded.vanished:
            loaded.warnings.append(f"{gone} rows are gone, as {by} has approved")
    return loaded


def _approved(cursor: cursor, dataset: GitHubDataset, content: str) -> tuple[int, str]:
    """How many rows may go by a snapshot whatever the limit, and who has said so."""
    if not dataset.shrink.ask:
        return 0, ""
    # What an approval is for must not change until it is used.
    lock_sink(cursor, dataset.table.sink)
    return shrunken.find_approved(cursor, dataset.table.sink, content)


@contextmanager
def _open_snapshot(
    dataset: GitHubDataset, cleaned: CleanedSnapshot, resources: Resources
) -> Iterator[IO[bytes]]:
    """Fetch the snapshot only when it is asked for: a table may hold it already."""
    parquet = resources.hand_over.get(cleaned["snapshot"], "snapshot.parquet")
    folder, memory = resources.hand_over.folder, resources.memory
    with open_rows(dataset.table, parquet, folder=folder, memory=memory) as file:
        yield file


def _counts(cleaned: CleanedSnapshot, loaded: LoadCounts) -> Counts:
    return Counts(
        read=cleaned["read"],
        rejected=cleaned["rejected"],
        duplicate=cleaned["duplicate"],
        inserted=loaded.inserted,
        updated=loaded.updated,
        unchanged=loaded.unchanged,
        superseded=loaded.superseded,
        deleted=loaded.deleted,
    )


def _versions(cleaned: CleanedSnapshot) -> list[Version]:
    """What was read, as rejected rows name it."""
    return [(f"{file['repository']}/{file['path']}", file["commit"]) for file in cleaned["sources"]]


def _details(cleaned: CleanedSnapshot, loaded: LoadCounts) -> Details:
    warnings, since = [*cleaned["warnings"], *loaded.warnings], loaded.nothing_new_since
    if loaded.vanished:
        warnings.append(
            f"{loaded.vanished} rows of the table are no longer in the source; they stay"
        )
    return Details(
        sources=cast("list[dict[str, Any]]", cleaned["sources"]),
        rejects_by_code=cleaned["rejects_by_code"],
        warnings=warnings,
        broken=cleaned.get("broken", []),
        vanished=loaded.vanished,
        nothing_new_since=format_moment(since) if since else None,
    )


def announce_end(
    loaded: LoadedSnapshot, *, run: Run, connect: Connect, publish: Callable[[Notice], None]
) -> list[str]:
    """Send the notice of a run's end: from the outbox, or a dry run's as it is.

    Arguments:
        loaded: what upsert_snapshot came back with.
        run: whose notice.
        connect: opens a connection to the warehouse.
        publish: sends a notice to SNS, or raises.

    Returns:
        The subjects of the notices that were sent.
    """
    if "notice" in loaded:
        notice = Notice(**loaded["notice"])
        publish(notice)
        return [notice.subject]
    return outbox.announce_end(connect, run, publish=publish)

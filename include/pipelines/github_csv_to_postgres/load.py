"""A checked snapshot into its table, with ledger row, quarantine and notice in one transaction."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from include.core.failpoints import failpoint
from include.core.runs import ledger, notices, outbox
from include.core.runs.outbox import Notice, write_notice
from include.core.runs.quarantine import read_rejected
from include.core.snapshot.files import open_rows
from include.core.warehouse import upsert
from include.core.warehouse.connection import transaction

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from include.contracts.github import GitHubDataset
    from include.core.aws.objects import ObjectStore
    from include.core.warehouse.connection import Connect


def upsert_snapshot(  # noqa: PLR0913 -- what to load, for which run, between which places
    dataset: GitHubDataset,
    cleaned: dict[str, Any],
    *,
    run: ledger.RunOfSink,
    connect: Connect,
    store: ObjectStore,
    ui_url: str,
    folder: Path,
    memory: str,
    dry_run: bool = False,
) -> dict[str, Any]:
    """Make the table hold the snapshot, with ledger row, quarantine and notice, in one transaction.

    Arguments:
        dataset: the contract.
        cleaned: what clean_and_merge came back with.
        run: which run this is.
        connect: opens a connection to the warehouse.
        store: the bucket of the hand-over.
        ui_url: base address of the Airflow UI, for links.
        folder: for local copies.
        memory: DuckDB's memory limit.
        dry_run: find out everything, then roll back.

    Returns:
        The counts as the ledger has them; for a dry run also preview (the first changes, before
        and after) and notice.

    Raises:
        ShrunkenSnapshotError: the snapshot lacks too many of the table's rows.
        WarehouseUnavailableError, WarehouseRefusedError: as Postgres says.
    """
    snapshot = upsert.Snapshot(
        as_of=run.as_of,
        row_count=cleaned["row_count"],
        content_sha256=cleaned["snapshot"]["sha256"],
    )
    policy = upsert.Policy(
        vanished=dataset.vanished, shrink=dataset.shrink, certain=not cleaned["rejected"]
    )
    rejects_file = folder / "rejects.jsonl"
    store.get_file(cleaned["rejects"]["key"], rejects_file, sha256=cleaned["rejects"]["sha256"])
    failpoint("upsert.received")
    with transaction(connect, doing=f"load {run.sink}") as cursor:
        loaded = upsert.load_snapshot(
            cursor,
            table=dataset.table,
            snapshot=snapshot,
            rows=lambda: open_rows(dataset.table, cleaned["snapshot"], store, folder, memory),
            policy=policy,
            preview=dry_run,
        )
        counts = _counts(cleaned, loaded)
        details = _details(cleaned, loaded)
        notice = notices.success_notice(
            _facts(dataset, run, ui_url),
            counts=counts,
            details=details,
            duration=datetime.now(timezone.utc) - run.started_at,
            dry_run=dry_run,
        )
        counts.check(run.sink)
        if dry_run:
            cursor.connection.rollback()
            return {**asdict(counts), "preview": loaded.preview, "notice": asdict(notice)}
        if ledger.record_run(cursor, run, counts, details):
            failpoint("upsert.entered_in_ledger")
            ledger.quarantine(cursor, run, read_rejected(rejects_file))
            failpoint("upsert.quarantined")
            write_notice(cursor, notice)
        failpoint("upsert.recorded")
    failpoint("upsert.committed")
    return asdict(counts)


def _facts(dataset: GitHubDataset, run: ledger.RunOfSink, ui_url: str) -> notices.RunFacts:
    return notices.RunFacts(
        dag_id=run.dag_id,
        run_id=run.run_id,
        dataset=dataset.name,
        as_of=run.as_of,
        ui_url=ui_url,
    )


def _counts(cleaned: dict[str, Any], loaded: upsert.LoadCounts) -> ledger.Counts:
    return ledger.Counts(
        read=cleaned["read"],
        rejected=cleaned["rejected"],
        duplicate=cleaned["duplicate"],
        inserted=loaded.inserted,
        updated=loaded.updated,
        unchanged=loaded.unchanged,
        superseded=loaded.superseded,
        deleted=loaded.deleted,
    )


def _details(cleaned: dict[str, Any], loaded: upsert.LoadCounts) -> ledger.Details:
    warnings = [*cleaned["warnings"], *loaded.warnings]
    if loaded.vanished:
        warnings.append(
            f"{loaded.vanished} rows of the table are no longer in the source; they stay"
        )
    return ledger.Details(
        sources=cleaned["sources"],
        rejects_by_code=cleaned["rejects_by_code"],
        warnings=warnings,
        vanished=loaded.vanished,
    )


def announce_end(
    loaded: dict[str, Any],
    *,
    connect: Connect,
    dag_id: str,
    run_id: str,
    publish: Callable[[Notice], None],
) -> list[str]:
    """Send the notice of a run's end: from the outbox, or a dry run's as it is.

    Arguments:
        loaded: what upsert_snapshot came back with.
        connect: opens a connection to the warehouse.
        dag_id: whose outbox.
        run_id: whose notice.
        publish: hands a notice to SNS, or raises.

    Returns:
        The subjects of the notices that were sent.
    """
    if "notice" in loaded:
        notice = Notice(**loaded["notice"])
        publish(notice)
        return [notice.subject]
    return outbox.announce_end(connect, dag_id=dag_id, run_id=run_id, publish=publish)

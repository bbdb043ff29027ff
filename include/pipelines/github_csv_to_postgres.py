"""CSV files in GitHub repositories, as they stood at a moment, into a Postgres table.

Extract: download puts the version of each file at as_of into the raw archive. Transform:
clean_and_merge reads the archived files, sets bad rows aside, runs the dataset's SQL and checks
the result. Load: upsert writes what differs, in one transaction with the ledger, the quarantine
and the notice. Each hands over a small dictionary and files in S3.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from include.core import ledger, notices, rules, upsert
from include.core.failpoints import failpoint
from include.core.github import fetch_version, version_at
from include.core.migrations import migrate
from include.core.outbox import Notice, announce, write_notice
from include.core.postgres import transaction
from include.core.snapshot_files import (
    clean,
    connect_duckdb,
    open_rows,
    read_rejected,
    stage_source,
)
from include.errors import RejectLimitError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from include.core.contract import GitHubDataset, GitHubFile
    from include.core.objects import ObjectStore
    from include.core.postgres import Connect
    from include.core.web import Download, Web


@dataclass(frozen=True, kw_only=True)
class GitHub:
    """How to reach GitHub, or a stand-in for it.

    Attributes:
        web: a client that may fetch from the dataset's hosts.
        api_url, raw_url: base addresses without a slash at the end.
        token: raises the rate limit; None without one.
    """

    web: Web
    api_url: str
    raw_url: str
    token: str | None = None


# ---- Extract ----------------------------------------------------------------------------------


def download(  # noqa: PLR0913 -- a source, a moment, and the places between which it moves
    source: GitHubFile,
    *,
    as_of: datetime,
    refetch: bool,
    github: GitHub,
    store: ObjectStore,
    folder: Path,
) -> dict[str, Any]:
    """Archive the version of a file that was newest at as_of; what is archived is not fetched.

    Arguments:
        source: which file.
        as_of: the moment.
        refetch: ask GitHub again and fetch again, whatever the archive has.
        github: where from.
        store: the bucket of the raw archive.
        folder: for the file on its way.

    Returns:
        Where the file is and what it is: source, repository, path, commit, committed_at, key,
        size (bytes), sha256, fetched (False when the archive had it).

    Raises:
        NoVersionError: the file had no version yet at as_of.
        SourceRefusedError, SourceUnavailableError: as the web client says.
    """
    version = None if refetch else _remembered_version(source, as_of, store)
    if version is None:
        version = _ask_version(source, as_of, github, store)
    commit = version["commit"]
    key = f"{_archive(source)}/{commit}/{source.path}"
    archived = None if refetch else store.head(key)
    if archived is None:
        address = f"{github.raw_url}/{source.owner}/{source.repository}/{commit}/{source.path}"
        metadata = {"committed-at": version["committed_at"], "source": address}
        fetched = _fetch(source, commit, github, folder)
        size, sha256 = fetched.size_bytes, store.put_file(key, fetched.path, metadata=metadata)
        failpoint("download.archived")
    else:
        size, sha256 = archived.size, archived.metadata["sha256"]
    return {
        "source": source.name,
        "repository": f"{source.owner}/{source.repository}",
        "path": source.path,
        **version,
        "key": key,
        "size": size,
        "sha256": sha256,
        "fetched": archived is None,
    }


def _archive(source: GitHubFile) -> str:
    return f"raw/github/{source.owner}/{source.repository}"


def _answers(source: GitHubFile) -> str:
    return f"{_archive(source)}/as_of/{source.path}/"


def _remembered_version(
    source: GitHubFile, as_of: datetime, store: ObjectStore
) -> dict[str, str] | None:
    """The answer for as_of, if an earlier answer holds it.

    A commit that was newest at a later moment was newest at every moment since it was made.
    """
    moment = notices.format_moment(as_of)
    answer = store.first_json(_answers(source), after=moment)
    if answer is None or answer["committed_at"] > moment:
        return None
    return answer


def _ask_version(
    source: GitHubFile, as_of: datetime, github: GitHub, store: ObjectStore
) -> dict[str, str]:
    found = version_at(
        github.web,
        api_url=github.api_url,
        owner=source.owner,
        repository=source.repository,
        path=source.path,
        as_of=as_of,
        token=github.token,
    )
    version = {
        "commit": found.commit,
        "committed_at": notices.format_moment(found.committed_at),
    }
    store.put_json(f"{_answers(source)}{notices.format_moment(as_of)}.json", version)
    failpoint("download.resolved")
    return version


def _fetch(source: GitHubFile, commit: str, github: GitHub, folder: Path) -> Download:
    fetched = fetch_version(
        github.web,
        raw_url=github.raw_url,
        owner=source.owner,
        repository=source.repository,
        path=source.path,
        commit=commit,
        to=folder / PurePosixPath(source.path).name,
        max_bytes=source.contract.max_bytes,
        token=github.token,
    )
    failpoint("download.fetched")
    return fetched


# ---- Transform --------------------------------------------------------------------------------


def clean_and_merge(  # noqa: PLR0913 -- a dataset, its files, and the places between
    dataset: GitHubDataset,
    archived: Sequence[dict[str, Any]],
    *,
    as_of: datetime,
    store: ObjectStore,
    work: str,
    folder: Path,
    memory: str,
) -> dict[str, Any]:
    """Turn archived files into one checked Parquet file, and a file of the rows set aside.

    Arguments:
        dataset: the contract.
        archived: what download came back with, one a source.
        as_of: the moment of the snapshot.
        store: the bucket of archive and hand-over.
        work: key prefix of this run's hand-over.
        folder: for local copies and for what does not fit into memory.
        memory: DuckDB's memory limit, such as "512MB".

    Returns:
        snapshot and rejects (key and sha256 each), row_count, read, rejected, duplicate,
        rejects_by_code, warnings, sources (one a file, with its own counts).

    Raises:
        InputFileError: a whole file breaks its contract.
        RejectLimitError: more rows were rejected than the dataset allows.
        RuleError: the result breaks a rule, or the table's own demands.
    """
    rejects_file = folder / "rejects.jsonl"
    by_name = {file["source"]: file for file in archived}
    with connect_duckdb(folder, memory=memory) as connection:
        sources = [
            stage_source(
                connection,
                source,
                by_name[source.name],
                store=store,
                folder=folder,
                rejects_file=rejects_file,
            )
            for source in dataset.sources
        ]
        snapshot = folder / "snapshot.parquet"
        row_count = clean(connection, dataset, snapshot)
        rules.check_table(connection, dataset.table)
        warnings = rules.check_rules(
            connection, name=dataset.name, rules=dataset.rules, as_of=as_of
        )
    rejects_by_code = _count_codes(rejects_file)
    rejected = sum(source["rejected"] for source in sources)
    duplicate = sum(source["duplicate"] for source in sources)
    read = row_count + rejected + duplicate
    _refuse_rejects(dataset, read, rejects_by_code, rejects_file)
    return {
        "snapshot": _hand_over(store, f"{work}/snapshot.parquet", snapshot),
        "rejects": _hand_over(store, f"{work}/rejects.jsonl", rejects_file),
        "row_count": row_count,
        "read": read,
        "rejected": rejected,
        "duplicate": duplicate,
        "rejects_by_code": rejects_by_code,
        "warnings": warnings,
        "sources": sources,
    }


def _hand_over(store: ObjectStore, key: str, path: Path) -> dict[str, str]:
    sha256 = store.put_file(key, path)
    failpoint(f"clean.stored.{path.suffix[1:]}")
    return {"key": key, "sha256": sha256}


def _count_codes(rejects_file: Path) -> dict[str, int]:
    counts: dict[str, int] = {}
    for row in read_rejected(rejects_file):
        counts[row.code] = counts.get(row.code, 0) + 1
    return counts


def _refuse_rejects(
    dataset: GitHubDataset, read: int, rejects_by_code: dict[str, int], rejects_file: Path
) -> None:
    rejected = sum(rejects_by_code.values())
    allowed = max(dataset.rejects.rows, int(dataset.rejects.share * read))
    if rejected <= allowed:
        return
    first = next(read_rejected(rejects_file))
    column = f", column {first.column_name}" if first.column_name else ""
    codes = ", ".join(f"{code} {number}" for code, number in sorted(rejects_by_code.items()))
    raise RejectLimitError(
        f"{dataset.name}: {rejected} of {read} rows rejected, {allowed} allowed ({codes}); the "
        f"first at {first.file}, line {first.line}{column}: {first.reason}. Nothing was loaded. "
        "Have the source mended, or raise the dataset's reject limit"
    )


# ---- Load -------------------------------------------------------------------------------------


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
    migrate(connect)
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
            ledger.quarantine(cursor, run, read_rejected(rejects_file))
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
    warnings = list(cleaned["warnings"])
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
        dag_id, run_id: of which run.
        publish: hands a notice to SNS, or raises.

    Returns:
        The subjects of the notices that were sent.
    """
    if "notice" in loaded:
        notice = Notice(**loaded["notice"])
        publish(notice)
        return [notice.subject]
    sent = announce(connect, dag_id=dag_id, run_id=run_id, publish=publish)
    return [notice.subject for notice in sent]

"""Archived files into one checked snapshot, and the rows that were set aside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.core.failpoints import failpoint
from include.core.runs.quarantine import count_codes, refuse_rejects
from include.core.snapshot import rules
from include.core.snapshot.files import clean, connect_duckdb, stage_source

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from duckdb import DuckDBPyConnection

    from include.contracts.github import GitHubDataset
    from include.core.aws.objects import ObjectStore


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
                key=dataset.table.key,
                store=store,
                folder=folder,
                rejects_file=rejects_file,
            )
            for source in dataset.sources
        ]
        snapshot = folder / "snapshot.parquet"
        row_count, warnings = clean_and_check(connection, dataset, as_of=as_of, to=snapshot)
    rejects_by_code = count_codes(rejects_file)
    rejected = sum(source["rejected"] for source in sources)
    duplicate = sum(source["duplicate"] for source in sources)
    read = row_count + rejected + duplicate
    refuse_rejects(dataset.name, dataset.rejects, read=read, rejects_file=rejects_file)
    failpoint("clean.checked")
    stored_snapshot = _hand_over(store, f"{work}/snapshot.parquet", snapshot)
    failpoint("clean.stored_snapshot")
    stored_rejects = _hand_over(store, f"{work}/rejects.jsonl", rejects_file)
    failpoint("clean.stored_rejects")
    return {
        "snapshot": stored_snapshot,
        "rejects": stored_rejects,
        "row_count": row_count,
        "read": read,
        "rejected": rejected,
        "duplicate": duplicate,
        "rejects_by_code": rejects_by_code,
        "warnings": warnings,
        "sources": sources,
    }


def clean_and_check(
    connection: DuckDBPyConnection, dataset: GitHubDataset, *, as_of: datetime, to: Path
) -> tuple[int, list[str]]:
    """Clean the relations of the sources, write the result as Parquet, and check it.

    Returns:
        How many rows there are, and a sentence for each warning.

    Raises:
        RuleError: the result breaks a rule, or the table's own demands.
    """
    row_count = clean(connection, dataset, to)
    rules.check_table(connection, dataset.table)
    return row_count, rules.check_rules(
        connection, name=dataset.name, rules=dataset.rules, as_of=as_of
    )


def _hand_over(store: ObjectStore, key: str, path: Path) -> dict[str, str]:
    return {"key": key, "sha256": store.put_file(key, path)}

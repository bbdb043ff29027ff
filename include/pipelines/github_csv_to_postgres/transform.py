"""Archived files into one checked snapshot: read, cleaned, held to the dataset's rules."""

from __future__ import annotations

import logging
from dataclasses import asdict
from typing import TYPE_CHECKING, Final, cast

from include.core.failpoints import failpoint
from include.core.runs.quarantine import count_codes, refuse_rejects, set_aside
from include.core.snapshot import rules
from include.core.snapshot.database import connect_duckdb
from include.core.snapshot.files import write_snapshot
from include.core.snapshot.load_csv import CsvFile, load_csv
from include.core.snapshot.long_keys import reject_long_keys
from include.core.statements import read_statement
from include.pipelines.github_csv_to_postgres.shared_snapshots import (
    MadeSnapshot,
    find_shared,
    fingerprint,
    share,
)
from include.pipelines.github_csv_to_postgres.task_values import CleanedSnapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from duckdb import DuckDBPyConnection

    from include.contracts.github import GitHubDataset, GitHubFile
    from include.core.aws.hand_over import HandOver
    from include.core.csv.faults import Counts, Reject
    from include.core.snapshot.rules import Finding
    from include.pipelines.github_csv_to_postgres.task_values import (
        ArchivedFile,
        Resources,
        SourceCounts,
    )

log = logging.getLogger(__name__)

_REJECTS: Final = "rejects.jsonl"


def clean_and_merge(
    dataset: GitHubDataset,
    archived: Sequence[ArchivedFile],
    *,
    as_of: datetime,
    resources: Resources,
    refetch: bool = False,
) -> CleanedSnapshot:
    """Turn archived files into one checked Parquet file, and a file of the rejected rows.

    What another run has made of the same files by the same contract and code is not made again.

    Arguments:
        dataset: the contract.
        archived: what download came back with, one a source.
        as_of: the moment of the snapshot.
        resources: what the task has opened.
        refetch: make it again all the same.

    Raises:
        InputFileError: a whole file breaks its contract.
        ArchiveError: an archived object is not what was put there.
        RejectLimitError: more rows were rejected than the dataset allows.
        RuleError: the result breaks a rule, or the table's own demands.
    """
    hand_over, name = resources.hand_over, fingerprint(dataset, archived)
    found = None if refetch else find_shared(hand_over, name)
    if found is not None:
        log.info("Nothing is read: these versions were cleaned at %s", found["made_at"])
    shared = found or share(hand_over, name, _make(dataset, archived, resources))
    # Whatever the rules say of a moment must be said anew at each.
    broken = rules.judge(shared["findings"], name=dataset.name, rules=dataset.rules, as_of=as_of)
    by_name = {file["source"]: file for file in archived}
    sources = [
        cast("SourceCounts", {**by_name[source.name], **shared["counts"][source.name]})
        for source in dataset.sources
    ]
    rejected, duplicate = _set_aside(shared["counts"])
    return CleanedSnapshot(
        snapshot=shared["snapshot"],
        rejects=shared["rejects"],
        row_count=shared["row_count"],
        read=shared["row_count"] + rejected + duplicate,
        rejected=rejected,
        duplicate=duplicate,
        rejects_by_code=shared["rejects_by_code"],
        warnings=[each["words"] for each in broken],
        broken=broken,
        sources=sources,
    )


def _make(
    dataset: GitHubDataset, archived: Sequence[ArchivedFile], resources: Resources
) -> MadeSnapshot:
    """Read the archived files, clean them, and look at the result; all files stay local."""
    hand_over = resources.hand_over
    rejects_file = hand_over.folder / _REJECTS
    snapshot = hand_over.folder / "snapshot.parquet"
    by_name = {file["source"]: file for file in archived}
    with connect_duckdb(hand_over.folder, memory=resources.memory) as connection:
        counts = {
            source.name: _load_archived(
                connection, dataset, source, by_name[source.name], hand_over
            )
            for source in dataset.sources
        }
        row_count, findings = clean_and_look(connection, dataset, to=snapshot)
    # Cleaning may join and filter: what it makes is what counts as read.
    read = row_count + sum(_set_aside(counts))
    refuse_rejects(dataset.name, dataset.rejects, read=read, rejects_file=rejects_file)
    failpoint("clean.checked")
    return MadeSnapshot(
        snapshot=snapshot,
        rejects=rejects_file,
        row_count=row_count,
        counts=counts,
        rejects_by_code=count_codes(rejects_file),
        findings=findings,
    )


def _set_aside(counts: Mapping[str, Mapping[str, int]]) -> tuple[int, int]:
    """Rows of all sources that were rejected, and those that were there twice."""
    each = counts.values()
    return sum(one["rejected"] for one in each), sum(one["duplicate"] for one in each)


def _load_archived(
    connection: DuckDBPyConnection,
    dataset: GitHubDataset,
    source: GitHubFile,
    archived: ArchivedFile,
    hand_over: HandOver,
) -> dict[str, int]:
    """Load an archived file into a relation named like its source; its rejects go to a file."""
    copy = hand_over.folder / f"{source.name}.source"
    hand_over.store.get_file(archived["key"], copy, sha256=archived["sha256"])
    name = f"{archived['repository']}/{source.path}"
    file = CsvFile(path=copy, name=name, contract=source.contract)
    rejects_file = hand_over.folder / _REJECTS
    with set_aside(rejects_file, file=name, version=archived["commit"]) as add:
        counts = load_source(
            connection, dataset, source, file, folder=hand_over.folder, on_reject=add
        )
    # The next source may need the room.
    copy.unlink()
    return asdict(counts)


def load_source(
    connection: DuckDBPyConnection,
    dataset: GitHubDataset,
    source: GitHubFile,
    file: CsvFile,
    *,
    folder: Path,
    on_reject: Callable[[Reject], None],
) -> Counts:
    """Load a file into a relation named like its source, without rows that the table cannot have.

    Arguments and errors are those of load_csv.
    """
    counts = load_csv(connection, source.name, file, folder=folder, on_reject=on_reject)
    key = dataset.table.key
    reject_long_keys(connection, source.name, file, key=key, counts=counts, on_reject=on_reject)
    return counts


def clean_and_look(
    connection: DuckDBPyConnection, dataset: GitHubDataset, *, to: Path, cleaning: str | None = None
) -> tuple[int, list[Finding]]:
    """Clean the relations of the sources, write the result as Parquet, and look at it.

    Arguments:
        connection: has the relations.
        dataset: the contract.
        to: the Parquet file.
        cleaning: a select statement; None for the dataset's own.

    Returns:
        How many rows there are, and what the dataset's rules find in them.

    Raises:
        RuleError: the result breaks the table's own demands.
    """
    if cleaning is None:
        cleaning = read_statement(f"github_csv_to_postgres/clean_{dataset.name}")
    row_count = write_snapshot(connection, dataset.table, cleaning=cleaning, to=to)
    rules.check_table(connection, dataset.table)
    return row_count, rules.find_broken(connection, dataset.rules)

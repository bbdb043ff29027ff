"""Cleaned snapshots in the lake, by what they were made of: each is made once, for all runs.

    work/<dataset>/clean/<fingerprint>/<sha256>.parquet   the rows
    work/<dataset>/clean/<fingerprint>/<sha256>.jsonl     the rejected rows
    work/<dataset>/clean/<fingerprint>/made.json          which two belong together, and counts

The record is put last, and names its files by their content. So of runs that make one snapshot at
the same time each finds its own files, and a record never speaks of files of another.
"""

from __future__ import annotations

import hashlib
import platform
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypedDict, cast

import duckdb

from include.core.aws.objects import Stored, sha256_of
from include.core.failpoints import failpoint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.contracts.github import GitHubDataset
    from include.core.aws.hand_over import HandOver
    from include.core.snapshot.rules import Finding
    from include.pipelines.github_csv_to_postgres.task_values import ArchivedFile

INCLUDE: Final = Path(__file__).parents[2]
# The lake drops them after a week: what one task finds must be there for the next ones.
_KEPT: Final = timedelta(days=5)


class SharedSnapshot(TypedDict):
    """What was made of files, whatever the moment of a run.

    Attributes:
        snapshot: the Parquet file of the rows.
        rejects: the file of rejected rows.
        row_count: rows of the snapshot.
        counts: of each source by its name, the attributes of include.core.csv's Counts.
        rejects_by_code: how many rows each code has.
        findings: of the dataset's rules, in their order.
        made_at: ISO 8601, with its offset.
    """

    snapshot: Stored
    rejects: Stored
    row_count: int
    counts: dict[str, dict[str, int]]
    rejects_by_code: dict[str, int]
    findings: list[Finding]
    made_at: str


class MadeSnapshot(TypedDict):
    """A snapshot whose files are still local; the other attributes are those of SharedSnapshot."""

    snapshot: Path
    rejects: Path
    row_count: int
    counts: dict[str, dict[str, int]]
    rejects_by_code: dict[str, int]
    findings: list[Finding]


def fingerprint(dataset: GitHubDataset, archived: Sequence[ArchivedFile]) -> str:
    """A digest of all that decides what comes of files: their bytes, the contract, the code.

    The commits are in it, since each rejected row names the one that it is from.
    """
    digest = hashlib.sha256()
    versions = sorted((file["source"], file["commit"], file["sha256"]) for file in archived)
    for part in (repr(dataset), repr(versions), code_digest(INCLUDE)):
        digest.update(hashlib.sha256(part.encode()).digest())
    return digest.hexdigest()


@cache
def code_digest(root: Path) -> str:
    """A digest of all Python and SQL below a folder, of DuckDB's version and of Python's.

    It is all of it, since no list of the files that matter would stay complete.
    """
    digest = hashlib.sha256(f"{duckdb.__version__} {platform.python_version()}".encode())
    for path in sorted(path for path in root.rglob("*") if path.suffix in (".py", ".sql")):
        for part in (path.relative_to(root).as_posix().encode(), path.read_bytes()):
            digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()


def find_shared(hand_over: HandOver, name: str) -> SharedSnapshot | None:
    """What another run has made of the same files; None unless all of it is there, undamaged.

    Arguments:
        hand_over: its prefix is where the dataset's snapshots are.
        name: the fingerprint.
    """
    record = hand_over.store.get_json(_record_key(hand_over, name))
    if not isinstance(record, dict) or record.keys() != SharedSnapshot.__annotations__.keys():
        return None
    shared = cast("SharedSnapshot", record)
    if datetime.now(timezone.utc) - datetime.fromisoformat(shared["made_at"]) > _KEPT:
        return None
    if not all(hand_over.store.has(file) for file in (shared["snapshot"], shared["rejects"])):
        return None
    return shared


def share(hand_over: HandOver, name: str, made: MadeSnapshot) -> SharedSnapshot:
    """Store a snapshot under its fingerprint, for this run and all others.

    Arguments:
        hand_over: its prefix is where the dataset's snapshots are.
        name: the fingerprint.
        made: what came of the files.
    """
    under = replace(hand_over, prefix=f"{hand_over.prefix}/{name}")
    snapshot = _put(under, made["snapshot"])
    failpoint("clean.stored_snapshot")
    rejects = _put(under, made["rejects"])
    failpoint("clean.stored_rejects")
    now = datetime.now(timezone.utc).isoformat()
    stored: dict[str, Any] = {**made, "snapshot": snapshot, "rejects": rejects, "made_at": now}
    shared = cast("SharedSnapshot", stored)
    hand_over.store.put_json(_record_key(hand_over, name), shared)
    failpoint("clean.shared")
    return shared


def _put(hand_over: HandOver, path: Path) -> Stored:
    return hand_over.put(f"{sha256_of(path)}{path.suffix}", path)


def _record_key(hand_over: HandOver, name: str) -> str:
    return f"{hand_over.prefix}/{name}/made.json"

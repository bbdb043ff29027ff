"""What a dataset declares whose CSV files are in GitHub repositories."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from include.contracts.files import NO_REJECTS
from include.contracts.tables import USUAL_SHRINK

if TYPE_CHECKING:
    from include.contracts.files import CsvContract, RejectLimit
    from include.contracts.rules import Rule
    from include.contracts.tables import ShrinkLimit, Table


@dataclass(frozen=True, kw_only=True)
class GitHubFile:
    """One CSV file in a public GitHub repository, read as it stood at a moment.

    Attributes:
        name: the relation that the cleaning SQL reads.
        owner, repository, path: where the file is.
        contract: how it is written.
    """

    name: str
    owner: str
    repository: str
    path: str
    contract: CsvContract


@dataclass(frozen=True, kw_only=True)
class GitHubDataset:
    """A table fed from CSV files in GitHub repositories.

    Attributes:
        name: also the DAG's id and the stem of its cleaning SQL file, clean_<name>.sql.
        title, description: for people.
        owner: who answers for it.
        tags: for the UI.
        schedule: cron, UTC.
        sources: the files; the first drives, the others add to it.
        table: where the rows go.
        rules: what is checked before anything is written.
        rejects: how many rejected rows a run may have.
        shrink: how much smaller than the last snapshot a new one may be.
        vanished: what happens to rows that a newer snapshot no longer has.
        hosts: host names that may be fetched from, all by https.
        request_seconds: seconds that one request may take in all.
        retry_seconds: seconds, from the first failure, that requests are tried again.
    """

    name: str
    title: str
    description: str
    owner: str
    tags: tuple[str, ...] = ()
    schedule: str
    sources: tuple[GitHubFile, ...]
    table: Table
    rules: tuple[Rule, ...] = ()
    rejects: RejectLimit = NO_REJECTS
    shrink: ShrinkLimit = USUAL_SHRINK
    vanished: Literal["keep", "delete"] = "keep"
    hosts: tuple[str, ...] = ("api.github.com", "raw.githubusercontent.com")
    request_seconds: int = 120
    retry_seconds: int = 300

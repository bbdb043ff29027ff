"""What the tasks of this pipeline return and take, and what they work with.

The TypedDicts are XComs: Airflow stores them as JSON objects with these keys. A run that is under
way while a new version is deployed goes on with those of the old one, so keys stay as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict

if TYPE_CHECKING:
    from include.contracts.rules import BrokenRule
    from include.core.aws.hand_over import HandOver
    from include.core.aws.objects import Stored
    from include.core.runs.run import StartedRun
    from include.core.warehouse.changes import Change


@dataclass(frozen=True, kw_only=True)
class Resources:
    """What a task opens once.

    Attributes:
        hand_over: the lake, the key prefix of the dataset's snapshots in it, a local folder.
        memory: DuckDB's memory limit, such as "512MB".
        ui_url: base address of the Airflow UI, for links.
        answer_seconds: how long a person has to answer a question.
    """

    hand_over: HandOver
    memory: str
    ui_url: str
    answer_seconds: int


class FileVersion(TypedDict):
    """One version of a file, as the archive remembers it.

    Attributes:
        commit: 40 hexadecimal digits.
        committed_at: ISO 8601, UTC, to the second.
    """

    commit: str
    committed_at: str


class ArchivedFile(FileVersion):
    """What download returns: where a file is in the archive, and what it is.

    Attributes:
        source: the name of the file in its dataset.
        repository: owner/name.
        path: in the repository.
        key: in the lake.
        size: bytes.
        sha256: of its bytes, in hexadecimal.
        fetched: False when the archive had it already.
    """

    source: str
    repository: str
    path: str
    key: str
    size: int
    sha256: str
    fetched: bool


class SourceCounts(ArchivedFile):
    """An archived file, and where its rows went: the attributes of include.core.csv's Counts."""

    read: int
    kept: int
    filtered: int
    rejected: int
    duplicate: int
    blank: int
    plain: int


class _OfLate(TypedDict, total=False):
    broken: list[BrokenRule]


class CleanedSnapshot(_OfLate):
    """What clean_and_merge returns.

    Attributes:
        snapshot: the Parquet file of the rows.
        rejects: the file of rejected rows.
        row_count: rows of the snapshot.
        read, rejected, duplicate: rows of all sources; read is row_count and the other two.
        rejects_by_code: how many rows each code has.
        warnings: a sentence for each broken rule of severity "warning".
        broken: the same with the names of the rules; code before it left that out.
        sources: the files, in order of the dataset.
    """

    snapshot: Stored
    rejects: Stored
    row_count: int
    read: int
    rejected: int
    duplicate: int
    rejects_by_code: dict[str, int]
    warnings: list[str]
    sources: list[SourceCounts]


class Decision(TypedDict):
    """What was said of a shrunken snapshot.

    Attributes:
        snapshot: digest of its content.
        approved: it may be loaded.
        decided_by: who said so; None of a refusal where nobody has answered in time.
    """

    snapshot: str
    approved: bool
    decided_by: str | None


class _Sometimes(TypedDict, total=False):
    preview: list[Change]
    notice: dict[str, Any]
    questions: list[StartedRun]


class LoadedSnapshot(_Sometimes):
    """What upsert_snapshot returns: the attributes of the ledger's Counts.

    Attributes:
        preview: of a dry run, the first changes, before and after.
        notice: of a dry run, the attributes of its Notice, which is in no outbox.
        questions: of a dataset that has a person decide, the run to start that asks, or none.
    """

    read: int
    rejected: int
    duplicate: int
    inserted: int
    updated: int
    unchanged: int
    superseded: int
    delivered: int
    deleted: int

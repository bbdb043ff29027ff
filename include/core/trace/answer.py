"""What is found of one row, and where the answer is put.

The answer holds raw text of files, which not everybody may see: it goes to one object in the lake,
never to a log, a notice or an XCom.
"""

from __future__ import annotations

from typing import Any, Final, Literal, TypedDict

VERSION: Final = 1
"""Of the answer's shape; it grows when a reader of the old shape would go wrong."""

MOST_RUNS: Final = 400
MOST_VERSIONS: Final = 60
MOST_LINES: Final = 20
"""Lines of one file that are shown, where many bear a part of the key."""

Effect = Literal[
    "inserted", "updated", "confirmed", "refused", "superseded", "absent", "deleted", "unknown"
]


class SourceLine(TypedDict):
    """A line of a file that bears the key, or a file that has none.

    Attributes:
        file: as its owner knows it.
        version: its commit or object version.
        line: 1-based physical line where the row begins; None where the file has no such row.
        raw: the row as it is in the file, cut at 64 KiB.
        archive: where its bytes are, or were, as an address of S3.
    """

    file: str
    version: str
    line: int | None
    raw: str | None
    archive: str


class Entry(TypedDict):
    """What one run had to do with the row.

    Attributes:
        dag_id, run_id: which run.
        as_of: the moment whose state it loaded, ISO 8601 in UTC.
        finished_at: when it was entered in the ledger, ISO 8601 in UTC.
        effect: what it did to the row.
        values: what its files make of the key; None where they make nothing of it.
        sources: the lines.
        code: of the reject, where a line was refused; what is missing, where nothing can be read.
        reason: one sentence, for people.
    """

    dag_id: str
    run_id: str
    as_of: str
    finished_at: str
    effect: Effect
    values: dict[str, Any] | None
    sources: list[SourceLine]
    code: str | None
    reason: str | None


class History(TypedDict):
    """What a pipeline finds of a key.

    Attributes:
        dag_id: the DAG of the dataset.
        now: the row as it is in the sink; None where it is not there.
        history: in the order in which the runs ended.
        cut: what was left out, in words; None where nothing was.
        notes: sentences that people must know.
    """

    dag_id: str
    now: dict[str, Any] | None
    history: list[Entry]
    cut: str | None
    notes: list[str]


class Answer(History):
    """The whole answer; asked_at is ISO 8601 in UTC."""

    version: int
    sink: str
    key: dict[str, str]
    asked_at: str

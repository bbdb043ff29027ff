"""The ledger: what a run did to a sink, and the rows that it rejected."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from psycopg2.extras import Json

from include.core.runs.run import Run
from include.core.statements import read_statement
from include.errors import AccountingError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from psycopg2.extensions import cursor

QUARANTINE_BATCH = 1000


@dataclass(frozen=True, kw_only=True)
class RunOfSink(Run):
    """Which run, into which sink, of which moment.

    Attributes:
        sink: schema.table, or the name of a queue or stream.
        as_of: the moment whose state the run loads.
        started_at: when the run began.
    """

    sink: str
    as_of: datetime
    started_at: datetime


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Where every row that was read has gone; deleted is counted beside."""

    read: int
    rejected: int = 0
    duplicate: int = 0
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    superseded: int = 0
    delivered: int = 0
    deleted: int = 0

    def check(self, sink: str) -> None:
        """Hold read to the sum of all other counts but deleted.

        Raises:
            AccountingError: the sum is off.
        """
        accounted = (
            self.rejected
            + self.duplicate
            + self.inserted
            + self.updated
            + self.unchanged
            + self.superseded
            + self.delivered
        )
        if accounted != self.read:
            raise AccountingError(f"{sink}: {self.read} rows read, {accounted} accounted for")


@dataclass(frozen=True, kw_only=True)
class Rejected:
    """One row in quarantine.

    Attributes:
        file, version: the source file and the commit or object version it stood in.
        line: 1-based physical line of the row's start.
        column_name: the column at fault, None for the whole row.
        code: a stable short name of the fault.
        reason: one sentence without the value.
        raw: the row as it stood in the file.
    """

    file: str
    version: str
    line: int | None
    column_name: str | None
    code: str
    reason: str
    raw: str


@dataclass(frozen=True, kw_only=True)
class Details:
    """What the ledger keeps beside the counts.

    Attributes:
        sources: for each file where it came from and read = kept + filtered + rejected.
        rejects_by_code: how many rows each code has.
        warnings: sentences that people must read.
        vanished: rows of the table that the snapshot lacks for the first time, and that stay.
        failures: file and cause of each that failed while others went on.
    """

    sources: list[dict[str, Any]] = field(default_factory=list)
    rejects_by_code: dict[str, int] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    vanished: int = 0
    failures: list[dict[str, Any]] = field(default_factory=list)


def record_run(
    cursor: cursor, run: RunOfSink, counts: Counts, details: Details, *, status: str = "success"
) -> bool:
    """Write the ledger row of a load.

    Returns:
        False when a run that did the same work has its row already, which then stays.

    Raises:
        AccountingError: the sum of the counts is off.
    """
    counts.check(run.sink)
    values = {
        **asdict(run),
        **asdict(counts),
        "status": status,
        "details": Json(asdict(details)),
    }
    cursor.execute(read_statement("runs/record_run"), values)
    return cursor.fetchone() is not None


def record_failure(cursor: cursor, run: RunOfSink, *, task: str, cause: str) -> None:
    """Write the ledger row of a run that failed, unless it has loaded before."""
    details = Json({"failed_task": task, "cause": cause})
    cursor.execute(read_statement("runs/record_failure"), {**asdict(run), "details": details})


def quarantine(cursor: cursor, run: RunOfSink, rejected: Iterable[Rejected]) -> int:
    """Replace what the run has in quarantine by these rows, and count them."""
    cursor.execute(read_statement("runs/replace_quarantine.empty"), asdict(run))
    written = 0
    batch: list[dict[str, Any]] = []
    for row in rejected:
        batch.append(asdict(row))
        if len(batch) == QUARANTINE_BATCH:
            written += _quarantine_batch(cursor, run, batch)
            batch = []
    return written + _quarantine_batch(cursor, run, batch)


def _quarantine_batch(cursor: cursor, run: RunOfSink, batch: list[dict[str, Any]]) -> int:
    cursor.execute(
        read_statement("runs/replace_quarantine.fill"), {**asdict(run), "rows": json.dumps(batch)}
    )
    return cursor.rowcount

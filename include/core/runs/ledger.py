"""The ledger: what a run did to a sink."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from psycopg2.extras import Json

from include.core.runs.run import Run
from include.core.statements import read_statement
from include.errors import AccountingError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from psycopg2.extensions import cursor


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
        # deleted is no part of the sum: those rows were in the table, not in what was read.
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
class Details:
    """What the ledger keeps beside the counts.

    Attributes:
        sources: for each file where it came from and read = kept + filtered + rejected.
        rejects_by_code: how many rows each code has.
        warnings: sentences that people must read.
        broken: the rules of the dataset that were broken, as a BrokenRule each.
        vanished: rows of the table that the snapshot lacks for the first time, and that stay.
        nothing_new_since: ISO 8601; the moment loaded before, which had the same rows.
        failures: file and cause of each that failed while others went on.
        question: about a shrunken snapshot: its digest, counts, state, and who decided.
    """

    sources: Sequence[Mapping[str, Any]] = field(default_factory=list)
    rejects_by_code: dict[str, int] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    broken: Sequence[Mapping[str, object]] = field(default_factory=list)
    vanished: int = 0
    nothing_new_since: str | None = None
    failures: Sequence[Mapping[str, Any]] = field(default_factory=list)
    question: Mapping[str, Any] | None = None


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


def record_failure(
    cursor: cursor,
    run: RunOfSink,
    *,
    task: str,
    cause: str,
    broken: Sequence[Mapping[str, object]] = (),
) -> None:
    """Write the ledger row of a run that failed, unless it has loaded before.

    Arguments:
        cursor: of a transaction.
        run: which run.
        task: the failed task's id.
        cause: one line without row values or secrets.
        broken: the rules that were broken, as a BrokenRule each.
    """
    details = Json({"failed_task": task, "cause": cause, "broken": [*broken]})
    cursor.execute(read_statement("runs/record_failure"), {**asdict(run), "details": details})

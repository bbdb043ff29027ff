"""The runs that the ledger knows of a sink, newest first."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from include.core.statements import read_statement
from include.core.trace.answer import MOST_RUNS

if TYPE_CHECKING:
    from datetime import datetime

    from psycopg2.extensions import cursor


@dataclass(frozen=True, kw_only=True)
class LedgerRun:
    """A row of the ledger.

    Attributes:
        dag_id, run_id: which run.
        as_of: the moment whose state it loaded.
        finished_at: when it was entered.
        status: success, failed or skipped.
        counts: inserted, updated, unchanged, superseded, deleted and rejected.
        sources: the files, as the pipeline has entered them; none of a run that loaded nothing.
    """

    dag_id: str
    run_id: str
    as_of: datetime
    finished_at: datetime
    status: str
    counts: dict[str, int]
    sources: list[dict[str, Any]]


def runs_of_sink(
    cursor: cursor, sink: str, *, as_of: datetime | None = None
) -> tuple[list[LedgerRun], bool]:
    """The newest MOST_RUNS of a sink in the order of their ends, and whether there are more.

    Arguments:
        cursor: of a transaction.
        sink: which.
        as_of: the only moment whose runs are wanted; those of all where there is none.
    """
    return _newest(cursor, "trace/list_runs", sink=sink, as_of=as_of)


def files_of_sink(cursor: cursor, sink: str, *, pipeline: str) -> tuple[list[LedgerRun], bool]:
    """The same of files that landed, each as a run of its own.

    Its as_of is when the file landed, and its only source is the FileVersion.

    Arguments:
        cursor: of a transaction.
        sink: which.
        pipeline: as the registry knows it.
    """
    return _newest(cursor, "trace/list_files", sink=sink, pipeline=pipeline)


def _newest(
    cursor: cursor, statement: str, **values: str | datetime | None
) -> tuple[list[LedgerRun], bool]:
    cursor.execute(read_statement(statement), {**values, "most": MOST_RUNS + 1})
    names = [field.name for field in fields(LedgerRun)]
    found = [LedgerRun(**dict(zip(names, row, strict=True))) for row in cursor.fetchall()]
    return found[:MOST_RUNS][::-1], len(found) > MOST_RUNS

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
        counts: inserted, updated, unchanged, deleted and rejected.
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
    cursor: cursor, sink: str, *, most: int = MOST_RUNS
) -> tuple[list[LedgerRun], bool]:
    """The newest runs of a sink in the order in which they ended, and whether there are more."""
    cursor.execute(read_statement("trace/list_runs"), {"sink": sink, "most": most + 1})
    names = [field.name for field in fields(LedgerRun)]
    found = [LedgerRun(**dict(zip(names, row, strict=True))) for row in cursor.fetchall()]
    return found[:most][::-1], len(found) > most

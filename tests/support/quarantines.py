"""A quarantine in a real database, and runs that reject rows of versions that they read."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import psycopg2
from psycopg2.extras import Json

from include.core.runs.ledger import Counts, Details, RunOfSink, record_run
from include.core.runs.notices import RunFacts
from include.core.runs.quarantine import QuarantineRow, quarantine_rows
from include.core.runs.repair import Asked, end_repair, find_waiting, plan_runs
from include.core.runs.run import Run
from include.core.warehouse.connection import transaction

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from psycopg2.extensions import connection

    from include.core.runs.repair import Planned, Way

DAG, SINK = "covid_us_daily", "covid.us_daily"
AS_OF = datetime(2026, 11, 21, tzinfo=timezone.utc)
REPAIR = "replay_rejects"


def reject(file: str, version: str, line: int | None, code: str = "short") -> QuarantineRow:
    return QuarantineRow(
        file=file,
        version=version,
        line=line,
        column_name=None,
        code=code,
        reason="It is short.",
        raw=f"raw {line}",
    )


@dataclass(frozen=True, kw_only=True)
class Quarantine:
    """A quarantine; all runs are of one DAG, and into one sink unless they say otherwise."""

    uri: str

    def connect(self) -> connection:
        return psycopg2.connect(self.uri)

    def query(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        with closing(self.connect()) as opened, opened, opened.cursor() as cursor:
            cursor.execute(statement, values)
            return list(cursor.fetchall()) if cursor.description else []

    def run(
        self,
        run_id: str,
        read: Mapping[tuple[str, str], Iterable[int | None]],
        *,
        as_of: datetime = AS_OF,
        dag_id: str = DAG,
        sink: str = SINK,
        code: str = "short",
    ) -> None:
        """A run commits that has read versions, and rejected these lines of each."""
        rows = [
            reject(file, version, line, code)
            for (file, version), lines in read.items()
            for line in lines
        ]
        run = RunOfSink(dag_id=dag_id, run_id=run_id, sink=sink, as_of=as_of, started_at=as_of)
        sources = [
            {"repository": "owner/name", "path": file, "commit": version, "key": f"raw/{version}"}
            for file, version in read
        ]
        with transaction(self.connect, doing="load") as cursor:
            counts = Counts(read=len(rows), rejected=len(rows))
            record_run(cursor, run, counts, Details(sources=sources))
            assert quarantine_rows(cursor, run, rows, read=read) == len(rows)

    def fail(self, run_id: str) -> None:
        """A run fails: it leaves a row of the ledger, and no row here."""
        self.query(
            "insert into ops.run (dag_id, run_id, sink, as_of, status, started_at, details)"
            " values (%s, %s, %s, %s, 'failed', %s, %s)",
            DAG, run_id, SINK, AS_OF, AS_OF, Json({}),
        )  # fmt: skip

    def open(self) -> list[tuple[Any, ...]]:
        """File, version and line of what waits."""
        return self.query(
            "select file, version, line from ops.open_reject order by file, version, line"
        )

    def settled(self) -> list[tuple[Any, ...]]:
        """Run that rejected, line, how it was settled and by which run, of what does not wait."""
        return self.query(
            "select run_id, line, settled_how, settled_by_run from ops.rejected_row"
            " where settled_at is not null order by run_id, file, version, line"
        )

    def plan(self, ways: Mapping[str, Way] | None = None, **asked: Any) -> Planned:
        """What replay_rejects starts first; every DAG is given the moment of a version."""
        found = find_waiting(self.connect, Asked(sink=SINK, **asked))
        default: dict[str, Way] = {DAG: lambda version: {"as_of": version["as_of"]}}
        return plan_runs(found, default if ways is None else ways, self.facts("repair"))

    def set_aside(self, why: str, run_id: str = "repair", **asked: Any) -> dict[str, int]:
        """All that replay_rejects does to set rows aside."""
        planned = self.plan({}, **asked)
        return self.end({**planned, "left": []}, [], run_id=run_id, why=why, **asked)

    def end(
        self,
        planned: Planned,
        states: list[str],
        *,
        run_id: str = "repair",
        why: str | None = None,
        **asked: Any,
    ) -> dict[str, int]:
        """The last step of replay_rejects."""
        return end_repair(
            self.connect,
            Asked(sink=SINK, **asked),
            planned,
            states=states,
            facts=self.facts(run_id),
            why=why,
        )

    def notice(self, run_id: str = "repair") -> tuple[str, str]:
        """Subject and text of the notice of a repair."""
        ((subject, text),) = self.query(
            "select subject, body from ops.outbox where run_id = %s", run_id
        )
        return subject, text

    @staticmethod
    def facts(run_id: str) -> RunFacts:
        run = Run(dag_id=REPAIR, run_id=run_id)
        return RunFacts(
            **run.parameters, dataset=REPAIR, as_of=AS_OF, ui_url="http://localhost:8080", conf={}
        )

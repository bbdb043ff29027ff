"""The registry of arrivals as runs of one DAG use it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.core.arrivals import registry as arrivals
from include.core.arrivals.registry import (
    Claim,
    Held,
    claim,
    failed_files,
    find_missed,
    note_progress,
)
from include.core.warehouse.connection import transaction

if TYPE_CHECKING:
    from include.core.warehouse.connection import Connect

FILE: dict[str, Any] = {
    "bucket": "landing",
    "key": "uploads/sqs/orders.csv",
    "version_id": "v1",
    "etag": "e1",
    "size": 7,
    "stored_at": "2026-11-21T06:00:00+00:00",
    "order": "2026-11-21T06:00:00+00:00#000000#00000000",
    "sequencer": "00A1",
}
COUNTS = {"counts": {"read": 1, "delivered": 1}}
DAG = "csv_upload_to_sqs"


class Registry:
    """The registry as the runs a, b and c of one DAG use it."""

    def __init__(self, connect: Connect) -> None:
        self.connect = connect

    def claim(
        self, run_id: str, *, again: bool = False, found_by: str = "event", **other: Any
    ) -> Claim:
        run = {"dag_id": DAG, "run_id": run_id, "found_by": found_by}
        with transaction(self.connect, doing="claim") as cursor:
            return claim(cursor, DAG, FILE | other, **run, again=again)

    def held(self, run_id: str) -> Held:
        held = self.claim(run_id).held
        assert held is not None
        return held

    def hold(self, run_id: str) -> Claim:
        return arrivals.hold(self.connect, DAG, FILE, dag_id=DAG, run_id=run_id)

    def note(self, held: Held, progress: dict[str, Any] | None = None) -> None:
        with transaction(self.connect, doing="note") as cursor:
            note_progress(cursor, held, progress)

    def finish(self, run_id: str, counts: dict[str, Any] = COUNTS) -> bool:
        with transaction(self.connect, doing="finish") as cursor:
            return arrivals.finish(cursor, DAG, FILE, dag_id=DAG, run_id=run_id, counts=counts)

    def fail(self, run_id: str, cause: str = "it broke", *, final: bool = False) -> None:
        run = {"dag_id": DAG, "run_id": run_id}
        with transaction(self.connect, doing="fail") as cursor:
            arrivals.fail(cursor, DAG, FILE, **run, cause=cause, final=final)

    def note_cause(self, run_id: str, cause: str) -> None:
        with transaction(self.connect, doing="note") as cursor:
            arrivals.note_cause(cursor, DAG, FILE, dag_id=DAG, run_id=run_id, cause=cause)

    def release(self, run_id: str) -> int:
        with transaction(self.connect, doing="release") as cursor:
            return arrivals.release_run(cursor, dag_id=DAG, run_id=run_id, cause="lost")

    def failed_files(self, run_id: str) -> list[tuple[str, str]]:
        with transaction(self.connect, doing="look") as cursor:
            return failed_files(cursor, dag_id=DAG, run_id=run_id)

    def missed(self, *versions: tuple[str, str], bucket: str = "landing") -> list[tuple[str, str]]:
        with transaction(self.connect, doing="look") as cursor:
            return find_missed(cursor, DAG, bucket, versions)

    def end_lease(self) -> None:
        """As if the holder had been silent for longer than its lease."""
        with transaction(self.connect, doing="end the lease") as cursor:
            cursor.execute("update ops.arrival set claimed_until = now() - interval '1 s'")

    def row(self, *columns: str) -> tuple[Any, ...]:
        with transaction(self.connect, doing="look") as cursor:
            cursor.execute(f"select {', '.join(columns)} from ops.arrival")
            rows = cursor.fetchall()
        assert len(rows) == 1
        return tuple(rows[0])

    def state(self) -> tuple[str, str, str | None]:
        state, run_id, cause = self.row("state", "run_id", "cause")
        return state, run_id, cause

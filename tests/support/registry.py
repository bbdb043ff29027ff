"""The registry of arrivals as runs of one DAG use it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from include.core.arrivals import registry
from include.core.runs.run import Run
from include.core.warehouse.connection import transaction

if TYPE_CHECKING:
    from include.core.arrivals.registry import Arrival, Claim, Held
    from include.core.warehouse.connection import Connect

FILE: Arrival = {
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


def run_of(run_id: str, *, dag_id: str = DAG) -> Run:
    return Run(dag_id=dag_id, run_id=run_id)


class Registry:
    """The registry as the runs a, b and c of one DAG use it."""

    def __init__(self, connect: Connect) -> None:
        self.connect = connect

    def claim(
        self, run_id: str, *, again: bool = False, found_by: str = "event", **other: Any
    ) -> Claim:
        file = cast("Arrival", {**FILE, **other})
        with transaction(self.connect, doing="claim") as cursor:
            return registry.claim(cursor, DAG, file, run_of(run_id), found_by=found_by, again=again)

    def held(self, run_id: str) -> Held:
        held = self.claim(run_id).held
        assert held is not None
        return held

    def hold(self, run_id: str) -> Claim:
        return registry.hold(self.connect, DAG, FILE, run_of(run_id))

    def renew(self, held: Held) -> bool:
        with transaction(self.connect, doing="renew") as cursor:
            return registry.renew(cursor, held)

    def keep(self, held: Held, progress: dict[str, Any], *, part: int = 0) -> None:
        with transaction(self.connect, doing="keep progress") as cursor:
            registry.keep_progress(cursor, held, part, progress)

    def progress(self, claimed: Claim, *, part: int = 0) -> dict[str, Any] | None:
        assert claimed.held is not None
        with transaction(self.connect, doing="look") as cursor:
            return registry.find_progress(cursor, claimed.held, part)

    def complete(self, run_id: str, counts: dict[str, Any] = COUNTS) -> bool:
        with transaction(self.connect, doing="complete") as cursor:
            return registry.complete(cursor, DAG, FILE, run_of(run_id), counts=counts)

    def fail(self, run_id: str, cause: str = "it broke", *, final: bool = False) -> None:
        with transaction(self.connect, doing="fail") as cursor:
            registry.fail(cursor, DAG, FILE, run_of(run_id), cause=cause, final=final)

    def note_cause(self, run_id: str, cause: str) -> None:
        with transaction(self.connect, doing="note") as cursor:
            registry.note_cause(cursor, DAG, FILE, run_of(run_id), cause=cause)

    def release(self, run_id: str) -> int:
        with transaction(self.connect, doing="release") as cursor:
            return registry.release_run(cursor, run_of(run_id), cause="lost")

    def failed_files(self, run_id: str) -> list[tuple[str, str]]:
        with transaction(self.connect, doing="look") as cursor:
            return registry.failed_files(cursor, run_of(run_id))

    def missed(self, *versions: tuple[str, str], bucket: str = "landing") -> list[tuple[str, str]]:
        with transaction(self.connect, doing="look") as cursor:
            return registry.find_missed(cursor, DAG, bucket, versions)

    def end_lease(self) -> None:
        """As if the holder had not renewed its lease for too long."""
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

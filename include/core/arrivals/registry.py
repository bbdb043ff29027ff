"""The registry of object versions that landed in S3: each is processed once, by one run.

A run claims an object version for the length of a lease, and gets a fencing token with it. Every
write that it makes for the file presents the token; when the lease is over and another run has
claimed the file, the token has grown and the late writer is refused.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from psycopg2.extras import Json

from include.core.statements import read_statement
from include.core.warehouse.connection import transaction
from include.errors import ArrivalBusyError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg2.extensions import cursor

    from include.core.warehouse.connection import Connect

# Longer than any pause between two signs of life of a task, tries and queueing included.
LEASE_SECONDS = 3600
# Runs of a file whose event was lost: as many as a message is received.
SWEEP_TRIES = 3


@dataclass(frozen=True, kw_only=True)
class Held:
    """An object version that a run holds.

    Attributes:
        pipeline, bucket, key, version_id: which.
        token: proves that the holder is still the holder.
    """

    pipeline: str
    bucket: str
    key: str
    version_id: str
    token: int


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What came of asking for an object version.

    Attributes:
        held: what the run holds now; None when it is done, has failed for good, or another run
            holds it.
        progress: what note_progress kept last; None at a new beginning.
        file_order: as it was when the object version was first seen.
        counts: what became of it, when it is done.
        mine: it is done, and by the run that asks.
        failed: it has failed for good.
        busy_seconds: how long another run may hold it yet; 0 when none does.
    """

    held: Held | None
    progress: dict[str, Any] | None = None
    file_order: str = ""
    counts: dict[str, Any] | None = None
    mine: bool = False
    failed: bool = False
    busy_seconds: int = 0


def claim(  # noqa: PLR0913 -- a file, a run, and the two things that differ between runs
    cursor: cursor,
    pipeline: str,
    file: dict[str, Any],
    *,
    dag_id: str,
    run_id: str,
    found_by: str = "event",
    again: bool = False,
) -> Claim:
    """Ask for an object version.

    Arguments:
        cursor: of the transaction that takes it.
        pipeline: for which pipeline.
        file: bucket, key, version_id, etag, size, stored_at, order, sequencer (may be None).
        dag_id: of which DAG the run is that asks.
        run_id: which run of it.
        found_by: event, sweep or hand; by hand also what has failed for good is taken.
        again: take it although another run has done it.
    """
    values = {
        **_name(pipeline, file),
        "etag": file["etag"],
        "size": file["size"],
        "stored_at": file["stored_at"],
        "file_order": file["order"],
        "sequencer": file.get("sequencer"),
        "dag_id": dag_id,
        "run_id": run_id,
        "found_by": found_by,
        "again": again,
        "lease_seconds": LEASE_SECONDS,
    }
    cursor.execute(read_statement("arrivals/claim_arrival"), values)
    row = cursor.fetchone()
    if row is not None:
        token, progress, file_order = row
        held = Held(**_name(pipeline, file), token=token)
        return Claim(held=held, progress=progress, file_order=file_order)
    cursor.execute(read_statement("arrivals/find_arrival"), values)
    found = cursor.fetchone()
    if found is None:
        raise ArrivalBusyError("Another run is taking it this moment")
    state, holder, file_order, counts, final, seconds_left = found
    if state == "done":
        mine = holder == [dag_id, run_id]
        return Claim(held=None, file_order=file_order, counts=counts, mine=mine)
    if final:
        return Claim(held=None, file_order=file_order, failed=True)
    return Claim(held=None, busy_seconds=max(seconds_left or 0, 1))


def hold(
    connect: Connect, pipeline: str, file: dict[str, Any], *, dag_id: str, run_id: str
) -> Claim:
    """Begin a task's work on a file that its run has claimed.

    Returns:
        The claim, with a new token; with counts and nothing held when the file is done.

    Raises:
        ArrivalBusyError: another run holds it.
    """
    with transaction(connect, doing=f"hold a file of {pipeline}") as cursor:
        claimed = claim(cursor, pipeline, file, dag_id=dag_id, run_id=run_id)
    if claimed.held is None and claimed.counts is None:
        raise ArrivalBusyError(f"Another run holds it, for {claimed.busy_seconds} s at most")
    return claimed


def note_progress(cursor: cursor, held: Held, progress: dict[str, Any] | None = None) -> None:
    """Renew the lease of what a task holds, and keep how far it has come.

    Arguments:
        cursor: of a transaction that commits at once.
        held: what hold came back with.
        progress: a small dictionary; None leaves what is there.

    Raises:
        ArrivalBusyError: another run has taken it over; what it does now counts.
    """
    values = {
        **asdict(held),
        "progress": None if progress is None else Json(progress),
        "lease_seconds": LEASE_SECONDS,
    }
    cursor.execute(read_statement("arrivals/renew_arrival"), values)
    if cursor.rowcount != 1:
        raise ArrivalBusyError("Another run has taken it over")


def finish(
    cursor: cursor,
    pipeline: str,
    file: dict[str, Any],
    *,
    dag_id: str,
    run_id: str,
    counts: dict[str, Any],
) -> bool:
    """Mark an object version as done, unless the run has; False when another has taken it over."""
    values = {**_name(pipeline, file), "dag_id": dag_id, "run_id": run_id, "counts": Json(counts)}
    cursor.execute(read_statement("arrivals/finish_arrival"), values)
    return cursor.fetchone() is not None


def fail(  # noqa: PLR0913 -- a file, a run, and what came of it
    cursor: cursor,
    pipeline: str,
    file: dict[str, Any],
    *,
    dag_id: str,
    run_id: str,
    cause: str,
    final: bool = False,
) -> None:
    """Mark an object version as failed, unless it is done or another run has taken it over.

    Arguments:
        cursor: of the transaction.
        pipeline: for which pipeline.
        file: bucket, key, version_id.
        dag_id: of which DAG the run is that could not process it.
        run_id: which run of it.
        cause: why, without the file's name.
        final: no retry helps; it is tried again by hand only.
    """
    run = {"dag_id": dag_id, "run_id": run_id}
    values = {**_name(pipeline, file), **run, "cause": cause, "final": final}
    cursor.execute(read_statement("arrivals/fail_arrival"), values)


def note_cause(
    cursor: cursor, pipeline: str, file: dict[str, Any], *, dag_id: str, run_id: str, cause: str
) -> None:
    """Show why a run's try failed while the run waits for the next; arguments are those of fail."""
    values = {**_name(pipeline, file), "dag_id": dag_id, "run_id": run_id, "cause": cause}
    cursor.execute(read_statement("arrivals/note_cause"), values)


def refuse(
    cursor: cursor, pipeline: str, file: dict[str, Any], *, dag_id: str, run_id: str, cause: str
) -> None:
    """Enter an object version that a sweep has found and no run can take, unless it is known.

    Arguments are those of claim, and why no run can take it.
    """
    values = {**_name(pipeline, file), "dag_id": dag_id, "run_id": run_id, "cause": cause}
    values |= {name: file[name] for name in ("etag", "size", "stored_at")}
    values["file_order"] = file["order"]
    cursor.execute(read_statement("arrivals/refuse_arrival"), values)


def release_run(cursor: cursor, *, dag_id: str, run_id: str, cause: str) -> int:
    """Mark all that a run still holds as failed, and count it."""
    values = {"dag_id": dag_id, "run_id": run_id, "cause": cause}
    cursor.execute(read_statement("arrivals/release_run"), values)
    return cursor.rowcount


def failed_files(cursor: cursor, *, dag_id: str, run_id: str) -> list[tuple[str, str]]:
    """Key and version id of each file that a run could not process, in their order."""
    cursor.execute(read_statement("arrivals/find_failed"), {"dag_id": dag_id, "run_id": run_id})
    return [(key, version_id) for key, version_id in cursor.fetchall()]


def find_missed(
    cursor: cursor, pipeline: str, bucket: str, versions: Sequence[tuple[str, str]]
) -> list[tuple[str, str]]:
    """Of these object versions, key and version id each, those that nobody processes.

    One that a sweep has found before, and that has failed since, is among them until it has been
    tried SWEEP_TRIES times, unless the failure is final.
    """
    values = {
        "pipeline": pipeline,
        "bucket": bucket,
        "keys": [key for key, _ in versions],
        "version_ids": [version_id for _, version_id in versions],
        "tries": SWEEP_TRIES,
    }
    cursor.execute(read_statement("arrivals/find_missed"), values)
    return [(key, version_id) for key, version_id in cursor.fetchall()]


def _name(pipeline: str, file: dict[str, Any]) -> dict[str, str]:
    return {
        "pipeline": pipeline,
        "bucket": file["bucket"],
        "key": file["key"],
        "version_id": file["version_id"],
    }

"""The registry ops.arrival: each object version that landed in S3 is processed once, by one run.

A run claims an object version for the length of a lease, and gets a fencing token with it. Every
write that it makes for the file presents the token; when the lease is over and another run has
claimed the file, the token has grown and the late writer is refused.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from psycopg2.extras import Json

from include.core.arrivals.versions import FileName, FileVersion
from include.core.statements import read_statement
from include.core.warehouse.connection import transaction
from include.errors import ArrivalBusyError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg2.extensions import cursor

    from include.core.runs.run import Run
    from include.core.warehouse.connection import Connect

# Longer than any pause between two renewals, tries and queueing of tasks included.
CLAIM_SECONDS = 3600
# Runs of a file whose event was lost: as many as a message is received.
SWEEP_TRIES = 3
_TAKEN_OVER = "Another run has taken it over"


class HeldFile(FileName):
    """An object version on its way from task to task of the run that holds it, with its token."""

    token: int


class Arrival(FileVersion, total=False):
    """An object version, and what its event says beside."""

    sequencer: str | None


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

    @classmethod
    def of(cls, pipeline: str, file: HeldFile) -> Held:
        """What a task goes on with that another one of its run has begun."""
        return cls(
            pipeline=pipeline,
            bucket=file["bucket"],
            key=file["key"],
            version_id=file["version_id"],
            token=file["token"],
        )


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What came of asking for an object version.

    Attributes:
        held: what the run holds now; None when it is done, has failed for good, or another run
            holds it.
        file_order: as it was when the object version was first seen.
        counts: the result that complete kept, when it is done.
        mine: it is done, and by the run that asks.
        failed: it has failed for good.
        busy_seconds: how long another run may hold it yet; 0 when none does.
    """

    held: Held | None
    file_order: str = ""
    counts: dict[str, Any] | None = None
    mine: bool = False
    failed: bool = False
    busy_seconds: int = 0


def claim(
    cursor: cursor,
    pipeline: str,
    file: Arrival,
    run: Run,
    *,
    found_by: str = "event",
    again: bool = False,
) -> Claim:
    """Ask for an object version.

    Arguments:
        cursor: of the transaction that takes it.
        pipeline: for which pipeline.
        file: which, and what is entered of it when it is new.
        run: which run asks.
        found_by: event, sweep or hand; by hand also what has failed for good is taken.
        again: take it although another run has done it.

    Raises:
        ArrivalBusyError: another run takes it at the same moment.
    """
    values = {
        **_name(pipeline, file, run),
        "etag": file["etag"],
        "size": file["size"],
        "stored_at": file["stored_at"],
        "file_order": file["order"],
        "sequencer": file.get("sequencer"),
        "found_by": found_by,
        "again": again,
        "lease_seconds": CLAIM_SECONDS,
    }
    cursor.execute(read_statement("arrivals/claim_arrival"), values)
    row = cursor.fetchone()
    if row is not None:
        token, file_order = row
        held = Held.of(pipeline, {**_version(file), "token": token})
        return Claim(held=held, file_order=file_order)
    return _find(cursor, pipeline, file, run)


def _find(cursor: cursor, pipeline: str, file: FileName, run: Run) -> Claim:
    """What became of an object version that the run cannot take."""
    cursor.execute(read_statement("arrivals/find_arrival"), _name(pipeline, file, run))
    found = cursor.fetchone()
    if found is None:
        raise ArrivalBusyError("Another run is taking it this moment")
    state, holder, file_order, counts, final, seconds_left = found
    if state == "done":
        mine = holder == [run.dag_id, run.run_id]
        return Claim(held=None, file_order=file_order, counts=counts, mine=mine)
    if final:
        return Claim(held=None, file_order=file_order, failed=True)
    return Claim(held=None, busy_seconds=max(seconds_left or 0, 1))


def hold(connect: Connect, pipeline: str, file: Arrival, run: Run) -> Claim:
    """Begin a task's work on a file that its run has claimed.

    Returns:
        The claim, with a new token; with counts and nothing held when the file is done.

    Raises:
        ArrivalBusyError: another run holds it.
    """
    with transaction(connect, doing=f"hold a file of {pipeline}") as cursor:
        claimed = claim(cursor, pipeline, file, run)
    if claimed.held is None and claimed.counts is None:
        raise ArrivalBusyError(f"Another run holds it, for {claimed.busy_seconds} s at most")
    return claimed


def renew(cursor: cursor, held: Held) -> bool:
    """Renew the lease of what a task holds.

    Arguments:
        cursor: of a transaction that commits at once.
        held: what hold came back with.

    Returns:
        Whether the file is still to be done.

    Raises:
        ArrivalBusyError: another run has taken it over; what it does now counts.
    """
    values = {**asdict(held), "lease_seconds": CLAIM_SECONDS}
    cursor.execute(read_statement("arrivals/renew_arrival"), values)
    row = cursor.fetchone()
    if row is None:
        raise ArrivalBusyError(_TAKEN_OVER)
    return bool(row[0] != "done")


def find_progress(cursor: cursor, held: Held, part: int) -> dict[str, Any] | None:
    """What keep_progress kept last of a part; None at its beginning."""
    cursor.execute(read_statement("arrivals/part_progress.find"), {**asdict(held), "part": part})
    row = cursor.fetchone()
    return row[0] if row else None


def keep_progress(cursor: cursor, held: Held, part: int, progress: dict[str, Any]) -> None:
    """Keep how far a task has come with a part of a file, until the file is done.

    Arguments:
        cursor: of a transaction that commits at once.
        held: what hold came back with.
        part: the number of the part; 0 for a file that one task takes on.
        progress: a small JSON object.

    Raises:
        ArrivalBusyError: another run has taken the file over; what it does now counts.
    """
    values = {**asdict(held), "part": part, "progress": Json(progress)}
    cursor.execute(read_statement("arrivals/part_progress.keep"), values)
    if cursor.rowcount != 1:
        raise ArrivalBusyError(_TAKEN_OVER)


def complete(
    cursor: cursor, pipeline: str, file: FileName, run: Run, *, counts: dict[str, Any]
) -> bool:
    """Mark an object version as done, unless the run has; False when another has taken it over."""
    values = {**_name(pipeline, file, run), "counts": Json(counts)}
    cursor.execute(read_statement("arrivals/complete_arrival"), values)
    return cursor.fetchone() is not None


def fail(
    cursor: cursor, pipeline: str, file: FileName, run: Run, *, cause: str, final: bool = False
) -> None:
    """Mark an object version as failed, unless it is done or another run has taken it over.

    Arguments:
        cursor: of the transaction.
        pipeline: for which pipeline.
        file: which.
        run: which run could not process it.
        cause: why, without the file's name.
        final: no retry helps; it is tried again by hand only.
    """
    values = {**_name(pipeline, file, run), "cause": cause, "final": final}
    cursor.execute(read_statement("arrivals/fail_arrival"), values)


def note_cause(cursor: cursor, pipeline: str, file: FileName, run: Run, *, cause: str) -> None:
    """Show why a run's try failed while the run waits for the next; arguments are those of fail."""
    values = {**_name(pipeline, file, run), "cause": cause}
    cursor.execute(read_statement("arrivals/note_cause"), values)


def refuse(cursor: cursor, pipeline: str, file: FileVersion, run: Run, *, cause: str) -> None:
    """Enter an object version that a sweep has found and no run can take, unless it is known.

    Arguments are those of claim, and why no run can take it.
    """
    values = {
        **_name(pipeline, file, run),
        "etag": file["etag"],
        "size": file["size"],
        "stored_at": file["stored_at"],
        "file_order": file["order"],
        "cause": cause,
    }
    cursor.execute(read_statement("arrivals/refuse_arrival"), values)


def release_run(cursor: cursor, run: Run, *, cause: str) -> int:
    """Mark all that a run still holds as failed, and count it."""
    cursor.execute(read_statement("arrivals/release_run"), {**run.parameters, "cause": cause})
    return cursor.rowcount


def failed_files(cursor: cursor, run: Run) -> list[tuple[str, str]]:
    """Key and version id of each file that a run could not process, in their order."""
    cursor.execute(read_statement("arrivals/find_failed"), run.parameters)
    return [(key, version_id) for key, version_id in cursor.fetchall()]


def find_missed(
    cursor: cursor, pipeline: str, bucket: str, versions: Sequence[tuple[str, str]]
) -> list[tuple[str, str]]:
    """Of these object versions, key and version id each, those that no run processes.

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


def _name(pipeline: str, file: FileName, run: Run) -> dict[str, Any]:
    return {"pipeline": pipeline, **_version(file), **run.parameters}


def _version(file: FileName) -> FileName:
    return {"bucket": file["bucket"], "key": file["key"], "version_id": file["version_id"]}

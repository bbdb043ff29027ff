"""The end of an upload run: registry, ledger, quarantine and notice, and only then the messages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from itertools import chain
from typing import TYPE_CHECKING, Any, Protocol

from include.core.arrivals import queue as arrival_queue
from include.core.arrivals import registry as arrivals
from include.core.arrivals.notices import end_notice
from include.core.failpoints import failpoint
from include.core.runs import ledger
from include.core.runs.notices import count_of
from include.core.runs.outbox import write_notice
from include.core.runs.quarantine import QuarantineRow, quarantine_rows, read_rejected
from include.core.warehouse.connection import transaction
from include.errors import FilesFailedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from psycopg2.extensions import cursor

    from include.core.aws.objects import ObjectStore
    from include.core.runs.notices import RunFacts
    from include.core.warehouse.connection import Connect

    class OnFailed(Protocol):
        """Told of a file that failed, and why."""

        def __call__(self, file: dict[str, Any], *, cause: str) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why a file could not be processed.

    Attributes:
        cause: one line, without the file's name.
        final: the same version would fail again; otherwise it is worth another try.
    """

    cause: str
    final: bool = False


TAKEN_OVER = Failure(cause="Another run has taken it over; what that run does with it counts")


@dataclass(frozen=True, kw_only=True)
class Queue:
    """The queue that a run's messages came from.

    Attributes:
        client: a boto3 SQS client.
        url: the queue.
        retry_seconds: pause before a message whose file failed is received again.
    """

    client: Any
    url: str
    retry_seconds: int


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How the files of a run ended.

    Attributes:
        done: what the pipeline gave back for each file, with its file.
        failures: file and cause of each that failed, or that could not be worked on.
        failed_files: those that the run had claimed, with why they failed.
    """

    done: list[dict[str, Any]]
    failures: list[dict[str, str]]
    failed_files: list[tuple[dict[str, Any], Failure]]


def settle(  # noqa: PLR0913 -- a run, what came of it, and the places that are told
    pipeline: str,
    received: Mapping[str, Any],
    results: Iterable[Mapping[str, Any]],
    *,
    failure_of: Callable[[int], Failure],
    run: ledger.RunOfSink,
    facts: RunFacts,
    connect: Connect,
    store: ObjectStore,
    queue: Queue,
    folder: Path,
    on_failed: OnFailed | None = None,
) -> dict[str, Any]:
    """Enter what came of each file, and let go of the messages that are worked off.

    Registry, ledger row, quarantine and notice are written in one transaction. After it the
    messages are deleted that another try would not help: their files are done, or have failed for
    good. The others become visible again. Messages that announce nothing, such as S3's test event,
    are deleted without a word.

    Arguments:
        pipeline: its name.
        received: what receive came back with, as a dictionary.
        results: for each file that went well: index, counts, rejects (key and sha256, or None),
            rejects_by_code, seconds; cause, and final, as well where the file failed all the same.
        failure_of: why the file of an index has no result.
        run: which run, into which sink.
        facts: what a notice tells of the run.
        connect: opens a connection to the warehouse.
        store: the bucket of the hand-over.
        queue: where the messages came from.
        folder: for local copies.
        on_failed: told of each file that failed, and why, before its message is let go.

    Returns:
        The counts as the ledger has them.

    Raises:
        FilesFailedError: a file failed; all else is entered, and the messages are let go.
        AccountingError: the sum of the counts is off; nothing is entered.
    """
    if not any(received[name] for name in ("files", "failures", *WARNINGS)):
        arrival_queue.delete(queue.client, queue.url, received["messages"])
        return {}
    with transaction(connect, doing=f"settle a run of {pipeline}") as cursor:
        ended = _enter(cursor, pipeline, received, results, failure_of=failure_of, run=run)
        counts, details = _sum(ended, received)
        status = "failed" if ended.failures else "success" if ended.done else "skipped"
        if ledger.record_run(cursor, run, counts, details, status=status):
            failpoint("settle.entered_in_ledger")
            rejected = chain.from_iterable(
                _rejected(result, store, folder) for result in ended.done
            )
            quarantine_rows(cursor, run, rejected)
            if status != "failed":
                duration = datetime.now(timezone.utc) - run.started_at
                notice = end_notice(
                    facts, counts=counts, details=details, duration=duration, status=status
                )
                write_notice(cursor, notice)
        failpoint("settle.recorded")
    failpoint("settle.committed")
    if on_failed is not None:
        for file, failure in ended.failed_files:
            on_failed(file, cause=failure.cause)
    _let_go(received, ended, queue)
    failpoint("settle.acknowledged")
    if ended.failures:
        raise FilesFailedError(_tell(ended, counts))
    return {name: value for name, value in vars(counts).items() if value}


def _enter(
    cursor: cursor,
    pipeline: str,
    received: Mapping[str, Any],
    results: Iterable[Mapping[str, Any]],
    *,
    failure_of: Callable[[int], Failure],
    run: ledger.RunOfSink,
) -> Ended:
    """Mark every file of the run in the registry as done or failed."""
    by_index = {result["index"]: dict(result) for result in results}
    ended = Ended(done=[], failures=list(received["failures"]), failed_files=[])
    named = {"dag_id": run.dag_id, "run_id": run.run_id}
    for file in received["files"]:
        result = by_index.get(file["index"])
        failure = failure_of(file["index"]) if result is None else _failure(result)
        if result is not None and failure is None:
            kept = {name: value for name, value in result.items() if name != "index"}
            if arrivals.finish(cursor, pipeline, file, **named, counts=kept):
                ended.done.append({**result, "file": file})
                continue
        failure = failure or TAKEN_OVER
        cause, final = failure.cause, failure.final
        arrivals.fail(cursor, pipeline, file, **named, cause=cause, final=final)
        told = {"file": file["key"], "version_id": file["version_id"], "cause": cause}
        ended.failed_files.append((file, failure))
        missing = (result or {}).get("missing_ids")
        ended.failures.append(told | ({"missing_ids": missing} if missing else {}))
    return ended


def _failure(result: Mapping[str, Any]) -> Failure | None:
    """Why a file that has a result failed all the same."""
    cause = result.get("cause")
    return None if cause is None else Failure(cause=cause, final=result.get("final", False))


def _sum(ended: Ended, received: Mapping[str, Any]) -> tuple[ledger.Counts, ledger.Details]:
    total: dict[str, int] = {"read": 0}
    codes: dict[str, int] = {}
    sources = []
    for result in ended.done:
        for name, value in result["counts"].items():
            total[name] = total.get(name, 0) + value
        for code, number in result["rejects_by_code"].items():
            codes[code] = codes.get(code, 0) + number
        sources.append(_source(result))
    left = {name: received[name] for name in ("known", "busy", "left") if received[name]}
    return ledger.Counts(**total), ledger.Details(
        sources=sources,
        rejects_by_code=codes,
        warnings=[f"{WARNINGS[name]}: {count_of(number, 'file')}" for name, number in left.items()],
        failures=ended.failures,
    )


WARNINGS = {
    "known": "Announced, but processed already",
    "busy": "Left to another run, which holds it",
    "left": "Left to a later run, since this one is full",
}


def _source(result: Mapping[str, Any]) -> dict[str, Any]:
    file, seconds = result["file"], result["seconds"]
    delivered = result["counts"].get("delivered", 0)
    return {
        "file": file["key"],
        "version_id": file["version_id"],
        "stored_at": file["stored_at"],
        **result["counts"],
        "seconds": round(seconds, 1),
        "rows_per_second": result.get("rows_per_second") or round(delivered / max(seconds, 0.001)),
    }


def _rejected(
    result: Mapping[str, Any], store: ObjectStore, folder: Path
) -> Iterable[QuarantineRow]:
    rejects = result["rejects"]
    if rejects is None:
        return
    copy = folder / "rejects.jsonl"
    store.get_file(rejects["key"], copy, sha256=rejects["sha256"])
    yield from read_rejected(copy)


def _let_go(received: Mapping[str, Any], ended: Ended, queue: Queue) -> None:
    unfinished = {file["index"] for file, failure in ended.failed_files if not failure.final}
    finished: list[dict[str, Any]] = []
    again: list[dict[str, Any]] = []
    for message in received["messages"]:
        if message["again"] or not unfinished.isdisjoint(message["files"]):
            again.append(message)
        elif message["busy_seconds"]:
            seconds = message["busy_seconds"]
            arrival_queue.hide(queue.client, queue.url, [message], seconds=seconds)
        else:
            finished.append(message)
    arrival_queue.delete(queue.client, queue.url, finished)
    arrival_queue.hide(queue.client, queue.url, again, seconds=queue.retry_seconds)


def _tell(ended: Ended, counts: ledger.Counts) -> str:
    first: Sequence[dict[str, str]] = ended.failures[:3]
    of = len(ended.done) + len(ended.failures)
    told = "; ".join(f"{each['file']}: {each['cause']}" for each in first)
    more = f"; and {len(ended.failures) - len(first)} more" if len(ended.failures) > 3 else ""  # noqa: PLR2004
    good = f" The others are done: {counts.delivered} rows delivered." if ended.done else ""
    return f"{len(ended.failures)} of {of} files failed.{good} {told}{more}"

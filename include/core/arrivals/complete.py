"""The end of an upload run: registry, ledger, quarantine and notice, and only then the messages."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from include.core.arrivals.notices import end_notice, rerun_conf
from include.core.arrivals.registry import complete, fail
from include.core.arrivals.resources import Resources
from include.core.arrivals.results import to_registry
from include.core.failpoints import failpoint
from include.core.runs.ledger import Counts, Details, RunOfSink, record_run
from include.core.runs.notices import count_of, facts_of
from include.core.runs.outbox import write_notice
from include.core.runs.quarantine import quarantine_rows, read_rejected
from include.core.warehouse.connection import transaction
from include.errors import FilesFailedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from psycopg2.extensions import cursor

    from include.core.arrivals.claim import FileFailure, Received, ReceivedFile
    from include.core.arrivals.queue import ArrivalQueue, ReceivedMessage
    from include.core.arrivals.results import FileResult
    from include.core.aws.objects import ObjectStore
    from include.core.runs.notices import RunFacts
    from include.core.runs.quarantine import QuarantineRow, Version

    # Called with a file that failed, and the cause.
    OnFailed = Callable[[ReceivedFile, str], None]
    # Called in the transaction that enters how the files ended, once all of them are entered.
    OnEntered = Callable[[cursor, "Outcomes"], None]

_FAILURES_IN_ERROR = 3
_WARNINGS = {
    "known": "Announced, but processed already",
    "busy": "Left to another run, which holds it",
    "left": "Left to a later run, since this one is full",
}


@dataclass(frozen=True, kw_only=True)
class EndResources(Resources):
    """What the end of a run works with.

    Attributes:
        run: with its sink and moments.
        queue: where the run's messages came from.
        ui_url: base address of the Airflow UI, for links.
    """

    run: RunOfSink
    queue: ArrivalQueue
    ui_url: str


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
class Outcomes:
    """How the files of a run ended.

    Attributes:
        done: each file that is done, with its result.
        failed: each file that the run had claimed and that failed, with why.
        failures: what the ledger has of these, and of what could not be worked on.
    """

    done: list[tuple[ReceivedFile, FileResult]] = field(default_factory=list)
    failed: list[tuple[ReceivedFile, Failure]] = field(default_factory=list)
    failures: list[FileFailure]


def finish_run(
    received: Received,
    results: Iterable[FileResult],
    *,
    resources: EndResources,
    failure_of: Callable[[int], Failure],
    on_failed: OnFailed | None = None,
    on_entered: OnEntered | None = None,
) -> dict[str, int]:
    """Enter what came of each file, then delete the messages whose files need no other try.

    Registry, ledger row, quarantine and notice are written in one transaction. After it the
    messages are deleted that another try would not help: their files are done, or have failed for
    good. The others become visible again. Messages that announce nothing, such as S3's test event,
    are deleted, and nothing is entered.

    Arguments:
        received: what the run has claimed.
        results: one for each file that went well; one with a cause failed all the same.
        resources: what this works with.
        failure_of: why the file of an index has no result.
        on_failed: called for each file that failed, before its message becomes visible again.
        on_entered: what else is entered with the ends of the files, or not at all.

    Returns:
        The counts as the ledger has them.

    Raises:
        FilesFailedError: a file failed; all else is entered, and the messages are taken care of.
        AccountingError: the sum of the counts is off; nothing is entered.
    """
    pipeline, run = resources.landing.pipeline, resources.run
    if not (received.files or received.failures or _warnings(received)):
        resources.queue.delete(received.messages)
        return {}
    with transaction(resources.connect, doing=f"finish a run of {pipeline}") as cursor:
        outcomes = _enter(cursor, received, results, resources=resources, failure_of=failure_of)
        if on_entered is not None:
            on_entered(cursor, outcomes)
        counts, details = _sum(outcomes, _warnings(received))
        status = "failed" if outcomes.failures else "success" if outcomes.done else "skipped"
        if record_run(cursor, run, counts, details, status=status):
            failpoint("finish.entered_in_ledger")
            rejected = _rejected(outcomes, resources.lake, resources.folder)
            quarantine_rows(cursor, run, rejected, read=_versions_read(outcomes))
            if status != "failed":
                facts = _facts(received, resources)
                duration = datetime.now(timezone.utc) - run.started_at
                notice = end_notice(
                    facts, counts=counts, details=details, duration=duration, status=status
                )
                write_notice(cursor, notice)
        failpoint("finish.recorded")
    failpoint("finish.committed")
    if on_failed is not None:
        for file, failure in outcomes.failed:
            on_failed(file, failure.cause)
    _release_messages(received.messages, outcomes, resources.queue)
    failpoint("finish.acknowledged")
    if outcomes.failures:
        raise FilesFailedError(
            _failure_text(outcomes, counts), below=_declarations(outcomes.failures)
        )
    return {name: value for name, value in vars(counts).items() if value}


def _warnings(received: Received) -> list[str]:
    numbers = {name: getattr(received, name) for name in _WARNINGS}
    return [f"{_WARNINGS[name]}: {count_of(n, 'file')}" for name, n in numbers.items() if n]


def _facts(received: Received, resources: EndResources) -> RunFacts:
    run = resources.run
    return facts_of(
        run,
        dataset=resources.landing.pipeline,
        ui_url=resources.ui_url,
        conf=rerun_conf([(file["key"], file["version_id"]) for file in received.files]),
    )


def _enter(
    cursor: cursor,
    received: Received,
    results: Iterable[FileResult],
    *,
    resources: EndResources,
    failure_of: Callable[[int], Failure],
) -> Outcomes:
    """Mark every file of the run in the registry as done or failed."""
    pipeline, run = resources.landing.pipeline, resources.run
    by_index = {result["index"]: result for result in results}
    outcomes = Outcomes(failures=[*received.failures])
    for file in received.files:
        result = by_index.get(file["index"])
        failure = failure_of(file["index"]) if result is None else _failure_in(result)
        if result is not None and failure is None:
            if complete(cursor, pipeline, file, run, counts=to_registry(result)):
                outcomes.done.append((file, result))
                continue
            failure = TAKEN_OVER
        if failure is not None:
            fail(cursor, pipeline, file, run, cause=failure.cause, final=failure.final)
            outcomes.failed.append((file, failure))
            outcomes.failures.append(_in_ledger(file, failure, result))
    return outcomes


def _failure_in(result: FileResult) -> Failure | None:
    """Why a file that has a result failed all the same."""
    if "cause" not in result:
        return None
    return Failure(cause=result["cause"], final=result.get("final", False))


def _in_ledger(file: ReceivedFile, failure: Failure, result: FileResult | None) -> FileFailure:
    entry: FileFailure = {
        "file": file["key"],
        "version_id": file["version_id"],
        "cause": failure.cause,
    }
    if result is not None and result.get("missing_ids"):
        entry["missing_ids"] = result["missing_ids"]
    if result is not None and result.get("declaration"):
        entry["declaration"] = result["declaration"]
    return entry


def _sum(outcomes: Outcomes, warnings: list[str]) -> tuple[Counts, Details]:
    total: dict[str, int] = {"read": 0}
    codes: dict[str, int] = {}
    said = [result["warning"] for _, result in outcomes.done if "warning" in result]
    for _, result in outcomes.done:
        for name, value in result["counts"].items():
            total[name] = total.get(name, 0) + value
        for code, number in result["rejects_by_code"].items():
            codes[code] = codes.get(code, 0) + number
    return Counts(**total), Details(
        sources=[_source(file, result) for file, result in outcomes.done],
        rejects_by_code=codes,
        warnings=[*warnings, *dict.fromkeys(said)],
        failures=outcomes.failures,
    )


def _source(file: ReceivedFile, result: FileResult) -> dict[str, Any]:
    seconds, delivered = result["seconds"], result["counts"].get("delivered", 0)
    only = {"rejected_only": True} if result.get("rejected_only") else {}
    return {
        "file": file["key"],
        "version_id": file["version_id"],
        "stored_at": file["stored_at"],
        **only,
        **result["counts"],
        "seconds": round(seconds, 1),
        "rows_per_second": result.get("rows_per_second") or round(delivered / max(seconds, 0.001)),
    }


def _rejected(outcomes: Outcomes, lake: ObjectStore, folder: Path) -> Iterator[QuarantineRow]:
    copy = folder / "rejects.jsonl"
    for _, result in outcomes.done:
        if rejects := result["rejects"]:
            lake.get_file(rejects["key"], copy, sha256=rejects["sha256"])
            yield from read_rejected(copy)


def _versions_read(outcomes: Outcomes) -> list[Version]:
    """The files whose rows were read, as rejected rows name them."""
    return [
        (file["key"], file["version_id"])
        for file, result in outcomes.done
        if not result.get("unread")
    ]


def _release_messages(
    messages: Iterable[ReceivedMessage], outcomes: Outcomes, queue: ArrivalQueue
) -> None:
    """Delete the messages that need no other try, and let the others be received again."""
    unfinished = {file["index"] for file, failure in outcomes.failed if not failure.final}
    finished: list[ReceivedMessage] = []
    again: list[ReceivedMessage] = []
    for message in messages:
        if message["again"] or not unfinished.isdisjoint(message["files"]):
            again.append(message)
        elif message["busy_seconds"]:
            queue.hide([message], seconds=message["busy_seconds"])
        else:
            finished.append(message)
    queue.delete(finished)
    queue.hide(again, seconds=queue.retry_seconds)


def _declarations(failures: Iterable[FileFailure]) -> str:
    """What would declare the files that no dataset declares, each module once."""
    modules = (each["declaration"] for each in failures if "declaration" in each)
    return "\n".join(dict.fromkeys(modules))


def _failure_text(outcomes: Outcomes, counts: Counts) -> str:
    failures = outcomes.failures
    of = len(outcomes.done) + len(failures)
    named = [f"{each['file']}: {each['cause']}" for each in failures[:_FAILURES_IN_ERROR]]
    if len(failures) > _FAILURES_IN_ERROR:
        named.append(f"and {len(failures) - _FAILURES_IN_ERROR} more")
    good = f" The others are done: {counts.delivered} rows delivered." if outcomes.done else ""
    return f"{len(failures)} of {of} files failed.{good} {'; '.join(named)}"

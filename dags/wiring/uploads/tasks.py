"""What DAGs have in common that start when a file lands in S3: the way in, and the way out."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from airflow.sdk import get_current_context, task
from airflow.sdk.exceptions import AirflowTaskTimeout

from include.core.arrivals import complete as settling
from include.core.arrivals.claim import newest_below, receive_files, receive_messages
from include.core.arrivals.complete import Failure
from include.core.arrivals.events import Announced
from include.core.arrivals.notices import conf_of
from include.core.arrivals.queue import hide
from include.core.arrivals.registry import LEASE_SECONDS, failed_files, note_cause, release_run
from include.core.runs import outbox
from include.core.runs.notices import RunFacts
from include.core.warehouse.connection import transaction
from include.errors import ArrivalError, SluiceError
from wiring.clients import aws_client, lake, publish, warehouse
from wiring.defaults import dag_defaults, settings
from wiring.failures import (
    FAILURE,
    NO_CAUSE,
    cause_in_file,
    cause_of,
    notify_failure,
    records_cause,
)
from wiring.run_input import moments_of
from wiring.task_context import run_of_sink, task_folder, this_run
from wiring.uploads import form as upload_input

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from psycopg2.extensions import cursor

    from include.core.arrivals.claim import Landing
    from include.core.arrivals.complete import OnFailed
    from include.core.runs.ledger import RunOfSink
    from wiring.uploads.pipelines import UploadPipeline

RECEIVED = "received"

log = logging.getLogger(__name__)


def dag_arguments(pipeline: UploadPipeline) -> dict[str, Any]:
    """Arguments of @dag for a pipeline that starts when a file lands."""
    return {
        "dag_id": pipeline.name,
        "params": upload_input.params(pipeline.prefix),
        "on_failure_callback": notify_failure(
            dataset=pipeline.name, sink=pipeline.sink, on_record=release_files
        ),
        **dag_defaults(owner="data-platform"),
    }


def receive_task(pipeline: UploadPipeline) -> Any:
    """The first task: it comes back with the files, to map the next ones over."""

    @task
    @records_cause
    def receive() -> list[dict[str, Any]]:
        return receive_run(pipeline)

    return receive()


def announce_task(settled: Any) -> None:
    """The last task, after settle: it sends the notice of the run's end."""

    @task
    @records_cause
    def announce(settled: dict[str, Any]) -> list[str]:  # noqa: ARG001 -- it comes after
        return announce_run()

    announce(settled)


def receive_run(pipeline: UploadPipeline) -> list[dict[str, Any]]:
    """Claim the files that this run is to work on, and leave what settle must know as an XCom.

    Returns:
        The files, to map tasks over: Airflow maps over what a task returns, and nothing else.

    Raises:
        RunInputError: the run was given something else than its form allows.
        ArrivalError: a file that was asked for by hand cannot be had.
    """
    context = get_current_context()
    run: Any = context["dag_run"]
    asked = upload_input.read(params=context["params"], run=run)
    landing = pipeline.landing()
    given = {"connect": warehouse(), "dag_id": run.dag_id, "run_id": run.run_id}
    if asked.names_files:
        announced = _asked_for(landing, asked)
        # A person may name files and leave those alone that are done; the sweep always does.
        found_by = "sweep" if asked.objects and not asked.again else "hand"
        received = receive_files(landing, announced, **given, found_by=found_by, again=asked.again)
    else:
        received = receive_messages(landing, _messages(context), **given)
        # As long as the claims: a message that came back earlier would start a run for nothing.
        sqs = aws_client("sqs")
        hide(sqs, pipeline.queue_url, received.messages, seconds=LEASE_SECONDS)
    context["ti"].xcom_push(key=RECEIVED, value=asdict(received) | moments_of(run))
    return received.files


def _asked_for(landing: Landing, asked: upload_input.Asked) -> list[Announced]:
    bucket = asked.bucket or landing.bucket
    if asked.prefix:
        if bucket != landing.bucket:
            raise ArrivalError(f"{bucket} is a bucket that this pipeline does not read")
        return newest_below(landing, asked.prefix)
    return [
        Announced(bucket=bucket, key=key, version_id=version_id)
        for key, version_id in asked.objects or ((asked.key or "", asked.version_id),)
    ]


def _messages(context: Any) -> list[dict[str, Any]]:
    """Every message of every event that this run answers: a run may have many of both."""
    events = context["triggering_asset_events"]
    return [
        message
        for each in events.values()
        for event in each
        for message in (event.extra.get("payload") or {}).get("message_batch", [])
    ]


def settle(
    pipeline: UploadPipeline,
    results: Iterable[dict[str, Any]],
    *,
    worked_by: str,
    on_failed: OnFailed | None = None,
) -> dict[str, Any]:
    """Enter what came of each file; see include.core.arrivals.complete.settle.

    Arguments:
        pipeline: whose run.
        results: one for each file that went well.
        worked_by: the task mapped over the files, whose failure is a file's failure.
        on_failed: told of each file that failed, and why, before its message is let go.

    Raises:
        FilesFailedError: a file failed.
        ArrivalError: receive has failed already.
    """
    ti: Any = get_current_context()["ti"]
    received = ti.xcom_pull(task_ids="receive", key=RECEIVED)
    if received is None:
        raise ArrivalError(_failure(ti, "receive", -1).cause)

    run = run_of_sink(pipeline.sink, received)
    with task_folder() as folder:
        return settling.settle(
            pipeline.name,
            received,
            results,
            failure_of=lambda index: _failure(ti, worked_by, index),
            on_failed=on_failed,
            run=run,
            facts=RunFacts(
                dag_id=run.dag_id,
                run_id=run.run_id,
                dataset=pipeline.name,
                as_of=run.as_of,
                ui_url=settings().ui_url,
                conf=conf_of([(file["key"], file["version_id"]) for file in received["files"]]),
            ),
            connect=warehouse(),
            store=lake(),
            queue=settling.Queue(
                client=aws_client("sqs"),
                url=pipeline.queue_url,
                retry_seconds=settings().retry_seconds,
            ),
            folder=folder,
        )


@contextmanager
def showing_cause(pipeline: UploadPipeline, file: dict[str, Any]) -> Iterator[None]:
    """Work on a file; where the task fails, the registry shows why until the next try ends."""
    run: Any = get_current_context()["dag_run"]
    named = {"dag_id": run.dag_id, "run_id": run.run_id}
    try:
        yield
    except (Exception, AirflowTaskTimeout) as error:
        try:
            with transaction(warehouse(), doing=f"show a cause of {pipeline.name}") as cursor:
                note_cause(cursor, pipeline.name, file, **named, cause=cause_in_file(error))
        except SluiceError as unshown:
            # The task fails for its own reason, which may well be that Postgres is away.
            log.warning("The registry does not show why: %s", cause_of(unshown))
        raise


def each_of(results: Any) -> list[dict[str, Any]]:
    """What the tasks of a mapped group came back with, as far as they did.

    Airflow hands on one result as it is, and several as a list.
    """
    found = [results] if isinstance(results, dict) else results or ()
    return [result for result in found if result is not None]


def name_causes(
    results: list[dict[str, Any]], chunks: list[dict[str, Any]] | None, tasks: Sequence[str]
) -> list[dict[str, Any]]:
    """Add to the cause of each failed result what its first failed chunk's task said.

    That failure also says whether another try may help.

    Arguments:
        results: one for each file.
        chunks: what the tasks were mapped over; the index of each is its file's.
        tasks: in their order.
    """
    ti: Any = get_current_context()["ti"]
    for result in results:
        if "cause" not in result:
            continue
        places = [i for i, chunk in enumerate(chunks or ()) if chunk["index"] == result["index"]]
        found = (_left(ti, task_id, place) for place in places for task_id in tasks)
        failure = next((failure for failure in found if failure), None)
        if failure is not None:
            result["cause"] += f": {failure.cause}"
            result["final"] = failure.final
    return results


def announce_run() -> list[str]:
    """Send the notice of this run's end, and return the subjects of all that were sent."""
    return outbox.announce_end(warehouse(), this_run(), publish=publish)


def release_files(cursor: cursor, run: RunOfSink, cause: str) -> dict[str, Any]:
    """Let go of what a failed run still holds; what a run must be given to try its files again."""
    release_run(cursor, dag_id=run.dag_id, run_id=run.run_id, cause=cause)
    return conf_of(failed_files(cursor, dag_id=run.dag_id, run_id=run.run_id))


def _failure(ti: Any, task_id: str, index: int) -> Failure:
    return _left(ti, task_id, index) or Failure(cause=NO_CAUSE)


def _left(ti: Any, task_id: str, index: int) -> Failure | None:
    """What a task has left of its failure; nothing where it was killed, or has not failed."""
    left = ti.xcom_pull(task_ids=task_id, key=FAILURE, map_indexes=index)
    return Failure(cause=left["in_file"], final=left["final"]) if left else None

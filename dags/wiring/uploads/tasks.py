"""What the upload DAGs share: their first and last task, and how a run comes to its end."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from airflow.sdk import Asset, BaseXCom, get_current_context, task
from airflow.sdk.exceptions import AirflowTaskTimeout, DownstreamTasksSkipped

from include.core.arrivals.claim import Received, claim_files, claim_messages, newest_below
from include.core.arrivals.complete import Failure, finish_run
from include.core.arrivals.events import LandedObject
from include.core.arrivals.registry import CLAIM_SECONDS, note_cause
from include.core.runs import outbox
from include.core.warehouse.connection import transaction
from include.errors import ArrivalError, SluiceError
from wiring.assets import COUNTS, report_update
from wiring.clients import publish, warehouse
from wiring.failures import FAILURE, NO_CAUSE, cause_in_file, cause_of, records_cause
from wiring.run_input import moments_of
from wiring.task_context import run_of_sink, this_run
from wiring.uploads.form import read_form
from wiring.uploads.pipelines import current_pipeline
from wiring.uploads.resources import end_resources

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from include.core.arrivals.claim import ReceivedFile
    from include.core.arrivals.complete import OnEntered, OnFailed
    from include.core.arrivals.results import FileResult
    from include.core.arrivals.versions import FileName, Landing
    from wiring.uploads.form import UploadForm
    from wiring.uploads.pipelines import UploadPipeline

RECEIVED = "received"
# One XCom of what a task returns, instead of one more for each of its keys.
JSON: Any = {"multiple_outputs": False, "show_return_value_in_logs": False}

log = logging.getLogger(__name__)


class ReceivedByForm(NamedTuple):
    """Files that a run has claimed, and the form that asked for them, if one did."""

    files: list[ReceivedFile]
    form: UploadForm


@task(multiple_outputs=False)
@records_cause
def receive() -> list[ReceivedFile]:
    """Claim the files that this run works on, as receive_files does.

    Returns:
        The files, to map tasks over: Airflow maps over what a task returns, and nothing else.
    """
    return receive_files().files


def receive_files(*more: str) -> ReceivedByForm:
    """Claim the files that this run works on, and push what settle needs to know as an XCom.

    Arguments:
        more: names of parameters that the DAG's form has beside those of all upload pipelines.

    Raises:
        RunInputError: the run was given something else than its form allows.
        ArrivalError: a file that a person names cannot be had.
    """
    context = get_current_context()
    dag_run: Any = context["dag_run"]
    form = read_form(params=context["params"], run=dag_run, more=more)
    pipeline, run, connect = current_pipeline(), this_run(), warehouse()
    landing = pipeline.landing()
    if form.names_files:
        # A person may name files and leave those alone that are done; the sweep always does.
        found_by = "sweep" if form.objects and not form.again else "hand"
        landed = _named_in(form, landing)
        received = claim_files(
            landing, landed, run, connect=connect, found_by=found_by, again=form.again
        )
    else:
        received = claim_messages(landing, _messages(context), run, connect=connect)
        # As long as the claims: a message that came back earlier would start a run for nothing.
        pipeline.queue().hide(received.messages, seconds=CLAIM_SECONDS)
    context["ti"].xcom_push(key=RECEIVED, value=received.to_json() | moments_of(dag_run))
    return ReceivedByForm(received.files, form)


@task
@records_cause
def announce(settled: Any) -> list[str]:  # noqa: ARG001 -- it comes after
    """Send the notice of this run's end, and say what the run has done to the sink's asset.

    Returns:
        The subjects of all notices that were sent.
    """
    sent = send_notices()
    report_update()
    return sent


def announce_to(pipeline: UploadPipeline) -> Any:
    """The task announce as the last of a pipeline's DAG: it updates the asset of the sink."""
    return announce.override(outlets=[Asset(pipeline.sink)], map_index_template=COUNTS)


def send_notices() -> list[str]:
    """Send the notice of this run's end, and return the subjects of all that were sent."""
    return outbox.announce_end(warehouse(), this_run(), publish=publish)


def finish_upload_run(
    results: Iterable[FileResult],
    *,
    mapped_task: str,
    places: Mapping[int, int] | None = None,
    on_failed: OnFailed | None = None,
    on_entered: OnEntered | None = None,
) -> dict[str, int]:
    """Enter what came of each file of this run, as finish_run does.

    Arguments:
        results: one for each file that went well.
        mapped_task: the task mapped over the files, whose failure is a file's failure.
        places: the map index of that task, by a file's place in the run, where both differ.
        on_failed: called for each file that failed.
        on_entered: as finish_run has it.

    Raises:
        FilesFailedError: a file failed.
        ArrivalError: receive has failed already.
    """
    ti: Any = get_current_context()["ti"]
    value = ti.xcom_pull(task_ids="receive", key=RECEIVED)
    if value is None:
        raise ArrivalError(_failure_of(ti, "receive", -1).cause)
    with end_resources(run_of_sink(current_pipeline().sink, value)) as resources:
        return finish_run(
            Received.from_json(value),
            results,
            resources=resources,
            failure_of=lambda index: _failure_of(ti, mapped_task, (places or {}).get(index, index)),
            on_failed=on_failed,
            on_entered=on_entered,
        )


@contextmanager
def recording_cause(file: FileName) -> Iterator[None]:
    """Work on a file; where the task fails, the registry shows why until the next try ends."""
    name = current_pipeline().name
    try:
        yield
    except (Exception, AirflowTaskTimeout) as error:
        try:
            with transaction(warehouse(), doing=f"show a cause of {name}") as cursor:
                note_cause(cursor, name, file, this_run(), cause=cause_in_file(error))
        except SluiceError as unrecorded:
            # The task fails for its own reason, which may well be that Postgres is away.
            log.warning("The registry does not show why: %s", cause_of(unrecorded))
        raise


def skip_mapping(task_id: str, result: Any) -> NoReturn:
    """End the current task well, and skip the one that would list what further tasks map over.

    For a run whose only file needs no further tasks: it ends a second or two earlier.

    Arguments:
        task_id: the task to skip; those mapped over what it returns are skipped with it.
        result: what the current task returns.

    Raises:
        DownstreamTasksSkipped: which Airflow takes as the task's success.
    """
    get_current_context()["ti"].xcom_push(key=BaseXCom.XCOM_RETURN_KEY, value=result)
    skipped: Any = DownstreamTasksSkipped  # it has no types
    raise skipped(tasks=[task_id])


def results_of(mapped: Any) -> list[Any]:
    """What the tasks of a mapped group came back with, as far as they did.

    Airflow gives one result as it is, and several as a list.
    """
    found = [mapped] if isinstance(mapped, dict) else mapped or ()
    return [result for result in found if result is not None]


def add_causes(
    results: Iterable[FileResult], parts: Sequence[Mapping[str, Any]] | None, tasks: Sequence[str]
) -> None:
    """Add to the cause of each failed result the cause of its first part whose task failed.

    That failure also says whether another try may help.

    Arguments:
        results: one for each file.
        parts: what the tasks were mapped over; the index of each is its file's.
        tasks: in their order.
    """
    ti: Any = get_current_context()["ti"]
    for result in results:
        if "cause" not in result:
            continue
        places = [i for i, part in enumerate(parts or ()) if part["index"] == result["index"]]
        pushed = (_pushed_failure(ti, task_id, place) for place in places for task_id in tasks)
        failure = next((failure for failure in pushed if failure), None)
        if failure is not None:
            result["cause"] += f": {failure.cause}"
            result["final"] = failure.final


def _named_in(form: UploadForm, landing: Landing) -> list[LandedObject]:
    bucket = form.bucket or landing.bucket
    if form.prefix:
        if bucket != landing.bucket:
            raise ArrivalError(f"{bucket} is a bucket that this pipeline does not read")
        return newest_below(landing, form.prefix)
    return [
        LandedObject(bucket=bucket, key=key, version_id=version_id)
        for key, version_id in form.objects or ((form.key or "", form.version_id),)
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


def _failure_of(ti: Any, task_id: str, index: int) -> Failure:
    return _pushed_failure(ti, task_id, index) or Failure(cause=NO_CAUSE)


def _pushed_failure(ti: Any, task_id: str, index: int) -> Failure | None:
    """The failure that a task has pushed; None where it was killed, or has not failed."""
    value = ti.xcom_pull(task_ids=task_id, key=FAILURE, map_indexes=index)
    return Failure(cause=value["in_file"], final=value["final"]) if value else None

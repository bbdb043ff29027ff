"""Files that land in S3, through the real triggerer and scheduler."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

import pytest

from tests.support.scheduled_runs import PATIENCE_SECONDS, ScheduledRuns
from tests.support.updates import entered
from tests.support.upload_checks import check
from tests.support.uploads import ITEMS, OUTPUTS, PREFIXES, SQS, Uploads

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.local.stack import Stack

REPEATS = 5
ITEM_STAGES = {"list_chunks", "write.transform", "write.load", "write.observe"}


@pytest.fixture
def uploads(stack: Stack) -> Uploads:
    """A stack whose queues are empty."""
    return Uploads(ScheduledRuns(stack))


def seconds_until(happened: Callable[[], bool], *, since: float) -> float:
    while not happened():
        assert time.monotonic() - since < PATIENCE_SECONDS
        time.sleep(0.05)
    return time.monotonic() - since


def check_updates(uploads: Uploads) -> None:
    """Each run that has done files updates the asset of its sink, and no other run does."""
    statement = "select dag_id, run_id from ops.run where run_id = any(%s) and status = 'success'"
    made = [run_id for _, run_id, _ in uploads.made()]
    worked = uploads.runs.query(statement, made)
    assert {dag_id for dag_id, _ in worked} == {SQS, ITEMS}
    for dag_id, run_id, _ in uploads.made():
        told = (dag_id, run_id) in worked
        expected = [entered(uploads.runs.query, dag_id, run_id)] if told else []
        assert uploads.runs.updates(dag_id, run_id) == expected


def test_files_at_once_of_no_row_to_one_more_than_a_batch_and_an_event_five_times_arrive_once(
    uploads: Uploads, capsys: pytest.CaptureFixture[str]
) -> None:
    began = time.monotonic()
    files = [
        uploads.land(pipeline, f"rows-{count}", uploads.text(f"rows-{count}", count))
        for count in (11, 10, 1, 0)
        for pipeline in (SQS, ITEMS)
    ]
    message = seconds_until(lambda: uploads.waiting("JsonQueueUrl") != [0, 0], since=began)
    item = seconds_until(lambda: bool(uploads.items()), since=began)
    notice = seconds_until(uploads.receive_notices, since=began)
    measured = f"from upload to message {message:.1f} s, item {item:.1f} s, notice {notice:.1f} s"
    with capsys.disabled():
        print("", measured)  # noqa: T201 -- a measurement, for whoever runs the tests
    uploads.wait(files)
    first = uploads.made()
    for pipeline in (SQS, ITEMS):
        body = uploads.event_bodies(pipeline)[0]
        queue = uploads.outputs[f"{OUTPUTS[pipeline]}QueueUrl"]
        copies = [{"Id": str(number), "MessageBody": body} for number in range(REPEATS)]
        uploads.client("sqs").send_message_batch(QueueUrl=queue, Entries=copies)
    uploads.wait(files)
    check(uploads, files)
    check_updates(uploads)
    again = [run for run in uploads.made() if run not in first]
    statement = "select status, details ->> 'warnings' from ops.run where run_id = %s"
    entered = {run_id: uploads.runs.query(statement, run_id) for _, run_id, _ in again}
    for pipeline in (SQS, ITEMS):
        known = [entered[run_id][0] for dag_id, run_id, _ in again if dag_id == pipeline]
        assert {status for status, _ in known} == {"skipped"}
        told = r'\["Announced, but processed already: (\d+) files?"\]'
        numbers = [re.match(told, warnings) for _, warnings in known]
        assert sum(int(number[1]) for number in numbers if number) == REPEATS


def test_by_hand_one_key_or_a_prefix_is_done_again_and_an_unknown_key_is_refused(
    uploads: Uploads,
) -> None:
    files = [
        uploads.land(pipeline, name, uploads.text(name, 3))
        for name in ("a", "b")
        for pipeline in (SQS, ITEMS)
    ]
    uploads.wait(files)
    trigger, missing = uploads.runs.stack.api.trigger, uploads.key(SQS, "nowhere")
    versions = {key: item["file_version"] for key, item in uploads.items().items()}
    trigger(SQS, {"key": files[0].key})
    trigger(ITEMS, {"prefix": f"{PREFIXES[ITEMS]}{uploads.tag}/"})
    refused = trigger(SQS, {"key": missing})
    uploads.wait(files)
    assert {key: item["file_version"] for key, item in uploads.items().items()} == versions
    check(uploads, [*files, files[0], files[1], files[3]])
    (notice,) = uploads.notices(SQS, refused)
    assert f"{missing}: There is no such object" in notice["Message"]
    assert {tries for _, tries in uploads.runs.tries(SQS, refused)["receive"]} == {1}
    assert [state for _, run_id, state in uploads.made() if run_id == refused] == ["failed"]


def test_clock_starts_no_run_of_a_dag_that_is_due_while_people_and_files_do(
    uploads: Uploads,
) -> None:
    api = uploads.runs.stack.api
    # What Airflow says once the scheduler has come by a DAG that was due, and made no run.
    for dag_id in ("covid_us_daily", "covid_us_states_daily", "sweep_arrivals"):
        deadline = time.monotonic() + PATIENCE_SECONDS
        while api.call("GET", f"/dags/{dag_id}")["next_dagrun_run_after"] is not None:
            assert time.monotonic() < deadline
            time.sleep(0.5)
    uploads.wait([uploads.land(name, "due", uploads.text("due", 1)) for name in (SQS, ITEMS)])
    for name, skipped in ((SQS, {"find_parts", "deliver_part"}), (ITEMS, ITEM_STAGES)):
        (run_id,) = (run_id for dag_id, run_id, _ in uploads.made() if dag_id == name)
        # The file is small: the task that has read it does the rest.
        ended = uploads.runs.tries(name, run_id).items()
        assert {task for task, [(state, _)] in ended if state == "skipped"} == skipped
    uploads.runs.trigger("sweep_arrivals")
    found = {(run_id.split("__")[0], state) for _, run_id, state in uploads.runs.since(0)}
    assert "scheduled" not in {kind for kind, _ in found}
    assert {("asset_triggered", "success"), ("manual", "success")} <= found

"""Files that land in S3, when triggerer and workers die, events are lost, or a file is poison."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

import pytest

from tests.support.scheduled_runs import ScheduledRuns
from tests.support.upload_checks import check
from tests.support.uploads import ITEMS, OUTPUTS, SQS, File, Uploads

if TYPE_CHECKING:
    from infra.local.stack import Stack

SENDERS, BATCH = 4, 10
GRACE_SECONDS, LONG_POLL_SECONDS = 30, 10


@pytest.fixture
def uploads(stack: Stack) -> Uploads:
    return Uploads(ScheduledRuns(stack))


def _receive_and_stop(runs: ScheduledRuns) -> tuple[Uploads, File]:
    """Land a file whose message reaches the triggerer's child, while the parent hears nothing."""
    parent = runs.triggerer().process.pid
    for _ in range(10):
        uploads = Uploads(runs)
        os.kill(parent, signal.SIGSTOP)
        file = uploads.land(SQS, "received", uploads.text("received", 12))
        deadline = time.monotonic() + 3
        while time.monotonic() < deadline:
            if uploads.waiting("CsvUploadToSqsQueueUrl") == [0, 1]:
                return uploads, file
            time.sleep(0.05)
        # The child was between two polls, and needs its parent for the next.
        os.kill(parent, signal.SIGCONT)
        uploads.wait([file])
    raise AssertionError("the triggerer receives nothing")


def _land_unseen(uploads: Uploads, pipeline: str) -> File:
    """Land a file, and take its message away before anybody sees it."""
    file = uploads.land(pipeline, "lost", uploads.text("lost", 11))
    sqs, queue = uploads.client("sqs"), uploads.outputs[f"{OUTPUTS[pipeline]}QueueUrl"]
    (message,) = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=10)["Messages"]
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    return file


def _arm(stack: Stack, *failpoints: str) -> None:
    for failpoint in failpoints:
        (stack.layout.root / "failpoints" / failpoint).touch()


def test_killed_workers_are_replaced_and_every_row_is_there_once(
    stack: Stack, uploads: Uploads
) -> None:
    _arm(stack, "deliver.batch_sent", "load.batch_written", "settle.committed")
    files = [uploads.land(it, "killed", uploads.text("killed", 101)) for it in (SQS, ITEMS)]
    uploads.wait(files)
    assert list((stack.layout.root / "failpoints").iterdir()) == []
    tried = [
        (task, *instance)
        for dag_id, run_id, _ in uploads.made()
        for task, instances in uploads.runs.tries(dag_id, run_id).items()
        for instance in instances
    ]
    assert {state for _, state, _ in tried} == {"success"}
    killed = ["deliver", "settle", "write.load"]
    assert sorted(task for task, _, tries in tried if tries > 1) == killed
    check(uploads, files, most_repeats=SENDERS * BATCH)


def test_faulty_file_fails_once_and_files_beside_it_are_done(
    uploads: Uploads,
) -> None:
    good, poison = [], []
    for pipeline in (SQS, ITEMS):
        good.append(uploads.land(pipeline, "a", uploads.text("a", 10)))
        broken = uploads.text("poison", 10) + '"without an end,1,2,3,4\n'
        poison.append(uploads.land(pipeline, "poison", broken))
        good.append(uploads.land(pipeline, "b", uploads.text("b", 10)))
    uploads.wait([*good, *poison])
    assert uploads.states([*good, *poison]) == ["done"] * len(good) + ["failed"] * len(poison)
    check(uploads, good)
    ended = [(dag_id, state, run_id) for dag_id, run_id, state in uploads.made()]
    for file in poison:
        failed = [run for *how, run in ended if how == [file.pipeline, "failed"]]
        (run_id,) = failed
        (notice,) = uploads.notices(file.pipeline, run_id)
        assert notice["Message"].count(f"{file.key}: line 12: ") == 1
        statement = "select cause, final, attempts from ops.arrival where version_id = %s"
        ((cause, *others),) = uploads.runs.query(statement, file.version_id)
        assert cause.startswith("line 12: ")
        assert others == [True, 1]
        for queue in ("QueueUrl", "DeadLetterQueueUrl"):
            assert uploads.waiting(f"{OUTPUTS[file.pipeline]}{queue}") == [0, 0]


def test_killed_triggerer_loses_no_message_and_the_sweep_finds_what_lost_its_event(
    stack: Stack,
) -> None:
    runs = ScheduledRuns(stack)
    uploads, received = _receive_and_stop(runs)
    runs.kill_triggerer()
    assert uploads.made() == []
    # The emulator goes on answering polls of the dead; a message would be hidden, not lost.
    time.sleep(LONG_POLL_SECONDS)
    lost = [_land_unseen(uploads, pipeline) for pipeline in (SQS, ITEMS)]
    landed = time.monotonic()
    runs.start_triggerer()
    uploads.wait([received])
    assert uploads.states(lost) == [None, None]
    time.sleep(max(0.0, GRACE_SECONDS + 1 - (time.monotonic() - landed)))
    sweep, _ = runs.trigger("sweep_arrivals")
    uploads.wait([received, *lost])
    silent, state = runs.trigger("sweep_arrivals")
    assert state == "success"
    check(uploads, [received, *lost], silent={silent})
    (notice,) = uploads.notices("sweep_arrivals", sweep)
    assert notice["Subject"] == "Sluice sweep_arrivals: 2 missed files started"
    assert all(file.key in notice["Message"] for file in lost)

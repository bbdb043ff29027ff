"""Files that land in S3, when triggerer and workers die, events are lost, or a file is poison."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.conftest import PACE
from tests.support.scheduled_runs import ScheduledRuns
from tests.support.upload_checks import check
from tests.support.uploads import ITEMS, OUTPUTS, SQS, File, Uploads

if TYPE_CHECKING:
    from infra.local.stack import Stack

SENDERS, BATCH = 4, 10
LONG_POLL_SECONDS = 10
GRACE_SECONDS = int(PACE["AIRFLOW__SLUICE__SWEEP_GRACE_SECONDS"])


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
    _arm(stack, "deliver.batch_sent", "load.batch_written", "finish.committed")
    files = [uploads.land(it, "killed", uploads.text("killed", 101)) for it in (SQS, ITEMS)]
    uploads.wait(files)
    assert list((stack.layout.root / "failpoints").iterdir()) == []
    tried = [
        (task, *instance)
        for dag_id, run_id, _ in uploads.made()
        for task, instances in uploads.runs.tries(dag_id, run_id).items()
        for instance in instances
    ]
    assert {state for _, state, _ in tried} == {"success", "skipped"}
    # The items are few: they are written by the task that has read them.
    killed = ["deliver", "extract", "settle"]
    assert sorted(task for task, _, tries in tried if tries > 1) == killed
    check(uploads, files, most_repeats=SENDERS * BATCH)


def _faulty(uploads: Uploads, pipeline: str) -> dict[File, str]:
    """Land files that no retry helps; each with the cause that people must read."""
    header, id_of = "ID,HouseNum,Street,Town,Zip\n", f"{uploads.tag}-stray-{{}}".format
    stray = f'{id_of(1)},1,"High Street,Ulm,1\n{id_of(2)},2,Mill Lane,Ulm,2\n'
    rows = uploads.text("headless", 10).partition("\n")[2]
    causes = {
        "unclosed": (uploads.text("unclosed", 10) + '"without an end,1,2,3,4\n', "line 16: "),
        "stray": (f'{header}{stray}{id_of(3)},3,Elm Road,"Ulm",3\n', "line 2: a quoted cell"),
        "headless": (rows, "line 1: "),
    }
    return {uploads.land(pipeline, name, text): told for name, (text, told) in causes.items()}


def _joined(uploads: Uploads) -> File:
    """Land two files one after the other, and give what the rows are by the rules."""
    first, second = uploads.text("first", 30), uploads.text("second", 30)
    file = uploads.land(ITEMS, "joined", f"\ufeff{first}\ufeff{second}")
    # The second header is one rejected row, as a row without an id is to the oracle.
    return replace(file, text=first + second.removeprefix("ID"))


def test_faulty_files_fail_once_and_files_beside_them_are_done(uploads: Uploads) -> None:
    good, faulty = [_joined(uploads)], dict[File, str]()
    for pipeline in (SQS, ITEMS):
        good.append(uploads.land(pipeline, "a", uploads.text("a", 10)))
        faulty |= _faulty(uploads, pipeline)
        good.append(uploads.land(pipeline, "b", uploads.text("b", 10)))
    uploads.wait([*good, *faulty])
    assert uploads.states([*good, *faulty]) == ["done"] * len(good) + ["failed"] * len(faulty)
    check(uploads, good)
    failed = [run for *run, state in uploads.made() if state == "failed"]
    told = [notice["Message"] for run in failed for notice in uploads.notices(*run)]
    assert len(told) == len(failed)
    assert all(any(file.key in message for file in faulty) for message in told)
    for file, expected in faulty.items():
        assert sum(message.count(f"{file.key}: {expected}") for message in told) == 1
        assert sum(file.key in message for message in told) == 1
        statement = "select cause, final, attempts from ops.arrival where version_id = %s"
        ((cause, *others),) = uploads.runs.query(statement, file.version_id)
        assert cause.startswith(expected)
        assert others == [True, 1]
    for output in OUTPUTS.values():
        for queue in ("QueueUrl", "DeadLetterQueueUrl"):
            assert uploads.waiting(f"{output}{queue}") == [0, 0]


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

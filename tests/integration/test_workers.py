"""Workers of Celery that take tasks from SQS and share nothing, as MWAA has them."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import psutil
import pytest

from include.datasets import any_csv
from infra.common.paths import REPOSITORY
from infra.local.airflow.settings import Options
from infra.local.layout import SHIPPED_GITHUB
from infra.local.processes.marks import MARK, marked
from infra.local.stack import started
from tests.conftest import PACE, never_sync, wait_for_dags
from tests.support import covid_oracle as oracle
from tests.support.pipeline_runs import moment
from tests.support.scheduled_runs import PATIENCE_SECONDS, ScheduledRuns
from tests.support.upload_checks import check
from tests.support.uploads import ITEMS, SQS, Uploads

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.local.stack import Stack

pytestmark = pytest.mark.xdist_group("own_stack")

WORKERS = (1, 2)
TASKS_A_WORKER, SENDERS, BATCH = 2, 4, 10
ROWS = 2 * any_csv.DATASET.part_rows + 1
DAG, TABLE = "covid_us_daily", "covid.us_daily"
# When the tasks of a worker that is gone are tried again, seconds.
GONE = {
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "15",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "2",
}


@pytest.fixture(scope="module")
def workers_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The whole stack with two workers, over the shipped files."""
    root = tmp_path_factory.mktemp("workers")
    options = Options(ui_port=None, workers=2, reread_seconds=3600, pace={**PACE, **GONE})
    with started(root, options, say=print) as running:
        never_sync(running.server)
        wait_for_dags(running)
        yield running


@pytest.fixture
def runs(workers_stack: Stack) -> ScheduledRuns:
    return ScheduledRuns(workers_stack)


def processes(stack: Stack, worker: int) -> list[psutil.Process]:
    """All processes of a worker: Celery's, and its tasks'."""
    home = str(stack.layout.worker_home(worker))
    found = []
    for process in marked(stack.layout.root):
        with contextlib.suppress(psutil.Error):
            if process.environ().get("AIRFLOW_HOME") == home:
                found.append(process)
    return found


def logs(stack: Stack, worker: int, task: str) -> list[Path]:
    """The logs of tasks that a worker has begun."""
    return list(stack.layout.worker_logs(worker).rglob(f"task_id={task}/**/attempt=*.log"))


def shown_log(stack: Stack, dag_id: str, run_id: str, task: str) -> str:
    """The log of a task's first try as the UI shows it."""
    path = f"/dags/{dag_id}/dagRuns/{quote(run_id, safe='')}/taskInstances/{task}/logs/1"
    return str(stack.api.call("GET", path)["content"])


def test_worker_knows_no_folder_but_its_own(workers_stack: Stack) -> None:
    layout = workers_stack.layout
    for worker in WORKERS:
        own = (layout.worker_home(worker), layout.worker_logs(worker))
        for process in processes(workers_stack, worker):
            assert process.cwd() == str(own[0])
            given = process.environ()
            assert given.pop(MARK) == str(layout.root)
            # Its Python is the environment's, as MWAA's is the image's.
            given["PATH"] = given["PATH"].partition(":")[2]
            for name, value in given.items():
                assert str(REPOSITORY) not in value, name
                if str(layout.root) in value:
                    assert any(Path(value).is_relative_to(folder) for folder in own), name


@pytest.mark.thorough
def test_table_is_loaded_by_tasks_of_workers_whose_logs_the_ui_shows(runs: ScheduledRuns) -> None:
    run_id, state = runs.trigger(DAG, as_of="2020-12-05T08:30:00Z")
    assert state == "success"
    at = moment("2020-12-05")
    snapshot = oracle.us_daily(SHIPPED_GITHUB, at)
    assert snapshot
    assert sorted(runs.query(f"table {TABLE}")) == oracle.table([(at, snapshot)])
    assert len(runs.notices(run_id)) == 1
    for task in ("resolve_as_of", "clean_and_merge", "upsert", "announce"):
        (worker,) = [each for each in WORKERS if logs(runs.stack, each, task)]
        read = f"{runs.stack.layout.worker_home(worker)}/dags/github_csv_to_postgres.py"
        assert read in shown_log(runs.stack, DAG, run_id, task)


def kill_a_sender(uploads: Uploads) -> int:
    """Kill a worker, and all that it runs, when rows of a part that it sends are in the queue."""
    stack, deadline = uploads.runs.stack, time.monotonic() + PATIENCE_SECONDS
    while uploads.waiting("JsonQueueUrl")[0] < BATCH * BATCH:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    worker = max(WORKERS, key=lambda each: len(logs(stack, each, "deliver_part")))
    while found := processes(stack, worker):
        for process in found:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
    return worker


@pytest.mark.thorough
def test_rows_of_a_large_file_arrive_although_a_worker_dies_while_it_sends(
    runs: ScheduledRuns,
) -> None:
    uploads = Uploads(runs)
    files = [
        uploads.land(SQS, "large", uploads.text("large", ROWS)),
        uploads.land(ITEMS, "beside", uploads.text("beside", 101)),
    ]
    killed = kill_a_sender(uploads)
    uploads.wait(files)
    assert uploads.states(files) == ["done"] * len(files)
    (run,) = [run_id for dag_id, run_id, _ in uploads.made() if dag_id == SQS]
    parts = runs.tries(SQS, run)["deliver_part"]
    assert {state for state, _ in parts} == {"success"}
    assert 1 <= sum(tries > 1 for _, tries in parts) <= TASKS_A_WORKER
    check(uploads, files, most_repeats=TASKS_A_WORKER * SENDERS * BATCH)
    (living,) = set(WORKERS) - {killed}
    assert list(runs.stack.layout.worker_home(living).glob("tmp/sluice/*")) == []

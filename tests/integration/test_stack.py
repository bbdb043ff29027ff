"""The laptop's stack as its commands run it, and that nothing stays behind."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import psutil
import psycopg2
import pytest

from infra.common.errors import StackError
from infra.common.locks import exclusive
from infra.common.paths import POOLS, REPOSITORY
from infra.common.waiting import until
from infra.common.watch_run import wait_for_dag
from infra.local import aws, postgres
from infra.local.airflow.api import AirflowApi
from infra.local.airflow.settings import Options
from infra.local.layout import Layout
from infra.local.processes.leftovers import end_unheld, holder
from infra.local.processes.marks import marked
from infra.local.processes.warden import guarded_group
from infra.local.stack import check, started
from infra.local.state import Running, Secrets

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from infra.local.processes.group import Program
    from infra.local.stack import Stack

# Tests that start a whole stack of their own, in one folder: only the first start is slow.
own_stack = pytest.mark.xdist_group("own_stack")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of own_stack."""
    return tmp_path_factory.mktemp("up")


def command(root: Path, *words: str) -> list[str]:
    return [sys.executable, "-m", "infra.local", "--root", str(root), *words]


def call(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(root, *words), cwd=REPOSITORY, check=False, capture_output=True, text=True
    )


def postgres_processes(root: Path) -> list[int]:
    """Those of Postgres may not show their environment; their command line names the folder."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if str(root / "postgres") in process.cmdline():
                found.append(process.pid)
    return found


@contextlib.contextmanager
def up(root: Path, *words: str, printed: str = "\nup: ") -> Iterator[subprocess.Popen[bytes]]:
    """`up` in a process of its own; given when it has printed that it is up, or something else."""
    with (root / "out").open("wb") as output:
        process = subprocess.Popen(
            command(root, "up", *words), cwd=REPOSITORY, stdout=output, stderr=output
        )
    try:
        deadline = time.monotonic() + 180
        while printed.encode() not in (root / "out").read_bytes():
            assert process.poll() is None, (root / "out").read_text()
            assert time.monotonic() < deadline, (root / "out").read_text()
            time.sleep(0.2)
        yield process
    finally:
        process.terminate()
        process.wait(60)


def wait_until_gone(root: Path, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while marked(root) or postgres_processes(root):
        assert time.monotonic() < deadline, marked(root)
        time.sleep(0.1)


def wait_for_a_scheduled_run(api: AirflowApi, dag_id: str) -> None:
    deadline = time.monotonic() + 60
    while not api.call("GET", f"/dags/{dag_id}/dagRuns?run_type=scheduled")["dag_runs"]:
        assert time.monotonic() < deadline
        time.sleep(0.2)


@own_stack
def test_stack_that_is_up_serves_its_commands_and_leaves_nothing_when_its_process_is_killed(
    root: Path,
) -> None:
    with up(root, "--schedule") as process:
        again = call(root, "up")
        assert (again.returncode, "up already" in again.stderr) == (1, True)
        running = Running.read(Layout(root).running)
        assert running
        api = AirflowApi(running.ui_url)
        # It is up before it has read every DAG file.
        wait_for_dag(api, "covid_us_daily", None)
        exports = call(root, "env").stdout
        script = f"{exports}\nairflow dags list --output plain"
        shell = ["sh", "-c", script]
        listed = subprocess.run(shell, cwd="/", check=True, capture_output=True, text=True)
        assert "covid_us_daily" in listed.stdout
        wait_for_a_scheduled_run(api, "covid_us_daily")
        process.kill()
        process.wait()
        wait_until_gone(root)
    assert call(root, "down").stdout == "nothing is up\n"
    printed = call(root, "env")
    assert (printed.returncode, printed.stdout) == (1, "")


@own_stack
def test_stack_leaves_nothing_on_ctrl_c(root: Path) -> None:
    # Its servers are up, and Airflow's programs come.
    with up(root, printed="CloudFormation has made the pipelines' resources") as process:
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    assert (root / "out").read_text().endswith("stopped\n")
    assert marked(root) == []
    assert postgres_processes(root) == []
    assert holder(Layout(root)) is None


def test_triggerer_that_ends_by_itself_is_started_again(stack: Stack) -> None:
    def triggerers() -> list[Program]:
        return [each for each in stack.group.programs if each.name == "triggerer"]

    (first,) = triggerers()
    (child,) = psutil.Process(first.process.pid).children()
    # Airflow's triggerer ends when what runs the triggers has ended.
    child.kill()
    assert until(lambda: triggerers() not in ([first], []), seconds=60, poll=0.1)
    (second,) = triggerers()
    assert first.process.returncode is not None
    assert second.process.poll() is None
    check(stack)


def test_pools_are_what_their_file_says(stack: Stack) -> None:
    wanted = json.loads(POOLS.read_text())
    for name, traits in wanted.items():
        assert traits.items() <= stack.api.call("GET", f"/pools/{name}").items()


def test_pool_that_was_changed_is_set_again(stack: Stack) -> None:
    for slots in (1, 2):
        pool = {"slots": slots, "description": "of this test", "include_deferred": True}
        stack.api.set_pools({"changed": pool})
        assert pool.items() <= stack.api.call("GET", "/pools/changed").items()


def test_pool_that_airflow_does_not_take_is_an_error(stack: Stack) -> None:
    with pytest.raises(StackError, match="slots"):
        stack.api.set_pools({"less than none": {"slots": -2}})


def test_all_that_listens_is_on_this_machine_alone(stack: Stack) -> None:
    mine = {process.pid for process in marked(stack.layout.root)}
    mine |= set(postgres_processes(stack.layout.root))
    listening = [
        connection.laddr[0]
        for connection in psutil.net_connections("tcp")
        if connection.laddr and connection.pid in mine and connection.status == psutil.CONN_LISTEN
    ]
    assert len(listening) >= 4
    assert set(listening) == {"127.0.0.1"}


def test_what_the_servers_hold_survives_a_restart_and_waits_beside_what_comes_then(
    tmp_path: Path,
) -> None:
    layout = Layout(tmp_path)
    secrets, endpoints = Secrets.of(layout), set()
    for start in ("first", "second"):
        with guarded_group(layout.root) as group:
            server = postgres.start(group, layout, secrets)
            emulator = aws.start(group, layout)
            outputs = aws.deploy(emulator)
            s3 = emulator.client("s3")
            place = {"Bucket": outputs["LakeBucket"], "Key": "raw/a b.csv"}
            connection = psycopg2.connect(server.warehouse_uri)
            with contextlib.closing(connection), connection, connection.cursor() as cursor:
                if start == "first":
                    s3.put_object(**place, Body=b"kept")
                    cursor.execute("create table kept as select 1 as one")
                else:
                    assert s3.get_object(**place)["Body"].read() == b"kept"
                    cursor.execute("select one from kept")
                    assert cursor.fetchall() == [(1,)]
            urls = [value for value in outputs.values() if value.startswith("http")]
            assert len(urls) >= 6
            assert all(url.startswith(f"{emulator.endpoint}/") for url in urls)
            key = f"uploads/dynamodb/{start}.csv"
            s3.put_object(Bucket=outputs["LandingBucket"], Key=key, Body=b"id\n1\n")
            if start == "second":
                arrived = landed(emulator, outputs["CsvUploadToDynamodbQueueUrl"], last=key)
                assert arrived == ["uploads/dynamodb/first.csv", key]
        endpoints.add(emulator.endpoint)
    assert len(endpoints) == 2


def test_emulator_stops_although_someone_waits_for_a_message(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    with ThreadPoolExecutor() as pool:
        with guarded_group(layout.root) as group:
            emulator = aws.start(group, layout)
            sqs = emulator.client("sqs")
            queue = sqs.create_queue(QueueName="silent")["QueueUrl"]
            pool.submit(sqs.receive_message, QueueUrl=queue, WaitTimeSeconds=20)
            time.sleep(1)  # the call is under way by then
            stopping = time.monotonic()
        assert time.monotonic() - stopping < 5
        assert emulator.program.process.returncode == 0


def landed(emulator: aws.Emulator, queue: str, last: str) -> list[str]:
    """The keys that a queue tells of, in the order of its messages, up to one."""
    sqs = emulator.client("sqs")
    keys: list[str] = []
    deadline = time.monotonic() + 10
    while last not in keys and time.monotonic() < deadline:
        answer = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        events = [json.loads(message["Body"]) for message in answer.get("Messages", [])]
        keys += [record["s3"]["object"]["key"] for e in events for record in e.get("Records", [])]
    return keys


def test_programs_of_a_new_holder_outlive_who_ends_those_of_the_last(tmp_path: Path) -> None:
    # The warden of a stack that was killed comes late, when the stack is up again.
    layout = Layout(tmp_path)
    with guarded_group(layout.root) as group:
        program = group.start("new", ["sleep", "60"], env={}, cwd=tmp_path)
        with exclusive(layout.lock):
            end_unheld(layout)
            assert program.process.poll() is None
        end_unheld(layout)
        assert marked(tmp_path) == []


def test_start_that_fails_leaves_nothing(tmp_path: Path) -> None:
    options = Options(github=tmp_path / "nowhere")
    with pytest.raises(StackError, match="names no folder"), started(tmp_path, options, say=print):
        pass
    assert marked(tmp_path) == []
    assert postgres_processes(tmp_path) == []

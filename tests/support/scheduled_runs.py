"""Runs through the scheduler of a whole stack."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import psycopg2

from infra.common.errors import StackError
from infra.local import aws
from infra.local.airflow import programs
from infra.local.airflow.settings import inherited

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg2.extensions import connection

    from infra.local.processes.group import Program
    from infra.local.stack import Stack

PATIENCE_SECONDS = 300.0
SILENCES = 6  # of two seconds, after which a notice that is waited for is looked after
UNFINISHED = "select id from backfill where dag_id = %s and completed_at is null"


def backfilled(day: str) -> str:
    """The id of the run that a backfill makes for a day."""
    return f"backfill__{day}T08:30:00+00:00"


def run_of_notice(notice: dict[str, Any]) -> tuple[str, str]:
    """DAG and id of the run that a notice is about."""
    attributes = notice["MessageAttributes"]
    return attributes["dag_id"]["Value"], attributes["run_id"]["Value"]


@cache
def _session(uri: str) -> connection:
    """A connection that is kept: who waits asks several times a second."""
    opened = psycopg2.connect(uri)
    opened.autocommit = True
    return opened


@dataclass(frozen=True)
class ScheduledRuns:
    """A stack, as people use it: over REST, with the command line, and with SQL."""

    stack: Stack

    def airflow(self, *words: str) -> str:
        """What an airflow command prints."""
        environment = {**os.environ, **self.stack.running.env}
        done = subprocess.run(
            ["airflow", *words], env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def query(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows of a statement on the warehouse."""
        return self._query(self.stack.running.warehouse_uri, statement, *values)

    def query_metadata(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows of a statement on Airflow's own database."""
        return self._query(self.stack.server.metadata_uri, statement, *values)

    def last(self) -> int:
        """The number of the run that Airflow made last; of any DAG."""
        uri = self.stack.server.metadata_uri
        return int(self._query(uri, "select coalesce(max(id), 0) from dag_run")[0][0])

    def since(self, last: int) -> list[tuple[str, str, str]]:
        """DAG, id and state of all runs that Airflow has made after one, in their order."""
        uri = self.stack.server.metadata_uri
        statement = "select dag_id, run_id, state from dag_run where id > %s order by id"
        return [(dag, run, state) for dag, run, state in self._query(uri, statement, last)]

    @staticmethod
    def _query(uri: str, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        with _session(uri).cursor() as cursor:
            cursor.execute(statement, values)
            return list(cursor.fetchall()) if cursor.description else []

    def forget(self, table: str, dag_id: str) -> None:
        """Empty a table, and all that is known of it."""
        if not self.query("select 1 from pg_tables where schemaname = 'ops' and tablename = 'run'"):
            return
        self.query(f"truncate {table}")
        for name in ("sink", "vanished_row", "shrunken_snapshot"):
            self.query(f"delete from ops.{name} where sink = %s", table)
        for name in ("run", "outbox", "rejected_row"):
            self.query(f"delete from ops.{name} where dag_id = %s", dag_id)

    def trigger(self, dag_id: str, **conf: Any) -> tuple[str, str]:
        """Run a DAG by hand to its end; its run id and state."""
        run_id = self.stack.api.trigger(dag_id, conf)
        return run_id, self.wait(dag_id, run_id)

    def wait(self, dag_id: str, run_id: str) -> str:
        """Wait for the end of a run; its state."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        statement = "select state from dag_run where dag_id = %s and run_id = %s"
        while True:
            # The API server takes a twentieth of a core to be asked this often.
            ((state,),) = self._query(self.stack.server.metadata_uri, statement, dag_id, run_id)
            if state in ("success", "failed"):
                return str(state)
            assert time.monotonic() < deadline, f"{dag_id} {run_id} is still {state}"
            time.sleep(0.2)

    def conf(self, dag_id: str, run_id: str) -> dict[str, Any]:
        """What a run was given."""
        return dict(self.stack.api.call("GET", f"/dags/{dag_id}/dagRuns/{run_id}")["conf"])

    def clear(self, dag_id: str, run_id: str) -> None:
        """Have all tasks of a run run again, as the button in the UI does."""
        path = f"/dags/{dag_id}/dagRuns/{run_id}/clear"
        self.stack.api.call("POST", path, body={"dry_run": False})

    def messages_of(self, dag_id: str, run_id: str) -> list[str]:
        """The bodies of the messages that started a run, as the triggerer received them."""
        path = f"/dags/{dag_id}/dagRuns/{run_id}/upstreamAssetEvents"
        events = self.stack.api.call("GET", path)["asset_events"]
        batches = [event["extra"]["payload"]["message_batch"] for event in events]
        return [str(message["Body"]) for batch in batches for message in batch]

    def updates(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """What the events of assets say that a run has made, in their order."""
        query = {"source_dag_id": dag_id, "source_run_id": run_id, "order_by": "timestamp"}
        events = self.stack.api.call("GET", "/assets/events", query=query)["asset_events"]
        return [event["extra"] for event in events]

    def kill_triggerer(self) -> None:
        """End it and its child as the kernel does when memory is short, and start no other."""
        triggerer = self.triggerer()
        self.stack.group.programs.remove(triggerer)
        os.killpg(triggerer.process.pid, signal.SIGKILL)
        triggerer.process.wait(10)

    def start_triggerer(self) -> None:
        """Start another; it looks after all triggers once the dead one is silent for long."""
        env = {**inherited(), **self.stack.running.env}
        programs.start(self.stack.airflow, self.stack.layout, env, "triggerer")

    def triggerer(self) -> Program:
        """The one that runs."""
        return next(each for each in self.stack.group.programs if each.name == "triggerer")

    def request_backfill(self, dag_id: str, *, days: list[str], **options: Any) -> None:
        """Backfill dates by Airflow's API, which takes a tenth of the command's time."""
        self.wait_until_no_backfill_is_open(dag_id)
        dates = {"from_date": f"{days[0]}T00:00:00Z", "to_date": f"{days[-1]}T23:59:59Z"}
        self.stack.api.call("POST", "/backfills", body={"dag_id": dag_id, **dates, **options})

    def wait_until_no_backfill_is_open(self, dag_id: str) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        # Airflow allows one backfill of a DAG at a time, and closes it some time after its runs.
        while self._query(self.stack.server.metadata_uri, UNFINISHED, dag_id):
            assert time.monotonic() < deadline, f"a backfill of {dag_id} is not closed"
            time.sleep(0.5)

    def wait_for_backfill(self, dag_id: str, *, days: list[str]) -> None:
        """Wait until the last run of a backfill has ended."""
        for day in days:
            self.wait(dag_id, backfilled(day))

    def tries(self, dag_id: str, run_id: str) -> dict[str, list[tuple[str, int]]]:
        """State and number of tries of each task's instances."""
        found: dict[str, list[tuple[str, int]]] = {}
        for task in self.stack.api.task_instances(dag_id, run_id):
            found.setdefault(task["task_id"], []).append((str(task["state"]), task["try_number"]))
        return found

    def notices(self, run_id: str, *, at_least: int = 1) -> list[dict[str, Any]]:
        """Wait for the notices of a run as its subscriber receives them, and for any further one.

        Each is received once; those of other runs are dropped.
        """
        return self.notices_of([run_id], at_least=at_least)[run_id]

    def notices_of(
        self, run_ids: Sequence[str], *, at_least: int = 1
    ) -> dict[str, list[dict[str, Any]]]:
        """The same of several runs, by run id."""
        found: dict[str, list[dict[str, Any]]] = {run_id: [] for run_id in run_ids}
        deadline = time.monotonic() + PATIENCE_SECONDS
        silence = 0
        while (received := self.receive_notices()) or min(map(len, found.values())) < at_least:
            for notice in received:
                _, run_id = run_of_notice(notice)
                if run_id in found:
                    found[run_id].append(notice)
            silence = 0 if received else silence + 1
            if silence % SILENCES == SILENCES - 1:
                self.read_files_again()
            assert time.monotonic() < deadline, f"notices so far: {found}"
        return found

    def read_files_again(self) -> None:
        """Have Airflow read all DAG files now, and run the callbacks that wait for that.

        Of a run's failure a callback tells. One that comes while its file is read is run at the
        next reading (airflow.dag_processing.manager drops the file from its queue).
        """
        dags = self.stack.api.call("GET", "/dags")["dags"]
        for token in {dag["file_token"] for dag in dags}:
            self._read_file_again(token)

    def _read_file_again(self, token: str) -> None:
        try:
            self.stack.api.ask("PUT", f"/parseDagFile/{token}")
        except StackError as error:
            # It has been asked for already, and is still to be read.
            if "Unique constraint violation" not in str(error):
                raise

    def receive_notices(self) -> list[dict[str, Any]]:
        """The notices that have arrived, or arrive within two seconds."""
        sqs = aws.client("sqs", self.stack.running.endpoint)
        queue = self.stack.running.notices_queue
        answer = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=2)
        messages = answer.get("Messages", [])
        for message in messages:
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return [json.loads(message["Body"]) for message in messages]

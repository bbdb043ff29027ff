"""What holds after every fault and the ordinary rerun that follows it, as one check.

The expectation comes from plain Python over the folder of the GitHub stand-in; the only thing
asked of the project is its dataset.
"""

from __future__ import annotations

import csv
import hashlib
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psycopg2
from typing_extensions import Self

from tests.support import covid_oracle as oracle
from tests.support.clients import client
from tests.support.resumable_runs import Place, Worker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime
    from pathlib import Path

    from include.pipelines.github_csv_to_postgres import LoadedSnapshot

SNAPSHOTS: dict[str, Callable[[Path, datetime], oracle.Snapshot | None]] = {
    "covid_us_daily": oracle.us_daily,
    "covid_us_states_daily": oracle.us_states_daily,
}
POLL_SECONDS = 0.05
PATIENCE_SECONDS = 60.0

# One statement sees one moment: rows, ledger and outbox belong together.
STATE = """
    select
        (select coalesce(array_agg(run_id order by run_id), '{{}}') from ops.run
         where sink = '{sink}' and status = 'success'),
        (select coalesce(array_agg(run_id order by run_id), '{{}}') from ops.outbox
         where dag_id = '{dag_id}' and status = 'success'),
        (select md5(coalesce(string_agg(concat_ws('|', {cells}), E'\\n' order by {key}), ''))
         from {sink})
"""
OTHERS_AT_WORK = """
    select backend.pid, backend.state, backend.query, held.mode
    from pg_stat_activity as backend
    left join pg_locks as held using (pid)
    where backend.datname = current_database()
        and backend.pid <> pg_backend_pid()
        and backend.application_name <> 'reader'
"""
TEMPORARY_RELATIONS = "select relname from pg_class where relpersistence = 't'"
RUNS = """
    select run_id, read, rejected, duplicate, inserted, updated, unchanged, superseded, deleted
    from ops.run where sink = %s and status = 'success' order by finished_at
"""
QUARANTINED = "select count(*) from ops.rejected_row where run_id = %s and sink = %s"

State = tuple[tuple[str, ...], tuple[str, ...], str]


class Reader:
    """Reads the table every 50 ms on a connection of its own, and remembers each distinct state.

    Arguments:
        trial: whose table.
    """

    def __init__(self, trial: Trial) -> None:
        self._trial = trial
        self.states: set[State] = set()
        self._ended = threading.Event()
        self._threads = ThreadPoolExecutor(max_workers=1)
        self._watching = self._threads.submit(self._watch)

    def end(self) -> None:
        self._ended.set()
        self._threads.shutdown()
        self._watching.result()

    def _watch(self) -> None:
        while not self._ended.is_set():
            # Without a server there is nothing to read; it comes back.
            with suppress(psycopg2.OperationalError):
                self._watch_connected()
            self._ended.wait(POLL_SECONDS)

    def _watch_connected(self) -> None:
        with closing(self._trial.place.connect()) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("set application_name = 'reader'")
            while not self._ended.is_set():
                self._look(connection)
                self._ended.wait(POLL_SECONDS)

    def _look(self, connection: Any) -> None:
        with suppress(psycopg2.errors.UndefinedTable):  # not migrated yet
            self.states.add(self._trial.state(connection))


@dataclass(kw_only=True)
class Trial:
    """Runs of one dataset under faults.

    Attributes:
        place: where they run.
        root: the stand-in's folder.
        queue: URL of a queue that has all that SNS was given.
        runs: every run that was started, with its moment.
        notices: (dag_id, run_id, status, text) of all that SNS delivered to the queue.
    """

    place: Place
    root: Path
    queue: str
    runs: dict[str, datetime] = field(default_factory=dict)
    notices: list[tuple[str, str, str, str]] = field(default_factory=list)
    _reader: Reader | None = None
    _workers: list[Worker] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._reader = Reader(self)
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.kill()
        if self._reader:
            self._reader.end()

    def run(
        self, as_of: datetime, run_id: str, *, place: Place | None = None, refetch: bool = False
    ) -> LoadedSnapshot:
        """A run in this process, or the rest of one that a fault ended."""
        self.runs[run_id] = as_of
        return (place or self.place).run(as_of, run_id, refetch=refetch)

    def worker(self, as_of: datetime, run_id: str, **fate: Any) -> Worker:
        """A run in a process of its own; see Worker."""
        self.runs[run_id] = as_of
        worker = Worker(fate.pop("place", self.place), as_of, run_id, **fate)
        self._workers.append(worker)
        return worker

    def check_all_or_nothing(self) -> None:
        """After a fault, before the rerun: no part of a load is there, and no notice of it.

        A notice that was sent belongs to a run that the ledger has.
        """
        state = self._state_now()
        loaded = state[0] if state else ()
        if state:
            self._check_state(state)
        sent = {run_id for run_id, _, _ in self._drain()}
        assert sent <= set(loaded), f"notices of runs that loaded nothing: {sent - set(loaded)}"

    def check_healed(self, *reruns: str) -> None:
        """After the rerun: I1 to I6.

        Arguments:
            reruns: the runs that are done once more to prove that nothing changes; the one
                started last when none is named.
        """
        self._check_rows()
        self._check_ledger()
        self._check_notices()
        self._check_nothing_is_left()
        self._check_rerun_changes_nothing(reruns or (list(self.runs)[-1],))
        self._check_readers()

    def state(self, connection: Any) -> State:
        """Runs in the ledger, runs in the outbox, and a digest of the rows, at one moment."""
        table = self.place.dataset.table
        cells = ", ".join(f"coalesce({column.name}::text, '~')" for column in table.columns)
        statement = STATE.format(
            sink=table.sink, dag_id=self.place.dataset.name, cells=cells, key=", ".join(table.key)
        )
        with connection.cursor() as cursor:
            cursor.execute(statement)
            ledger, outbox, digest = cursor.fetchone()
        return tuple(ledger), tuple(outbox), digest

    def expected(self, run_ids: Iterable[str]) -> list[tuple[Any, ...]]:
        """The rows that these runs leave, by plain Python."""
        return oracle.table([(self.runs[run_id], self._snapshot(run_id)) for run_id in run_ids])

    def _check_rows(self) -> None:  # I1
        assert self.place.tasks().content() == self.expected(self.runs)

    def _check_ledger(self) -> None:  # I2
        tasks, sink = self.place.tasks(), self.place.dataset.table.sink
        before: list[tuple[datetime, oracle.Snapshot]] = []
        rows = tasks.query(RUNS, sink)
        assert {row[0] for row in rows} == set(self.runs)
        for run_id, read, rejected, duplicate, *went, deleted in rows:
            snapshot, as_of = self._snapshot(run_id), self.runs[run_id]
            assert read == rejected + duplicate + sum(went)
            assert (run_id, *went) == (run_id, *oracle.counts(before, as_of, snapshot))
            bad = self._rejected(run_id)
            assert (rejected, duplicate, deleted, read) == (bad, 0, 0, len(snapshot) + bad)
            assert tasks.query(QUARANTINED, run_id, sink) == [(bad,)]
            before.append((as_of, snapshot))

    def _check_notices(self) -> None:  # I3
        self._wait(lambda: {run_id for run_id, _, _ in self._drain()} >= set(self.runs))
        distinct = sorted((run_id, status) for run_id, status, _ in set(self._drain()))
        assert distinct == sorted((run_id, "success") for run_id in self.runs)

    def _check_nothing_is_left(self) -> None:  # I4
        query = self.place.tasks().query
        deadline = time.monotonic() + PATIENCE_SECONDS
        # Each look is a session of its own, which the next look may still meet.
        while (others := query(OTHERS_AT_WORK)) and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        assert others == []
        assert query(TEMPORARY_RELATIONS) == []
        assert [path for path in self.place.scratch.rglob("*") if path.name != "sluice"] == []
        s3 = client("s3", self.place.aws)
        assert "Uploads" not in s3.list_multipart_uploads(Bucket=self.place.bucket)

    def _check_rerun_changes_nothing(self, reruns: Iterable[str]) -> None:  # I5
        tasks = self.place.tasks()

        def written() -> Any:
            ledger = tasks.query("select ctid::text, xmin::text, r.* from ops.run as r order by 3")
            return tasks.versions(), ledger, set(self._drain())

        before = written()
        for run_id in reruns:
            self.place.clear(run_id)
            again = self.place.run(self.runs[run_id], run_id)
            assert (again["inserted"], again["updated"], again["deleted"]) == (0, 0, 0)
        assert written() == before

    def _check_readers(self) -> None:  # I6
        assert self._reader is not None
        self._wait(lambda: bool(self._reader and self._reader.states))
        states = set(self._reader.states)
        assert states, "the reader never saw the table"
        for state in states:
            self._check_state(state)

    def _check_state(self, state: State) -> None:
        ledger, outbox, digest = state
        assert ledger == outbox
        assert digest == _digest(self.expected(ledger)), f"no version of {ledger} is like this"

    def _state_now(self) -> State | None:
        with closing(self.place.connect()) as connection:
            try:
                return self.state(connection)
            except psycopg2.errors.UndefinedTable:
                return None

    def _snapshot(self, run_id: str) -> oracle.Snapshot:
        snapshot = SNAPSHOTS[self.place.dataset.name](self.root, self.runs[run_id])
        assert snapshot is not None
        return snapshot

    def _rejected(self, run_id: str) -> int:
        """Rows of the first source that are no numbers."""
        source = self.place.dataset.sources[0]
        path = f"{source.owner}/{source.repository}/{source.path}"
        version = oracle.version_at(self.root, path, self.runs[run_id])
        assert version is not None
        with version.open(newline="") as file:
            rows = list(csv.DictReader(file))
        return sum(not (row["cases"].isdigit() and row["deaths"].isdigit()) for row in rows)

    def _drain(self) -> list[tuple[str, str, str]]:
        """All notices so far, those that have arrived since the last look among them."""
        sqs = client("sqs", self.place.aws)
        while True:
            answer = sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10)
            if "Messages" not in answer:
                return [sent[1:] for sent in self.notices if sent[0] == self.place.dataset.name]
            for message in answer["Messages"]:
                notice = json.loads(message["Body"])
                attributes = {name: a["Value"] for name, a in notice["MessageAttributes"].items()}
                names = (attributes["dag_id"], attributes["run_id"], attributes["status"])
                self.notices.append((*names, notice["Message"]))
                sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])

    @staticmethod
    def _wait(holds: Callable[[], bool]) -> None:
        """Give what ends by itself the time to do so; the caller asserts what it waited for."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not holds() and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)


def _digest(rows: list[tuple[Any, ...]]) -> str:
    lines = ("|".join("~" if cell is None else str(cell) for cell in row) for row in rows)
    return hashlib.md5("\n".join(lines).encode(), usedforsecurity=False).hexdigest()

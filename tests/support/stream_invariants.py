"""What holds after every fault of a stream's run and the ordinary rerun, as one check."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psycopg2
from psycopg2 import sql
from typing_extensions import Self

if TYPE_CHECKING:
    from tests.support.published_changes import Publisher, Row, Table
    from tests.support.stream_runs import StreamPlace

POLL_SECONDS = 0.05
PATIENCE_SECONDS = 30.0
COUNTS = ("inserted", "updated", "unchanged", "deleted")
LEDGER = """
    select sink, run_id, read, rejected, duplicate, inserted, updated, unchanged, deleted
    from ops.run where status = 'success'
"""
OTHERS_AT_WORK = """
    select pid, state, query from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() and application_name <> 'reader'
"""
LEFT = """
    select (select count(*) from ops.stream_change), (select count(*) from ops.stream_publication),
        (select count(*) from ops.stream_end),
        (select count(*) from pg_class where relpersistence = 't')
"""


@dataclass
class StreamTrial:
    """Versions of tables, published one after the other, and runs that apply them under faults.

    Attributes:
        place: where they run.
        publisher: puts the versions.
        states: of each table those that readers may see, in order.
        expected: of each table the counts that all runs together have.
        seen: digests of what readers saw of each table.
    """

    place: StreamPlace
    publisher: Publisher
    states: dict[Table, list[list[Row]]] = field(default_factory=dict)
    expected: dict[str, Counter[str]] = field(default_factory=dict)
    seen: dict[Table, set[str]] = field(default_factory=dict)

    def __enter__(self) -> Self:
        self._ended = threading.Event()
        self._threads = ThreadPoolExecutor(max_workers=1)
        self._watching = self._threads.submit(self._watch)
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._threads.shutdown()
        self._watching.result()

    def publish(self, table: Table, version: str, rows: list[Row]) -> None:
        """Publish a version whole, with its rows in the lake."""
        snapshot = self.place.keep(table, version, rows)
        end = self.publisher.publish(table, version, rows, snapshot=snapshot).end
        self.expect(table, rows, end)

    def expect(self, table: Table, rows: list[Row], end: dict[str, Any]) -> None:
        """Add a version to what is expected, by the counts of plain Python."""
        self.states.setdefault(table, [[]]).append(rows)
        counts = self.expected.setdefault(table.sink, Counter(dict.fromkeys(COUNTS, 0)))
        counts["inserted"] += end["inserts"]
        counts["updated"] += end["updates"]
        counts["deleted"] += end["deletes"]
        counts["unchanged"] += end["rows"] - end["inserts"] - end["updates"]

    def check_healed(self, *reruns: str) -> None:
        """I1 to I6: see tests/support/invariants.py.

        Arguments:
            reruns: runs that are done once more to show that nothing changes.
        """
        for table, states in self.states.items():
            assert self.place.rows(table) == sorted(states[-1], key=table.key_of)
        self._check_ledger()
        self._check_notices()
        self._check_nothing_is_left()
        before = self._written()
        for run_id in reruns:
            self.place.run(run_id)
        assert self._written() == before
        self.check_readers()

    def check_readers(self) -> None:
        """I6: readers saw whole versions alone."""
        for table, states in self.states.items():
            whole = {_digest(sorted(rows, key=table.key_of)) for rows in states}
            assert self.seen.get(table, set()) <= whole

    def _check_ledger(self) -> None:
        total: dict[str, Counter[str]] = {}
        for sink, _, read, *rest in self.place.query(LEDGER):
            assert read == sum(rest[:-1])
            found = total.setdefault(sink, Counter(dict.fromkeys(COUNTS, 0)))
            found.update(dict(zip(COUNTS, rest[2:], strict=True)))
        assert total == self.expected

    def _check_notices(self) -> None:
        runs = {row[1] for row in self.place.query(LEDGER)}
        notices = self.place.query("select run_id, status from ops.outbox order by 1")
        assert notices == sorted((run_id, "success") for run_id in runs)
        sent = [body for run_id in sorted(runs) for body in self.place.announce(run_id)]
        assert len(sent) == len(runs) == len(set(sent))

    def _check_nothing_is_left(self) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (others := self.place.query(OTHERS_AT_WORK)) and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        assert others == []
        assert self.place.query(LEFT) == [(0, 0, 0, 0)]
        assert [*self.place.folder.glob("sluice/*")] == []

    def _written(self) -> Any:
        tables = [
            self.place.query(
                sql.SQL("select xmin::text, ctid::text, t from {} as t order by 2").format(
                    sql.Identifier(*table.sink.split(".", 1))
                )
            )
            for table in self.states
        ]
        ledger = self.place.query("select xmin::text, run_id, sink from ops.run order by 2, 3")
        notices = self.place.query("select run_id, status, sent_at from ops.outbox order by 1")
        return tables, ledger, notices

    def _watch(self) -> None:
        with closing(self.place.connect()) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("set application_name = 'reader'")
            while not self._ended.wait(POLL_SECONDS):
                for table in [*self.states]:
                    self._look(connection, table)

    def _look(self, connection: Any, table: Table) -> None:
        try:
            rows = self.place.rows(table, connection)
        except psycopg2.errors.UndefinedTable:
            return
        self.seen.setdefault(table, set()).add(_digest(rows))


def _digest(rows: list[Row]) -> str:
    text = json.dumps(rows, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()

"""Measures one case after another on one server, and holds each result to the source's rows."""

from __future__ import annotations

import sys
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psycopg2
from psycopg2 import sql

from include.core.warehouse.migrations import migrate
from infra.local.postgres import SUPERUSER
from tests.bench.source import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from infra.local.postgres import Server
    from tests.bench.source import Made
    from tests.bench.workers import Work

_ADMIN_SETTINGS = "alter system set autovacuum = off", "select pg_reload_conf()"
_CREATE = """
create table {} (
    region text,
    day date,
    cases bigint,
    deaths integer,
    rate double precision,
    note text,
    primary key (region, day)
)
"""
_DIGEST = """
select count(*) || '/' || sum(hashtextextended(rows::text, 0))
from (select {columns} from {table}) as rows
"""


class WrongResultError(Exception):
    """A measured way did not do what it was measured for; its seconds mean nothing."""


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """One run of one case.

    Attributes:
        seconds: as the worker took them, its own start left out.
        peak_mb: the most memory that the worker held, megabytes.
        wal_mb: log that the server wrote meanwhile, megabytes.
        answer: what the case counted.
    """

    seconds: float
    peak_mb: float
    wal_mb: float
    answer: dict[str, Any]


def together(parts: Sequence[Measurement], **answer: Any) -> Measurement:
    """What follows one another, as one; answer is what the whole counts."""
    return Measurement(
        seconds=sum(part.seconds for part in parts),
        peak_mb=max(part.peak_mb for part in parts),
        wal_mb=sum(part.wal_mb for part in parts),
        answer=answer,
    )


@dataclass(frozen=True, kw_only=True)
class Files:
    """The source's rows in one size.

    Attributes:
        rows: how many.
        folder: where they are.
        made: what source.make says of them.
        digests: what Lab.digest finds in a table that holds a version, once it was asked for.
    """

    rows: int
    folder: Path
    made: Made
    digests: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Lab:
    """A server, a folder, and what runs cases.

    Attributes:
        server: nothing else uses it.
        root: for files.
        say: receives each step, in a few words.
        work: runs a case in a process of its own.
    """

    server: Server
    root: Path
    say: Callable[[str], None]
    work: Work
    _made: dict[int, Files] = field(default_factory=dict)

    @property
    def uri(self) -> str:
        return self.server.warehouse_uri

    def prepare(self) -> None:
        """Bring the server into the state that all measurements start from."""
        for statement in _ADMIN_SETTINGS:
            self._ask(statement, as_admin=True)
        migrate(lambda: psycopg2.connect(self.uri))

    def make(self, rows: int) -> Files:
        """Write the source's files in one size, once."""
        if rows not in self._made:
            self.say(f"inventing {rows:,} rows")
            folder = self.root / f"source-{rows}"
            made: Any = self._work({"case": "make", "folder": str(folder), "rows": rows})
            self._made[rows] = Files(rows=rows, folder=folder, made=made)
        return self._made[rows]

    def create(self, table: str, *, watched: bool = False) -> None:
        """Drop a table and create it empty, unknown to Sluice."""
        self.drop(table)
        self._ask(sql.SQL(_CREATE).format(_identifier(table)))
        known = sql.SQL("delete from ops.sink where sink = {}")
        self._ask(known.format(sql.Literal(f"public.{table}")))
        if watched:
            self._ask(sql.SQL("select ops.watch({})").format(sql.Literal(table)))

    def drop(self, table: str) -> None:
        self._ask(sql.SQL("drop table if exists {}").format(_identifier(table)))

    def create_schema(self, schema: str) -> None:
        self._ask(sql.SQL("create schema {}").format(sql.Identifier(schema)))

    def drop_schema(self, schema: str) -> None:
        """Drop a schema with all tables in it."""
        self._ask(sql.SQL("drop schema if exists {} cascade").format(sql.Identifier(schema)))

    def vacuum(self, table: str) -> None:
        """Do to a table, schema.name or name, what autovacuum does between two days."""
        self._ask(sql.SQL("vacuum (analyze) {}").format(_identifier(table)))

    def touch(self, table: str) -> None:
        """Write as another writer, so that the next load has to compare row by row."""
        self._ask(sql.SQL("delete from {} where false").format(sql.Identifier(table)))

    def digest(self, table: str) -> str:
        """Sum up all values of the source's columns; equal for equal rows in any order.

        Arguments:
            table: its name, with its schema unless that is public.
        """
        columns = sql.SQL(", ").join(sql.Identifier(column.name) for column in COLUMNS)
        statement = sql.SQL(_DIGEST).format(columns=columns, table=_identifier(table))
        return str(self._ask(statement))

    def measure(
        self, case: str, *, expect: dict[str, Any], python: str = sys.executable, **arguments: Any
    ) -> Measurement:
        """Run a case once, on a quiet server whose next page writes are logged whole.

        Arguments:
            case: a name of worker.CASES.
            expect: what it must count.
            python: runs it.
            arguments: the case's own.

        Raises:
            WrongResultError: it counts something else.
        """
        self._ask("checkpoint", as_admin=True)
        before = self._wal_bytes()
        done = self._work({"case": case, **arguments}, python=python)
        wal_mb = (self._wal_bytes() - before) / 1e6
        if done["answer"] != {**done["answer"], **expect}:
            raise WrongResultError(f"{case} counts {done['answer']}, expected {expect}")
        return Measurement(**done, wal_mb=wal_mb)

    def check(self, table: str, files: Files, version: str) -> None:
        """Check that a table holds a version of the source, every value of it.

        Raises:
            WrongResultError: it does not.
        """
        if version not in files.digests:
            files.digests[version] = self._digest_of(files, version)
        if self.digest(table) != files.digests[version]:
            raise WrongResultError(f"table {table} does not hold the rows of {version}")

    def _digest_of(self, files: Files, version: str) -> str:
        """The digest of a table that holds a version."""
        self.create("reference")
        with (
            closing(psycopg2.connect(self.uri)) as connection,
            connection,
            connection.cursor() as cursor,
            (files.folder / f"{version}.csv").open("rb") as file,
        ):
            cursor.copy_expert("copy reference from stdin (format csv)", file)
        digest = self.digest("reference")
        self.drop("reference")
        return digest

    def _work(self, request: dict[str, Any], *, python: str = sys.executable) -> dict[str, Any]:
        code, answer = self.work(request, python=python, root=self.root)
        if code:
            raise WrongResultError(f"{request['case']} ended with {code}")
        return answer

    def _wal_bytes(self) -> float:
        return float(self._ask("select pg_current_wal_insert_lsn() - '0/0'::pg_lsn"))

    def _ask(self, statement: str | sql.Composable, *, as_admin: bool = False) -> Any:
        uri = self.server.uri(SUPERUSER, "warehouse") if as_admin else self.uri
        with closing(psycopg2.connect(uri)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement)
                row = cursor.fetchone() if cursor.description else None
                return row[0] if row else None


def _identifier(table: str) -> sql.Identifier:
    return sql.Identifier(*table.split("."))

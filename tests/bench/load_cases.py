"""Ways to get a snapshot into Postgres. Each is timed from connecting to the commit."""

from __future__ import annotations

import csv
import time
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

import psycopg2
from psycopg2 import sql
from psycopg2.extras import execute_values

from include.contracts.tables import ShrinkLimit
from include.core.aws.objects import ObjectStore
from include.core.scratch import scratch_folder
from include.core.snapshot.files import open_rows
from include.core.warehouse.connection import transaction
from include.core.warehouse.upsert import Policy, Snapshot, load_snapshot
from include.settings import Settings
from tests.bench import source
from tests.support.folder_client import FolderClient

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg2.extensions import cursor

DUCKDB_MEMORY: Final = Settings.duckdb_memory
_PLAIN: Final = """
insert into {target} as target (region, day, cases, deaths, rate, note)
values %s
on conflict (region, day) do update set
    cases = excluded.cases,
    deaths = excluded.deaths,
    rate = excluded.rate,
    note = excluded.note
where
    (target.cases, target.deaths, target.rate, target.note)
    is distinct from (excluded.cases, excluded.deaths, excluded.rate, excluded.note)
returning (xmax = 0)
"""


def copy_keyed(*, uri: str, table: str, file: str) -> tuple[float, dict[str, int]]:
    """The floor of a first load: COPY alone into an empty table with its key."""
    began = time.perf_counter()
    with closing(psycopg2.connect(uri)) as connection, connection, connection.cursor() as cursor:
        inserted = _copy(cursor, sql.Identifier(table), Path(file))
    return time.perf_counter() - began, {"inserted": inserted}


def copy_temporary(*, uri: str, table: str, file: str) -> tuple[float, dict[str, int]]:
    """The floor of any other load: COPY alone into a temporary table."""
    began = time.perf_counter()
    with closing(psycopg2.connect(uri)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(
            sql.SQL(
                "create temporary table staged on commit drop as select * from {} with no data"
            ).format(sql.Identifier(table))
        )
        copied = _copy(cursor, sql.Identifier("pg_temp", "staged"), Path(file))
    return time.perf_counter() - began, {"copied": copied}


def _copy(cursor: cursor, into: sql.Composable, file: Path) -> int:
    with file.open("rb") as rows:
        statement = sql.SQL("copy {} from stdin (format csv, null '')").format(into)
        cursor.copy_expert(statement, rows)
    return cursor.rowcount


def plain(*, uri: str, table: str, file: str) -> tuple[float, dict[str, int]]:
    """The way most often written by hand: all rows in memory, a conflict clause, xmax counted."""
    began = time.perf_counter()
    with Path(file).open(encoding="utf-8", newline="") as lines:
        rows = [[cell or None for cell in row] for row in csv.reader(lines)]
    with closing(psycopg2.connect(uri)) as connection, connection, connection.cursor() as cursor:
        statement = sql.SQL(_PLAIN).format(target=sql.Identifier(table))
        template = "(%s, %s::date, %s::bigint, %s::integer, %s::double precision, %s)"
        written = execute_values(
            cursor, statement, rows, template=template, page_size=1000, fetch=True
        )
    inserted = sum(is_new for (is_new,) in written)
    updated = len(written) - inserted
    counts = {"inserted": inserted, "updated": updated}
    return time.perf_counter() - began, {**counts, "unchanged": len(rows) - len(written)}


def sluice(  # noqa: PLR0913 -- what the pipeline knows of a load
    *, uri: str, table: str, file: str, sha256: str, rows: int, as_of: str, folder: str
) -> tuple[float, dict[str, int]]:
    """Sluice's own way, as its pipelines call it, from the Parquet file that cleaning leaves."""
    began = time.perf_counter()
    store = ObjectStore(client=FolderClient(), bucket=str(Path(file).parent))
    target = source.table(table)
    with (
        scratch_folder("bench", root=Path(folder)) as scratch,
        transaction(lambda: psycopg2.connect(uri), doing="measure a load") as cursor,
    ):

        @contextmanager
        def open_snapshot() -> Iterator[IO[bytes]]:
            parquet = scratch / "snapshot.parquet"
            store.get_file(Path(file).name, parquet, sha256=sha256)
            with open_rows(target, parquet, folder=scratch, memory=DUCKDB_MEMORY) as opened:
                yield opened

        counts = load_snapshot(
            cursor,
            table=target,
            snapshot=Snapshot(
                as_of=datetime.fromisoformat(as_of), row_count=rows, content_sha256=sha256
            ),
            rows=open_snapshot,
            policy=Policy(vanished="keep", shrink=ShrinkLimit()),
        )
    seconds = time.perf_counter() - began
    names = ("inserted", "updated", "unchanged")
    return seconds, {name: getattr(counts, name) for name in names}

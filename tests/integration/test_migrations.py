"""Numbered files, each applied once, by whoever comes first."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING, Any

import psycopg2
import pytest

from include.core.migrations import MIGRATIONS, migrate
from include.errors import WarehouseRefusedError

if TYPE_CHECKING:
    from pathlib import Path

    from include.core.postgres import Connect
    from infra.local.postgres import Server

FILES = sorted(path.name for path in MIGRATIONS.glob("*.sql"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the project's migrations, to be meddled with."""
    return shutil.copytree(MIGRATIONS, tmp_path / "migrations")


def query(connect: Connect, statement: str) -> list[tuple[Any, ...]]:
    with closing(connect()) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall()) if cursor.description else []


def test_each_file_is_applied_once(warehouse: Connect) -> None:
    assert migrate(warehouse) == FILES
    assert migrate(warehouse) == []
    assert [name for (name,) in query(warehouse, "select name from ops.migration")] == FILES


def test_new_file_alone_is_applied(warehouse: Connect, folder: Path) -> None:
    migrate(warehouse, folder)
    (folder / "9000_create_more.sql").write_text("create table covid.more (n integer);")
    assert migrate(warehouse, folder) == ["9000_create_more.sql"]


def test_eight_at_once_apply_each_file_once(warehouse: Connect) -> None:
    with ThreadPoolExecutor(8) as pool:
        applied = list(pool.map(lambda _: migrate(warehouse), range(8)))
    assert sorted(applied, key=len) == [[]] * 7 + [FILES]


def test_file_that_was_edited_after_it_was_applied_is_refused(
    warehouse: Connect, folder: Path
) -> None:
    migrate(warehouse, folder)
    first = folder / FILES[0]
    first.write_text(first.read_text() + "\nselect 1;\n")
    with pytest.raises(WarehouseRefusedError, match=f"{FILES[0]} was edited"):
        migrate(warehouse, folder)


def test_file_that_fails_leaves_nothing_of_itself_or_others(
    warehouse: Connect, folder: Path
) -> None:
    (folder / "9000_fail.sql").write_text("create table half (n integer); select 1 / 0;")
    with pytest.raises(WarehouseRefusedError, match="DivisionByZero"):
        migrate(warehouse, folder)
    assert query(warehouse, "select to_regclass('ops.migration'), to_regclass('half')") == [
        (None, None)
    ]


def test_two_files_of_one_number_are_refused(warehouse: Connect, folder: Path) -> None:
    (folder / f"{FILES[0][:4]}_again.sql").write_text("select 1;")
    with pytest.raises(WarehouseRefusedError, match="same number"):
        migrate(warehouse, folder)


@pytest.fixture
def charts(warehouse: Connect, warehouse_uri: str, postgres: Server) -> Connect:
    """Opens connections of a user who has the role for charts and no other."""
    migrate(warehouse)
    uri = postgres.uri("postgres", warehouse_uri.rsplit("/", 1)[-1])
    return lambda: psycopg2.connect(uri, options="-c role=sluice_charts")


@pytest.mark.parametrize("table", ["covid.us_daily", "covid.us_states_daily", "ops.run"])
def test_charts_may_read_tables_and_ledger(charts: Connect, table: str) -> None:
    assert query(charts, f"select current_user, count(*) from {table}") == [("sluice_charts", 0)]


@pytest.mark.parametrize(
    "statement",
    [
        "insert into covid.us_daily values ('2020-01-01', 1, 1, 1)",
        "delete from covid.us_states_daily",
        "truncate covid.us_daily",
        "update ops.run set read = 0",
        "select * from ops.rejected_row",
        "select * from ops.outbox",
        "create table covid.mine (n integer)",
    ],
)
def test_charts_may_neither_write_nor_read_rejected_rows_and_notices(
    charts: Connect, statement: str
) -> None:
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        query(charts, statement)


def test_tables_of_later_datasets_can_be_read_for_charts(
    charts: Connect, warehouse: Connect
) -> None:
    query(warehouse, "create table covid.later (n integer)")
    assert query(charts, "select count(*) from covid.later") == [(0,)]


def test_ledger_refuses_a_row_whose_sum_is_off(warehouse: Connect) -> None:
    migrate(warehouse)
    with pytest.raises(psycopg2.errors.CheckViolation, match="every_row_accounted_for"):
        query(
            warehouse,
            "insert into ops.run (dag_id, run_id, sink, as_of, status, read, started_at)"
            " values ('d', 'r', 's', now(), 'success', 1, now())",
        )

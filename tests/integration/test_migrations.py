"""Numbered files, each applied once, by whoever comes first."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING, Any

import psycopg2
import pytest

from include.core.warehouse.migrations import MIGRATIONS, migrate
from include.errors import WarehouseRefusedError

if TYPE_CHECKING:
    from pathlib import Path

    from include.core.warehouse.connection import Connect

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


def test_ledger_refuses_a_row_whose_sum_is_off(warehouse: Connect) -> None:
    migrate(warehouse)
    with pytest.raises(psycopg2.errors.CheckViolation, match="every_row_accounted_for"):
        query(
            warehouse,
            "insert into ops.run (dag_id, run_id, sink, as_of, status, read, started_at)"
            " values ('d', 'r', 's', now(), 'success', 1, now())",
        )

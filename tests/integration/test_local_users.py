"""The laptop's loader comes to a server of before, whichever of its two makers is first."""

from __future__ import annotations

import json
import shutil
from contextlib import closing, contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import psycopg2
import pytest

from include.core.warehouse.migrations import MIGRATIONS, bring_up_to_date, migrate
from infra.local import postgres
from infra.local.layout import Layout, write_private
from infra.local.processes.warden import guarded_group
from infra.local.state import Secrets

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def server(layout: Layout) -> Iterator[postgres.Server]:
    with guarded_group(layout.root) as group:
        yield postgres.start(group, layout, Secrets.of(layout))


def ask(uri: str, statement: str) -> list[tuple[Any, ...]]:
    with closing(psycopg2.connect(uri)) as opened, opened, opened.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall()) if cursor.description else []


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """A stack's folder of the time when there were no users: its secrets, its tables, a row."""
    layout = Layout(tmp_path / "stack")
    folder = shutil.copytree(MIGRATIONS, tmp_path / "before")
    for later in (path for path in folder.iterdir() if path.name >= "0005_create_users.sql"):
        later.unlink()
    with server(layout) as running:
        migrate(lambda: psycopg2.connect(running.warehouse_uri), folder)
        ask(running.warehouse_uri, "insert into covid.us_daily values ('2020-12-01', 1, 1, 1)")
        ask(running.uri("postgres", "postgres"), "drop role sluice_loader")
    known = asdict(Secrets.of(layout))
    del known["sluice_loader"]
    write_private(layout.secrets, json.dumps(known))
    return layout


def test_data_of_before_is_there_for_the_loader_once_tasks_run(layout: Layout) -> None:
    with server(layout) as running:
        bring_up_to_date(
            lambda: psycopg2.connect(running.loader_uri),
            lambda: psycopg2.connect(running.warehouse_uri),
        )
        assert ask(running.loader_uri, "select cases from covid.us_daily") == [(1,)]
    with server(layout) as running:
        assert ask(running.loader_uri, "select current_user") == [("sluice_loader",)]


def test_loader_that_a_migration_has_made_gets_its_password_at_the_next_start(
    layout: Layout,
) -> None:
    with server(layout) as running:
        ask(running.uri("postgres", "postgres"), "drop role sluice_loader")
        migrate(lambda: psycopg2.connect(running.warehouse_uri))
        with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
            psycopg2.connect(running.loader_uri)
    with server(layout) as running:
        assert ask(running.loader_uri, "select cases from covid.us_daily") == [(1,)]

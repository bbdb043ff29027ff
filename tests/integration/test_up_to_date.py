"""Pending migrations are looked for as the loader, and applied as the owner if there are any."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg2
import pytest

from include.core.warehouse.migrations import MIGRATIONS, bring_up_to_date, migrate, pending
from include.errors import WarehouseRefusedError, WarehouseUnavailableError
from infra.local import ports
from infra.local import postgres as servers
from infra.local.layout import Layout
from infra.local.processes.warden import guarded_group
from infra.local.state import Secrets

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from psycopg2.extensions import connection

    from include.core.warehouse.connection import Connect

FILES = sorted(path.name for path in MIGRATIONS.glob("*.sql"))
USERS = "0005_create_users.sql"
OWNER = "sluice_migrations"
# As on RDS: who has this role shows no password, and all others do.
_WHO_MAY_LOG_IN = (
    f"host all {OWNER} 127.0.0.1/32 scram-sha-256\nhost all +rds_iam 127.0.0.1/32 trust\n"
)
_AS_ON_RDS = (
    "drop role sluice_loader",
    "create role rds_iam",
    "create role rds_superuser",
    "grant rds_iam to rds_superuser with admin option",
    f"create role {OWNER} login createrole createdb password 'generated' in role rds_superuser",
    "select pg_reload_conf()",
)


def nobody() -> connection:
    raise AssertionError("the owner was asked for")


@pytest.fixture
def before(warehouse: Connect, tmp_path: Path) -> Path:
    """Migrations of the time when there were no users, which the database has."""
    folder = shutil.copytree(MIGRATIONS, tmp_path / "before")
    for name in FILES[FILES.index(USERS) :]:
        (folder / name).unlink()
    migrate(warehouse, folder)
    return folder


@pytest.fixture
def early_loader(warehouse_uri: str, postgres: servers.Server) -> Connect:
    """Opens connections of the loader, who has no rights before the migrations have come."""
    uri = postgres.uri("sluice_loader", warehouse_uri.rsplit("/", 1)[-1])
    return lambda: psycopg2.connect(uri)


def test_empty_database_is_brought_up_to_date_once(
    early_loader: Connect, warehouse: Connect
) -> None:
    assert pending(early_loader) == FILES
    assert bring_up_to_date(early_loader, warehouse) == FILES
    assert bring_up_to_date(early_loader, nobody) == []


@pytest.mark.usefixtures("before")
def test_database_that_knows_no_loader_yet_is_brought_up_to_date(
    early_loader: Connect, warehouse: Connect
) -> None:
    with pytest.raises(WarehouseRefusedError, match="InsufficientPrivilege"):
        pending(early_loader)
    assert bring_up_to_date(early_loader, warehouse) == FILES[FILES.index(USERS) :]
    assert pending(early_loader) == []


@pytest.mark.usefixtures("before")
def test_eight_tasks_at_once_after_an_upgrade_all_go_on(
    early_loader: Connect, warehouse: Connect
) -> None:
    with ThreadPoolExecutor(8) as pool:
        applied = pool.map(lambda _: bring_up_to_date(early_loader, warehouse), range(8))
    assert sorted(applied, key=len) == [[]] * 7 + [FILES[FILES.index(USERS) :]]


def test_new_file_alone_is_applied(loader: Connect, warehouse: Connect, tmp_path: Path) -> None:
    folder = shutil.copytree(MIGRATIONS, tmp_path / "after")
    (folder / "9000_create_more.sql").write_text("create table covid.more (n integer);")
    assert bring_up_to_date(loader, warehouse, folder) == ["9000_create_more.sql"]
    assert bring_up_to_date(loader, nobody, folder) == []


def test_edited_file_is_refused(loader: Connect, warehouse: Connect, tmp_path: Path) -> None:
    folder = shutil.copytree(MIGRATIONS, tmp_path / "edited")
    with (folder / FILES[0]).open("a") as file:
        file.write("select 1;")
    with pytest.raises(WarehouseRefusedError, match=f"{FILES[0]} was edited"):
        bring_up_to_date(loader, warehouse, folder)


@pytest.mark.usefixtures("loader")
def test_loader_that_cannot_log_in_is_reported_though_the_owner_can(
    warehouse: Connect, loader_uri: str
) -> None:
    stranger = loader_uri.replace("sluice_loader:", "sluice_loader:wrong")
    with pytest.raises(WarehouseUnavailableError, match="read the migrations"):
        bring_up_to_date(lambda: psycopg2.connect(stranger), warehouse)


def test_database_that_is_away_is_a_failure_that_a_retry_may_help() -> None:
    away = f"postgresql://{ports.HOST}:{ports.choose()}/warehouse"
    with pytest.raises(WarehouseUnavailableError):
        bring_up_to_date(lambda: psycopg2.connect(away), lambda: psycopg2.connect(away))


@dataclass(frozen=True)
class Rds:
    """A server whose owner of databases is no superuser, and that has no loader at first."""

    server: servers.Server

    def connect(self, role: str, database: str) -> connection:
        password = "generated" if role == OWNER else "none"
        return psycopg2.connect(
            host=ports.HOST, port=self.server.port, user=role, password=password, dbname=database
        )

    def loader(self, database: str) -> Connect:
        return lambda: self.connect("sluice_loader", database)

    def owner(self, database: str) -> Connect:
        return lambda: self.connect(OWNER, database)

    def ask(self, *statements: str) -> list[tuple[Any, ...]]:
        """Execute as a superuser; rows of the last statement."""
        with closing(psycopg2.connect(self.server.uri("postgres", "postgres"))) as opened:
            opened.autocommit = True
            cursor = opened.cursor()
            for statement in statements:
                cursor.execute(statement)
            return list(cursor.fetchall()) if cursor.description else []


@pytest.fixture
def rds(tmp_path: Path) -> Iterator[Rds]:
    layout = Layout(tmp_path / "rds")
    with guarded_group(layout.root) as group:
        rds = Rds(servers.start(group, layout, Secrets.of(layout)))
        rules = layout.postgres / "pg_hba.conf"
        rules.write_text(_WHO_MAY_LOG_IN + rules.read_text())
        rds.ask(*_AS_ON_RDS)
        yield rds


def test_owner_who_is_no_superuser_makes_users_that_log_in_without_a_password(rds: Rds) -> None:
    rds.server.create_database("new", OWNER)
    with pytest.raises(WarehouseUnavailableError):
        pending(rds.loader("new"))
    assert bring_up_to_date(rds.loader("new"), rds.owner("new")) == FILES
    users = "'sluice_loader', 'sluice_charts_reader'"
    assert (
        rds.ask(
            "select rolcanlogin, rolpassword is null, pg_has_role(oid, 'rds_iam', 'usage')"
            f" from pg_authid where rolname in ({users})"
        )
        == [(True, True, True)] * 2
    )
    with closing(rds.connect("sluice_charts_reader", "new")) as charts:
        charts.cursor().execute("select from ops.run, ops.arrival, covid.us_daily")


def test_databases_of_one_server_that_start_at_once_share_the_users(rds: Rds) -> None:
    names = [f"database_{number}" for number in range(6)]
    for name in names:
        rds.server.create_database(name, OWNER)
    with ThreadPoolExecutor(len(names)) as pool:
        applied = list(
            pool.map(lambda name: bring_up_to_date(rds.loader(name), rds.owner(name)), names)
        )
    assert applied == [FILES] * len(names)
    assert [pending(rds.loader(name)) for name in names] == [[]] * len(names)

"""What each user of the warehouse may do, and that nothing else is possible."""

from __future__ import annotations

from collections import defaultdict
from contextlib import closing
from typing import TYPE_CHECKING, Any

import psycopg2
import pytest
from psycopg2.errors import InsufficientPrivilege

from include.core.warehouse.migrations import MIGRATIONS, migrate
from include.datasets import github_datasets

if TYPE_CHECKING:
    from pathlib import Path

    from include.core.warehouse.connection import Connect
    from infra.local.postgres import Server

DATASETS = tuple(dataset.table.sink for dataset in github_datasets())
READ, WRITE = {"SELECT"}, {"SELECT", "INSERT", "UPDATE"}
ALL = {*WRITE, "DELETE"}
EXPORTS = (
    "ops.export",
    "ops.export_progress",
    "ops.export_table",
    "ops.stream_change",
    "ops.stream_end",
    "ops.stream_publication",
    "ops.stream_shard",
)
APIS = ("ops.api_call", "ops.api_hour", "ops.api_pace")
RIGHTS = {
    "sluice_loader": {
        "ops.migration": READ,
        "ops.run": WRITE,
        "ops.sink": WRITE,
        "ops.arrival": WRITE,
        "ops.arrival_progress": ALL,
        "ops.rejected_row": {"SELECT", "INSERT", "DELETE"},
        "ops.outbox": ALL,
        "ops.vanished_row": ALL,
        "ops.shrunken_snapshot": ALL,
        **dict.fromkeys((*APIS, *EXPORTS), ALL),
        **dict.fromkeys(DATASETS, ALL),
    },
    "sluice_charts": dict.fromkeys(
        (
            "ops.run",
            "ops.api_hour",
            "ops.arrival",
            "ops.arrival_progress",
            "ops.export",
            "ops.export_table",
            "ops.shrunken_snapshot",
            *DATASETS,
        ),
        READ,
    ),
}


def query(connect: Connect, statement: str) -> list[tuple[Any, ...]]:
    with closing(connect()) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall()) if cursor.description else []


def reader(server: Server, loader_uri: str) -> Connect:
    """Opens connections of who reads for charts; on the laptop that user has no password."""
    uri = server.uri("postgres", loader_uri.rsplit("/", 1)[-1])
    return lambda: psycopg2.connect(uri, options="-c role=sluice_charts_reader")


@pytest.fixture
def shared(ready_uri: str) -> Connect:
    """Opens connections of the loader to a database that all tests use and none changes."""
    return lambda: psycopg2.connect(ready_uri)


@pytest.fixture
def shared_charts(postgres: Server, ready_uri: str) -> Connect:
    return reader(postgres, ready_uri)


@pytest.fixture
def charts(postgres: Server, loader_uri: str) -> Connect:
    return reader(postgres, loader_uri)


def test_each_user_has_its_rights_on_tables_and_no_other(shared: Connect) -> None:
    found: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for grantee, table, right in query(
        shared,
        "select grantee::regrole::text, oid::regclass::text, privilege_type"
        " from pg_class, aclexplode(coalesce(relacl, acldefault('r', relowner)))"
        " where relnamespace::regnamespace::text in ('ops', 'covid', 'data')"
        " and relkind in ('r', 'S') and grantee <> relowner",
    ):
        found[grantee][table].add(right)
    assert found == RIGHTS


def test_nobody_else_may_enter_the_database_or_call_its_functions(shared: Connect) -> None:
    rights = query(
        shared,
        "select grantee::regrole::text, privilege_type"
        " from pg_database, aclexplode(datacl) where datname = current_database()"
        " and grantee <> datdba order by 1, 2",
    )
    assert rights == [
        ("sluice_charts", "CONNECT"),
        ("sluice_loader", "CONNECT"),
        ("sluice_loader", "TEMPORARY"),
    ]
    functions = query(
        shared,
        "select proname from pg_proc, aclexplode(coalesce(proacl, acldefault('f', proowner)))"
        " where pronamespace = 'ops'::regnamespace and grantee <> proowner",
    )
    assert functions == []


@pytest.mark.parametrize(
    "statement",
    [
        "create table covid.mine (n integer)",
        "create table public.mine (n integer)",
        "create schema mine",
        "create extension citext",
        "alter table covid.us_daily add column mine text",
        "alter table ops.run drop constraint every_row_accounted_for",
        "alter table covid.us_daily disable trigger count_write",
        "create trigger mine before insert on covid.us_daily execute function ops.count_write()",
        "create index on covid.us_daily (cases)",
        "drop table covid.us_daily",
        "drop schema covid cascade",
        "truncate covid.us_daily",
        "truncate ops.run",
        "comment on table covid.us_daily is 'mine'",
        "delete from ops.run",
        "delete from ops.arrival",
        "delete from ops.sink",
        "update ops.rejected_row set raw = ''",
        "insert into ops.migration (number, name, sha256) values (9000, '', '')",
        "update ops.migration set sha256 = ''",
        "grant sluice_charts to sluice_loader",
        "create role mine",
        "alter role sluice_charts_reader password 'known'",
        "set role sluice",
        "set session authorization sluice",
        "select ops.watch('covid.us_daily')",
        "copy covid.us_daily to program 'true'",
        "copy covid.us_daily to '/tmp/rows'",
        "select pg_read_file('postgresql.conf')",
        "select rolpassword from pg_authid",
    ],
)
def test_loader_changes_no_table_no_user_and_no_history(shared: Connect, statement: str) -> None:
    with pytest.raises(InsufficientPrivilege):
        query(shared, statement)


def test_users_log_in_and_have_no_power_over_the_server(shared: Connect) -> None:
    powers = query(
        shared,
        "select rolname, rolcanlogin, rolsuper or rolcreaterole or rolcreatedb or rolreplication"
        r" or rolbypassrls from pg_roles where rolname like 'sluice\_%' order by 1",
    )
    assert powers == [
        ("sluice_charts", False, False),
        ("sluice_charts_reader", True, False),
        ("sluice_loader", True, False),
    ]


def test_users_cannot_pass_on_what_they_may(shared: Connect) -> None:
    grantable = query(
        shared,
        "select oid::regclass from pg_class, aclexplode(relacl) where is_grantable"
        " and grantee <> relowner and relnamespace <> 'pg_catalog'::regnamespace",
    )
    administered = query(
        shared,
        "select roleid::regrole from pg_auth_members"
        r" where admin_option and member::regrole::text like 'sluice\_%'",
    )
    assert (grantable, administered) == ([], [])


@pytest.mark.parametrize("table", [*DATASETS, "ops.run", "ops.arrival", "ops.open_reject"])
def test_charts_may_read_tables_ledger_and_registry(shared_charts: Connect, table: str) -> None:
    found = query(shared_charts, f"select current_user, count(*) from {table}")
    assert found == [("sluice_charts_reader", 0)]


@pytest.mark.parametrize(
    "statement",
    [
        "insert into covid.us_daily values ('2020-01-01', 1, 1, 1)",
        "delete from covid.us_states_daily",
        "truncate covid.us_daily",
        "update ops.run set read = 0",
        "select * from ops.rejected_row",
        "select * from ops.outbox",
        "select * from ops.sink",
        "select * from ops.migration",
        "create table covid.mine (n integer)",
        "create temporary table mine (n integer)",
        "grant sluice_loader to sluice_charts_reader",
        "select ops.watch('covid.us_daily')",
    ],
)
def test_charts_may_neither_write_nor_read_rejected_rows_and_notices(
    shared_charts: Connect, statement: str
) -> None:
    with pytest.raises(InsufficientPrivilege):
        query(shared_charts, statement)


@pytest.fixture
def later(warehouse: Connect, loader: Connect, tmp_path: Path) -> Connect:
    """Opens connections of the loader where a later migration has made a dataset's schema."""
    for path in MIGRATIONS.glob("*.sql"):
        (tmp_path / path.name).write_text(path.read_text())
    (tmp_path / "9000_create_later.sql").write_text(
        "create schema later; create table later.thing (n integer primary key);"
        "select ops.watch('later.thing'); create table ops.later (secret text);"
        "create function ops.later() returns integer return 1;"
    )
    assert migrate(warehouse, tmp_path) == ["9000_create_later.sql"]
    return loader


def test_tables_and_schemas_of_later_migrations_can_be_loaded_and_not_changed(
    later: Connect,
) -> None:
    query(later, "insert into later.thing values (1), (2)")
    query(later, "update later.thing set n = 3 where n = 2; delete from later.thing where n = 1")
    assert query(later, "table later.thing") == [(3,)]
    assert query(later, "select writes from ops.sink where sink = 'later.thing'") == [(3,)]
    assert query(later, "select count(*) from ops.later") == [(0,)]
    for statement in ("truncate later.thing", "create table later.mine (n integer)"):
        with pytest.raises(InsufficientPrivilege):
            query(later, statement)
    with pytest.raises(InsufficientPrivilege):
        query(later, "select ops.later()")


@pytest.mark.usefixtures("later")
def test_datasets_of_later_migrations_can_be_read_for_charts_and_nothing_else_can(
    charts: Connect,
) -> None:
    assert query(charts, "select count(*) from later.thing") == [(0,)]
    with pytest.raises(InsufficientPrivilege):
        query(charts, "select * from ops.later")


def test_tables_of_known_schemas_can_be_read_for_charts(
    charts: Connect, warehouse: Connect
) -> None:
    query(warehouse, "create table covid.later (n integer)")
    assert query(charts, "select count(*) from covid.later") == [(0,)]

"""The user that QuickSight reads the warehouse as, and the renewal of its password."""

from __future__ import annotations

import itertools
import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import psycopg2
import psycopg2.extensions
import pytest
from psycopg2.errors import InsufficientPrivilege

from include.core.aws.secrets import Login, RenewedSecret
from include.core.warehouse.charts_login import renew_charts_login
from infra.local import ports

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from include.core.warehouse.connection import Connect
    from infra.local.postgres import Server
    from tests.conftest import Aws

USER = "sluice_quicksight"
_numbers = itertools.count()


@dataclass
class Door:
    """A warehouse that QuickSight has not been let into, and the secret that is to open it."""

    client: Any
    name: str
    port: int
    database: str
    owner: Connect
    days: int = 0

    def secret(self) -> RenewedSecret:
        """As the DAGs have it, so many days later."""
        passed = timedelta(days=self.days)
        clock = lambda: datetime.now(timezone.utc) + passed  # noqa: E731 -- a clock of one line
        return RenewedSecret(client=self.client, name=self.name, clock=clock)

    def renew(self) -> bool:
        return renew_charts_login(self.owner, self.secret())

    def kept(self) -> dict[str, str]:
        """What QuickSight would log in with."""
        found = self.client.get_secret_value(SecretId=self.name)
        value: dict[str, str] = json.loads(found["SecretString"])
        return value

    def enter(self, kept: dict[str, str] | None = None) -> psycopg2.extensions.connection:
        value = kept or self.kept()
        return psycopg2.connect(
            host=ports.HOST,
            port=self.port,
            dbname=self.database,
            user=value["username"],
            password=value["password"],
        )


@pytest.fixture
def door(aws: Aws, warehouse: Connect, loader_uri: str, postgres: Server) -> Iterator[Door]:
    client, name = aws.client("secretsmanager"), f"sluice/trial-{next(_numbers)}/quicksight"
    first = {"dbname": "warehouse", "engine": "postgres", "username": USER, "password": "first"}
    client.create_secret(Name=name, SecretString=json.dumps(first))
    database = loader_uri.rsplit("/", 1)[-1]
    made = Door(client=client, name=name, port=postgres.port, database=database, owner=warehouse)
    yield made
    # Roles belong to the whole server, on which others count them.
    with closing(psycopg2.connect(postgres.uri("postgres", "postgres"))) as opened, opened:
        opened.cursor().execute(f"drop role if exists {USER}")


def query(connection: psycopg2.extensions.connection, statement: str) -> list[tuple[Any, ...]]:
    with closing(connection), connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall()) if cursor.description else []


def test_first_renewal_makes_a_user_who_reads_what_charts_may_read(door: Door) -> None:
    with pytest.raises(psycopg2.OperationalError):
        door.enter()
    assert door.renew()
    assert query(door.enter(), "select current_user, count(*) from covid.us_daily") == [(USER, 0)]
    assert door.kept().keys() == {"dbname", "engine", "username", "password"}
    groups = query(
        door.owner(),
        f"select roleid::regrole::text from pg_auth_members where member = '{USER}'::regrole",
    )
    assert groups == [("sluice_charts",)]
    assert query(door.enter(), "show default_transaction_read_only") == [("on",)]


@pytest.mark.parametrize(
    "statement",
    [
        "insert into covid.us_daily values ('2020-01-01', 1, 1, 1)",
        "select * from ops.rejected_row",
        "grant sluice_loader to sluice_quicksight",
        "create table covid.mine (n integer)",
    ],
)
def test_user_cannot_do_more_even_where_it_takes_off_the_hint(door: Door, statement: str) -> None:
    door.renew()
    with pytest.raises(InsufficientPrivilege):
        query(door.enter(), f"set transaction read write; {statement}")


def test_password_of_less_than_a_week_is_left_without_asking_for_the_owner(door: Door) -> None:
    door.renew()
    before = door.kept()

    def refuse() -> Any:
        raise AssertionError("the owner was asked for")

    door.days = 6
    assert not renew_charts_login(refuse, door.secret())
    assert door.kept() == before


def test_password_of_a_week_is_replaced_and_an_open_session_stays_open(door: Door) -> None:
    door.renew()
    before, opened = door.kept(), door.enter()
    door.days = 7
    assert door.renew()
    assert door.kept()["password"] != before["password"]
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        door.enter(before)
    assert query(opened, "select count(*) from covid.us_daily") == [(0,)]
    assert query(door.enter(), "select 1") == [(1,)]


class DiedError(Exception):
    """A step that did not come to its end."""


@dataclass(frozen=True)
class Dying:
    """A secret whose renewal ends at one step, before or after what the step does."""

    secret: RenewedSecret
    at: str
    done: bool

    def is_due(self) -> bool:
        return bool(self._step("is_due", self.secret.is_due))

    def pending(self) -> Login:
        pending: Login = self._step("pending", self.secret.pending)
        return pending

    def promote(self, login: Login) -> None:
        self._step("promote", lambda: self.secret.promote(login))

    def _step(self, name: str, act: Callable[[], Any]) -> Any:
        if (self.at, self.done) == (name, False):
            raise DiedError(name)
        made = act()
        if (self.at, self.done) == (name, True):
            raise DiedError(name)
        return made


@pytest.mark.parametrize("known", [False, True], ids=["the first", "a later"])
@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", ["is_due", "pending", "promote"])
def test_renewal_that_ended_at_any_step_is_finished_by_the_next(
    door: Door, step: str, *, done: bool, known: bool
) -> None:
    if known:
        door.renew()
        door.days = 7
    with pytest.raises(DiedError):
        renew_charts_login(door.owner, Dying(door.secret(), step, done))
    door.days = 7 if known else 0
    finished = (step, done) == ("promote", True)
    assert door.renew() or finished
    assert query(door.enter(), "select 1") == [(1,)]


def test_renewals_at_the_same_time_end_with_one_password_that_opens(door: Door) -> None:
    for round_ in range(3):
        door.days = 7 * round_
        with ThreadPoolExecutor(4) as pool:
            renewed = list(pool.map(lambda _: door.renew(), range(4)))
        assert any(renewed)
        assert query(door.enter(), "select 1") == [(1,)]


@dataclass
class Heard:
    """Opens connections of which every statement is kept, as it is sent."""

    connect: Connect
    statements: list[str] = field(default_factory=list)

    def __call__(self) -> psycopg2.extensions.connection:
        heard = self.statements

        class Cursor(psycopg2.extensions.cursor):
            def execute(self, query: Any, vars: Any = None) -> None:  # noqa: A002 -- its name
                super().execute(query, vars)
                heard.append((self.query or b"").decode())

        opened = self.connect()
        opened.cursor_factory = Cursor
        return opened


def test_password_is_in_no_statement(door: Door) -> None:
    heard = Heard(door.owner)
    renew_charts_login(heard, door.secret())
    (said,) = [each for each in heard.statements if "alter role" in each and "password" in each]
    assert "SCRAM-SHA-256$" in said
    assert door.kept()["password"] not in "\n".join(heard.statements)


@dataclass
class Overtaken:
    """A secret that was due until the lock was there, since another run has renewed it."""

    secret: RenewedSecret
    asked: int = 0

    def is_due(self) -> bool:
        self.asked += 1
        return self.asked == 1 or self.secret.is_due()

    def pending(self) -> Login:
        return self.secret.pending()

    def promote(self, login: Login) -> None:
        self.secret.promote(login)


def test_run_that_waited_for_the_renewal_of_another_leaves_it_at_that(door: Door) -> None:
    door.renew()
    before = door.kept()
    assert not renew_charts_login(door.owner, Overtaken(door.secret()))
    assert door.kept() == before

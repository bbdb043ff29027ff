"""Who DAGs log in to the warehouse as, and that no rotation of a password stops them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import psycopg2
import pytest

from include.core.warehouse.connection import transaction
from include.core.warehouse.migrations import MIGRATIONS, migrate
from include.errors import WarehouseRefusedError, WarehouseUnavailableError
from infra.aws.airflow.options import airflow_options
from infra.aws.environment import DEV
from infra.local import ports
from tests.support import airflow_home
from tests.support.airflow_home import clients
from tests.support.vault import PREFIX

if TYPE_CHECKING:
    from include.core.warehouse.connection import Connect
    from tests.support.vault import Owner, Vault

FILES = sorted(path.name for path in MIGRATIONS.glob("*.sql"))


def user(connect: Connect) -> str:
    with transaction(connect, doing="ask") as cursor:
        cursor.execute("select current_user, current_setting('application_name')")
        row = cursor.fetchone()
    assert row is not None
    return " ".join(row).strip()


def test_connections_come_from_secrets_manager_below_their_prefix(owner: Owner) -> None:
    assert user(clients().migrations()) == f"{owner.name} sluice"


def test_names_outside_of_the_lookup_patterns_are_never_asked_for(vault: Vault) -> None:
    from airflow.providers.amazon.aws.secrets.secrets_manager import (  # noqa: PLC0415 -- after the environment is set
        SecretsManagerBackend,
    )

    options = json.loads(
        airflow_options(environment=DEV, prefix=PREFIX, output=str)["secrets.backend_kwargs"]
    )
    backend: Any = SecretsManagerBackend(**options)
    asked: list[str] = []

    def note(params: dict[str, Any], **_: Any) -> None:
        asked.append(json.loads(params["body"])["SecretId"])

    backend.client.meta.events.register("before-call.secretsmanager.GetSecretValue", note)
    vault.put_connection("sluice_warehouse", login="sluice_loader")
    found = {
        name: backend.get_conn_value(name) is not None
        for name in ("sluice_warehouse", "github", "aws_default", "postgres_default", "my_github")
    }
    for name in ("sluice_pace", "other", "AIRFLOW_HOME"):
        backend.get_variable(name)
    assert [name for name, is_there in found.items() if is_there] == ["sluice_warehouse"]
    assert asked == [
        f"{PREFIX}/connections/sluice_warehouse",
        f"{PREFIX}/connections/github",
        f"{PREFIX}/variables/sluice_pace",
    ]


def test_password_that_is_rotated_between_two_connects_is_read_anew(owner: Owner) -> None:
    connect = clients().migrations()
    assert user(connect) == f"{owner.name} sluice"
    owner.rotate("second")
    assert user(connect) == f"{owner.name} sluice"
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        psycopg2.connect(
            host=ports.HOST,
            port=owner.server.port,
            user=owner.name,
            password="first",  # noqa: S106 -- the one that is no longer good
            dbname=owner.name,
        )


def test_password_that_is_rotated_within_a_transaction_lets_it_commit(owner: Owner) -> None:
    with transaction(clients().migrations(), doing="work") as cursor:
        cursor.execute("create table kept (n integer)")
        owner.rotate("second")
        cursor.execute("insert into kept values (1)")
    with transaction(clients().migrations(), doing="look") as cursor:
        cursor.execute("select n from kept")
        assert cursor.fetchall() == [(1,)]


def test_password_that_is_read_anew_is_masked_in_logs(owner: Owner) -> None:
    from airflow.sdk.log import mask_logs  # noqa: PLC0415 -- after the environment is set

    password = "correct-horse-battery"  # noqa: S105 -- of a database that is gone in a minute
    connect = clients().migrations()
    owner.rotate(password)
    assert password in str(mask_logs(None, "info", {"event": f"password={password}"}))
    user(connect)
    assert password not in str(mask_logs(None, "info", {"event": f"password={password}"}))


def test_connect_between_the_halves_of_a_rotation_fails_as_one_that_a_retry_helps(
    owner: Owner,
) -> None:
    connect = clients().migrations()
    owner.keep("second")
    with pytest.raises(WarehouseUnavailableError):
        user(connect)
    owner.accept("second")
    assert user(connect) == f"{owner.name} sluice"


@pytest.mark.usefixtures("owner")
def test_first_task_brings_an_empty_database_up_to_date_and_works_as_the_loader() -> None:
    assert user(clients().warehouse()) == "sluice_loader"
    assert migrate(clients().migrations()) == []


def test_owner_is_not_asked_for_when_the_database_is_up_to_date(owner: Owner) -> None:
    clients().warehouse()
    owner.vault.put_connection("sluice_migrations", **owner.place(extra={"password_secret": "no"}))
    assert user(clients().warehouse()) == "sluice_loader"
    with pytest.raises(WarehouseRefusedError, match="ResourceNotFoundException to GetSecretValue"):
        user(clients().migrations())


@pytest.mark.usefixtures("owner")
def test_secrets_manager_out_of_reach_is_a_failure_that_a_retry_may_help(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    connect = clients().migrations()
    assert user(connect)
    nobody = f"http://{ports.HOST}:{ports.choose()}"
    monkeypatch.setenv("AWS_ENDPOINT_URL", nobody)
    with pytest.raises(WarehouseUnavailableError, match="EndpointConnectionError"):
        user(connect)


@pytest.mark.usefixtures("owner")
def test_migrate_warehouse_applies_what_is_missing_and_returns_its_names() -> None:
    from airflow.dag_processing.dagbag import DagBag  # noqa: PLC0415 -- after the environment is set

    bag: Any = DagBag(airflow_home.REPOSITORY / "dags" / "migrate_warehouse.py")
    work = bag.dags["migrate_warehouse"].get_task("migrate").python_callable
    assert (work(), work()) == (FILES, [])
    assert user(clients().warehouse()) == "sluice_loader"

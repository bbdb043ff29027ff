"""What the wiring needs to make clients: a home of Airflow's own, and connections as on AWS."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from include.core.warehouse.migrations import migrate
from infra.aws.airflow.options import airflow_options
from infra.aws.environment import DEV
from infra.local import aws as emulators
from tests.support import airflow_home
from tests.support.vault import PREFIX, Owner, Vault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.core.warehouse.connection import Connect
    from infra.local.postgres import Server
    from tests.conftest import Aws

airflow_home.configure()

_numbers = itertools.count()


@pytest.fixture
def vault(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Vault:
    """Connections come from the emulator's Secrets Manager, by the options of MWAA."""
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    for name, value in emulators.environment(aws.endpoint).items():
        monkeypatch.setenv(name, value)
    options = airflow_options(environment=DEV, prefix=PREFIX, output=str)
    for name in ("backend", "backend_kwargs"):
        monkeypatch.setenv(f"AIRFLOW__SECRETS__{name.upper()}", options[f"secrets.{name}"])
    return Vault(aws.client("secretsmanager"))


@pytest.fixture
def owner(vault: Vault, postgres: Server, warehouse: Connect) -> Iterator[Owner]:
    """The owner of an empty database, whose connection names its secret."""
    migrate(warehouse)
    made = Owner(postgres, vault, f"owner_{next(_numbers)}")
    made.create()
    postgres.create_database(made.name, made.name)
    arn = made.keep(made.password)
    extra = {"password_secret": arn, "application_name": "sluice"}
    vault.put_connection("sluice_migrations", **made.place(login=made.name, extra=extra))
    password = postgres.secrets.sluice_loader
    vault.put_connection("sluice_warehouse", **made.place(login="sluice_loader", password=password))
    yield made
    postgres.drop_database(made.name)

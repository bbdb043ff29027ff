"""Tokens in place of passwords: fresh at each connect, and shown to RDS alone."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import psycopg2
import pytest
from botocore.client import ClientCreator

from include.errors import WarehouseUnavailableError
from infra.local import aws as emulators
from infra.local import ports
from tests.support.airflow_home import clients
from tests.support.password_server import PasswordServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.vault import Owner, Vault


@pytest.fixture
def rds(vault: Vault, owner: Owner, tmp_path: Path) -> Iterator[PasswordServer]:
    """What the loader's connection leads to, as on AWS: by TLS, with a token for a password."""
    with PasswordServer(tmp_path) as server:
        extra = {"iam": True, "sslmode": "verify-full", "sslrootcert": str(server.certificate)}
        place = {**owner.place(), "port": server.port, "schema": "warehouse"}
        vault.put_connection("sluice_warehouse", **place, login="sluice_loader", extra=extra)
        yield server


def asked_by(token: str) -> dict[str, str]:
    """What a token says that it is for."""
    query = urlsplit(f"https://{token}").query
    return {name: value for name, (value,) in parse_qs(query).items()}


def test_loader_shows_a_fresh_token_for_its_name_and_server_at_each_connect(
    rds: PasswordServer,
) -> None:
    times = []
    for _ in range(2):
        with pytest.raises(WarehouseUnavailableError):
            clients().warehouse()
        token = urlsplit(f"https://{rds.passwords[-1]}")
        assert (token.hostname, token.port) == (ports.HOST, rds.port)
        said = asked_by(rds.passwords[-1])
        assert (said["Action"], said["DBUser"]) == ("connect", "sluice_loader")
        assert said["X-Amz-Expires"] == "900"
        assert f"/{emulators.REGION}/rds-db/aws4_request" in said["X-Amz-Credential"]
        times.append(said["X-Amz-Date"])
        time.sleep(1.1)
    assert times[0] < times[1]
    assert {(each["user"], each["database"]) for each in rds.startups} == {
        ("sluice_loader", "warehouse")
    }


def test_task_makes_one_client_for_its_tokens(
    rds: PasswordServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    create = ClientCreator.create_client

    def counted(self: ClientCreator, **named: Any) -> Any:
        made.append(named["service_name"])
        return create(self, **named)

    monkeypatch.setattr(ClientCreator, "create_client", counted)
    wiring = clients()
    wiring._rds.cache_clear()
    for _ in range(2):
        with pytest.raises(WarehouseUnavailableError):
            wiring.warehouse()
    assert len(rds.passwords) > 1
    assert made.count("rds") == 1


def test_token_is_shown_to_no_server_whose_certificate_is_not_trusted(
    rds: PasswordServer, owner: Owner, tmp_path: Path
) -> None:
    with PasswordServer(tmp_path / "other") as other:
        extra = {"iam": True, "sslmode": "verify-full", "sslrootcert": str(other.certificate)}
        place = {**owner.place(), "port": rds.port, "schema": "warehouse"}
        owner.vault.put_connection("sluice_warehouse", **place, login="sluice_loader", extra=extra)
        with pytest.raises(WarehouseUnavailableError):
            clients().warehouse()
    assert rds.passwords == []


def test_owner_of_whom_rds_wants_a_token_shows_one_after_its_password(
    rds: PasswordServer, owner: Owner
) -> None:
    place = {**owner.place(), "port": rds.port, "schema": "warehouse"}
    extra = {
        "password_secret": owner.keep("of-rds"),
        "sslmode": "verify-full",
        "sslrootcert": str(rds.certificate),
    }
    owner.vault.put_connection("sluice_migrations", **place, login=owner.name, extra=extra)
    connect = clients().migrations()
    for _ in range(2):
        with pytest.raises(psycopg2.OperationalError, match="PAM authentication failed"):
            connect()
    shown = [asked_by(each).get("DBUser", each) for each in rds.passwords]
    assert shown == ["of-rds", owner.name] * 2

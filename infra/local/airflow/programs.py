"""Airflow's own programs: scheduler, DAG processor, triggerer and API server."""

from __future__ import annotations

import contextlib
import importlib.metadata
import sys
from typing import TYPE_CHECKING

import psycopg2

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from infra.local.layout import Layout
    from infra.local.processes.group import Group, Program

# All parts share the folder of logs, so no part has to serve them.
_PARTS = {
    "api-server": ("airflow", "api-server"),
    "scheduler": ("infra.local.airflow.preloaded", "scheduler", "--skip-serve-logs"),
    "dag-processor": ("infra.local.airflow.preloaded", "dag-processor"),
    "triggerer": ("infra.local.airflow.preloaded", "triggerer", "--skip-serve-logs"),
}
_ON_DEMAND = ("infra.local.airflow.scheduler_on_demand",)


def migrate(
    group: Group,
    layout: Layout,
    env: Mapping[str, str],
    metadata_uri: str,
    say: Callable[[str], None],
) -> None:
    """Bring the metadata database to this Airflow's schema, unless it has it already.

    Raises:
        StackError: the migration failed.
    """
    # Looking whether there is something to migrate takes Airflow itself several seconds.
    stamp = layout.airflow_home / "migrated"
    if stamp.exists() and stamp.read_text() == _schema(metadata_uri):
        return
    layout.airflow_home.mkdir(parents=True, exist_ok=True)
    program = group.start(
        "db-migrate",
        [sys.executable, "-m", "airflow", "db", "migrate"],
        env=env,
        cwd=layout.airflow_home,
    )
    program.wait_until_done(seconds=300)
    group.programs.remove(program)
    stamp.write_text(_schema(metadata_uri))
    say("Airflow's metadata database is ready")


def _schema(metadata_uri: str) -> str:
    """Name this Airflow and the schema that the database has."""
    airflow = importlib.metadata.version("apache-airflow")
    connection = psycopg2.connect(metadata_uri)
    with contextlib.closing(connection), connection.cursor() as cursor:
        cursor.execute("select to_regclass('alembic_version')")
        if cursor.fetchone() == (None,):
            return f"{airflow} without a schema"
        cursor.execute("select version_num from alembic_version")
        return f"{airflow} {cursor.fetchall()}"


def start(
    group: Group,
    layout: Layout,
    env: Mapping[str, str],
    part: str,
    *,
    schedule: bool = False,
) -> Program:
    """Start one of the four programs: api-server, scheduler, dag-processor, triggerer.

    Arguments:
        group: what it belongs to.
        layout: its folders.
        env: its whole environment.
        part: which one.
        schedule: the scheduler makes the runs that time schedules ask for, too.
    """
    layout.airflow_home.mkdir(parents=True, exist_ok=True)
    words = _ON_DEMAND if part == "scheduler" and not schedule else _PARTS[part]
    # All parts wait for the API server, and tasks run under the scheduler.
    yields = [] if part in ("api-server", "scheduler") else ["nice", "-n", "5"]
    return group.start(
        part,
        [*yields, sys.executable, "-m", *words],
        env=env,
        cwd=layout.airflow_home,
    )

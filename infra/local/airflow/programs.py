"""Airflow's own programs: scheduler, DAG processor, triggerer and API server."""

from __future__ import annotations

import contextlib
import importlib.metadata
import signal
from typing import TYPE_CHECKING

import psycopg2

from infra.local.processes.forked import ForkServer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from infra.local.layout import Layout
    from infra.local.processes.group import Group, Program

# Scheduler and triggerer serve no logs: all parts share the folder of logs.
_PARTS = {
    "api-server": ("airflow", "api-server"),
    "scheduler": ("airflow", "scheduler", "--skip-serve-logs"),
    "dag-processor": ("airflow", "dag-processor"),
    "triggerer": ("airflow", "triggerer", "--skip-serve-logs"),
}
_ON_DEMAND = "infra.local.airflow.scheduler_on_demand"
_STEPS_BACK = 5  # niceness
# They keep nothing that would have to be written down at their end, which takes them seconds.
_KILLED = ("api-server", "dag-processor")


def load(group: Group, layout: Layout, env: Mapping[str, str]) -> ForkServer:
    """Load Airflow once for all of its programs.

    Arguments:
        group: what they belong to.
        layout: its folders.
        env: what Airflow needs to be loaded: its home, and where its database is.
    """
    layout.airflow_home.mkdir(parents=True, exist_ok=True)
    return ForkServer(group, "infra.local.airflow.preloaded", env=env, cwd=layout.airflow_home)


def migrate(
    loaded: ForkServer,
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
    words = ["airflow", "db", "migrate"]
    program = loaded.start("db-migrate", words, env=env, cwd=layout.airflow_home)
    program.wait_until_done(seconds=300)
    loaded.group.programs.remove(program)
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
    loaded: ForkServer,
    layout: Layout,
    env: Mapping[str, str],
    part: str,
    *,
    schedule: bool = False,
) -> Program:
    """Start one of the four programs: api-server, scheduler, dag-processor, triggerer.

    Arguments:
        loaded: what it is a fork of.
        layout: its folders.
        env: its whole environment.
        part: which one.
        schedule: the scheduler makes the runs that time schedules ask for, too.
    """
    module, *words = _PARTS[part]
    if part == "scheduler" and not schedule:
        module = _ON_DEMAND
    return loaded.start(
        part,
        [module, *words],
        env=env,
        cwd=layout.airflow_home,
        # All parts wait for the API server, and tasks run under the scheduler.
        nice=0 if part in ("api-server", "scheduler") else _STEPS_BACK,
        stop_signal=signal.SIGKILL if part in _KILLED else signal.SIGTERM,
    )

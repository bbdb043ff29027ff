"""The configuration of the laptop's Airflow, all of it in environment variables."""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from infra.aws.settings import SETTINGS
from infra.common.paths import REPOSITORY
from infra.local import aws, ports
from infra.local.layout import SHIPPED_GITHUB, Layout
from infra.local.processes.group import environment_without

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.local.state import Secrets

# The command that turns time schedules on.
SCHEDULES_ON = "make up SCHEDULE=1"
_OF_AN_API = re.compile("AIRFLOW_CONN_[A-Z0-9_]+_API")
# Ten years: the clock of the stand-in goes to any hour that somebody asks for.
_ANY_HOUR_SECONDS = 10 * 365 * 24 * 3600
# Two cores run everything, and a person waits for it.
_PACE = {
    "AIRFLOW__CORE__PARALLELISM": "4",  # tasks at once; more would wait for a core
    "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.4",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "1",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "60",
    # Seconds until a new DAG file is found.
    "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "10",
    "AIRFLOW__DAG_PROCESSOR__BUNDLE_REFRESH_CHECK_INTERVAL": "1",
    # A task's supervisor looks at what has ended only this often, seconds.
    "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
    "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": "30",
    "AIRFLOW__API__WORKERS": "1",
    "AIRFLOW__API__WORKER_TIMEOUT": "10",
}
_PLAIN = {
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
    "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
    # The stack migrates before it starts the parts that need tables.
    "AIRFLOW__DATABASE__CHECK_MIGRATIONS": "False",
    "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
    "AIRFLOW__LOGGING__COLORED_CONSOLE_LOG": "False",
    # A person watches: a source that is down shows within two minutes, not within half an hour.
    "AIRFLOW__SLUICE__RETRY_SECONDS": "5",
    "AIRFLOW__SLUICE__SOURCE_RETRY_SECONDS": "10",
    # For the same reason: what a killed task had received, and what lost its event, comes soon.
    "AIRFLOW__SLUICE__VISIBILITY_SECONDS": "60",
    "AIRFLOW__SLUICE__SWEEP_GRACE_SECONDS": "30",
}


@dataclass(frozen=True, kw_only=True)
class Options:
    """What a stack is started for.

    Attributes:
        dags: the folder of the DAG files.
        github: the folder that the GitHub stand-in serves.
        live: read from the real GitHub and the real APIs instead.
        schedule: make the runs that time schedules ask for; without it only those asked for, by
            hand, as a backfill, or by a file that lands.
        ui_port: where the UI answers if the port is free; None for any free port.
        workers: how many workers Celery runs the tasks with; 0 has the scheduler run them.
        failpoints: a folder whose files arm failpoints, for tests.
        reread_seconds: how often DAG files are read although they have not changed, so that a new
            dataset is found; it takes seconds of a core.
        pace: variables that replace the usual ones, for tests, which wait for less.
    """

    dags: Path = REPOSITORY / "dags"
    github: Path = SHIPPED_GITHUB
    live: bool = False
    schedule: bool = False
    ui_port: int | None = 8080
    workers: int = 0
    failpoints: Path | None = None
    reread_seconds: int = 50
    pace: Mapping[str, str] = field(default_factory=dict)

    @property
    def source(self) -> str:
        """A name for where the stack reads from, fit for a folder."""
        if self.live:
            return "live"
        folder = self.github.resolve()
        if folder == SHIPPED_GITHUB.resolve():
            return "shipped"
        return f"{folder.name}-{hashlib.sha256(str(folder).encode()).hexdigest()[:8]}"


def settings(
    layout: Layout,
    options: Options,
    *,
    secrets: Secrets,
    ui_port: int,
    metadata_uri: str,
) -> dict[str, str]:
    """Give what every part of Airflow needs to start, before the AWS resources are known."""
    home = layout.airflow_home
    url = f"http://{ports.HOST}:{ui_port}"
    logs = layout.task_logs
    return {
        **_PLAIN,
        **_PACE,
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(options.dags),
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": str(options.reread_seconds),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(REPOSITORY / "plugins"),
        "AIRFLOW__CORE__FERNET_KEY": secrets.fernet,
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": metadata_uri.replace(
            "postgresql://", "postgresql+psycopg2://"
        ),
        "AIRFLOW__API__HOST": ports.HOST,
        "AIRFLOW__API__PORT": str(ui_port),
        "AIRFLOW__API__BASE_URL": url,
        "AIRFLOW__API__SECRET_KEY": secrets.api,
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.jwt,
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(logs),
        "AIRFLOW__LOGGING__DAG_PROCESSOR_CHILD_PROCESS_LOG_DIRECTORY": str(logs / "dag_processor"),
        **schedule_settings(options),
        "PYTHONPATH": str(REPOSITORY),
        **({"SLUICE_FAILPOINTS": str(options.failpoints)} if options.failpoints else {}),
        # setproctitle would overwrite the mark of the stack in the environment.
        "SPT_NOENV": "1",
        **options.pace,
    }


def schedule_settings(options: Options) -> dict[str, str]:
    """What the UI shows of time schedules: in its title, and beside each DAG that has one."""
    if options.schedule:
        return {"AIRFLOW__API__INSTANCE_NAME": "Sluice"}
    return {
        "AIRFLOW__API__INSTANCE_NAME": f"Sluice (schedules are off: {SCHEDULES_ON})",
        "AIRFLOW__SLUICE__SCHEDULES_OFF": SCHEDULES_ON,
    }


def pipeline_settings(
    *, outputs: dict[str, str], endpoint: str, loader_uri: str, owner_uri: str, github: str | None
) -> dict[str, str]:
    """Give what the DAGs read: our own section of the configuration, and the connections.

    Arguments:
        outputs: of the CloudFormation stack.
        endpoint: URL of the AWS emulator.
        loader_uri: a libpq URI of the warehouse, for tasks.
        owner_uri: another, for migrations.
        github: URL of the GitHub stand-in; None for GitHub itself.
    """
    connection = {
        "conn_type": "aws",
        "login": aws.CREDENTIALS["AWS_ACCESS_KEY_ID"],
        "password": aws.CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        "extra": {"region_name": aws.REGION, "endpoint_url": endpoint},
    }
    given = {
        **aws.environment(endpoint),
        "AIRFLOW_CONN_SLUICE_WAREHOUSE": loader_uri,
        "AIRFLOW_CONN_SLUICE_MIGRATIONS": owner_uri,
        "AIRFLOW_CONN_AWS_DEFAULT": json.dumps(connection),
        **{
            f"AIRFLOW__SLUICE__{setting.upper()}": outputs[output]
            for setting, output in SETTINGS.items()
        },
    }
    if github is not None:
        given["AIRFLOW__SLUICE__GITHUB_API_URL"] = github
        given["AIRFLOW__SLUICE__GITHUB_RAW_URL"] = github
    return given


def api_settings(url: str | None, secrets: Secrets) -> dict[str, str]:
    """Give what the DAGs need to ask APIs: connections with the keys, and where the stand-in is.

    Arguments:
        url: of the stand-in; None for the real APIs, whose connections the caller's environment
            has, such as AIRFLOW_CONN_WEATHER_API.
        secrets: have the keys that the stand-in demands.
    """
    if url is None:
        return {name: value for name, value in os.environ.items() if _OF_AN_API.fullmatch(name)}
    keys = {"WEATHER_API": secrets.weather_api, "PAYMENTS_API": secrets.payments_api}
    return {
        "AIRFLOW__SLUICE__API_STAND_IN": url,
        "AIRFLOW__SLUICE__API_LATE_SECONDS": str(_ANY_HOUR_SECONDS),
        **{
            f"AIRFLOW_CONN_{name}": json.dumps({"conn_type": "http", "password": key})
            for name, key in keys.items()
        },
    }


def inherited() -> dict[str, str]:
    """This process's environment without what would point Airflow or AWS elsewhere."""
    kept = environment_without("AIRFLOW", "AWS_", "PG", "PYTHON", "SLUICE_")
    kept["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', '')}"
    return kept

"""Celery workers that take their tasks from SQS and share nothing, as those of MWAA.

Each has a home of its own with what is deployed to MWAA, a temporary folder and a folder of logs.
What it knows beside them is Airflow's configuration. The logs of tasks go to CloudWatch, where the
UI reads them; the files of a worker are no other part's.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from infra.common.errors import StackError
from infra.common.paths import REPOSITORY
from infra.local import aws
from infra.package.build import build
from infra.package.errors import PackageError
from infra.package.verify import lay_out

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from infra.local.layout import Layout
    from infra.local.processes.group import Group

TASKS_A_WORKER = 2  # at once
QUEUE = "sluice-laptop-celery"
LOG_GROUP = "sluice-laptop-tasks"
# Seconds until a message that a killed worker had received comes to another one. It may be shorter
# than a task: a worker drops a message whose task runs elsewhere.
VISIBILITY_SECONDS = 60
# Seconds that one request waits for a message. The emulator goes on serving a dead worker's.
_LONG_POLL_SECONDS = 2
# A worker's environment beside Airflow's configuration and the connections.
_PREFIXES = ("AIRFLOW__", "AIRFLOW_CONN_", "AIRFLOW_VAR_", "AWS_")
# Without mingle and gossip, since SQS has no remote control by which workers meet.
_COMMAND = (
    "celery",
    "worker",
    "--skip-serve-logs",
    "--without-mingle",
    "--without-gossip",
)


def executor_settings(emulator: aws.Emulator, workers: int) -> dict[str, str]:
    """Give what every part of Airflow needs to have Celery run its tasks.

    Arguments:
        emulator: has the queue of tasks and the group of their logs, which are made if needed.
        workers: how many there are.
    """
    queue = emulator.client("sqs").create_queue(QueueName=QUEUE)["QueueUrl"]
    key, secret = aws.CREDENTIALS.values()
    transport = {
        "region": aws.REGION,
        "is_secure": False,
        "visibility_timeout": VISIBILITY_SECONDS,
        "wait_time_seconds": _LONG_POLL_SECONDS,
        "polling_interval": 1,
        "predefined_queues": {
            "default": {"url": queue, "access_key_id": key, "secret_access_key": secret}
        },
    }
    # The section [celery_broker_transport_options] cannot hold queues. These take
    # its place, although Airflow warns that it is empty.
    celery = {"broker_transport_options": transport, "worker_enable_remote_control": False}
    return {
        "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
        "AIRFLOW__CORE__PARALLELISM": str(workers * TASKS_A_WORKER),
        "AIRFLOW__CELERY__WORKER_CONCURRENCY": str(TASKS_A_WORKER),
        "AIRFLOW__CELERY__BROKER_URL": f"sqs://{key}:{secret}@{urlsplit(emulator.endpoint).netloc}//",
        "AIRFLOW__CELERY__EXTRA_CELERY_CONFIG": json.dumps(celery),
        "AIRFLOW__LOGGING__REMOTE_LOGGING": "True",
        "AIRFLOW__LOGGING__REMOTE_LOG_CONN_ID": "aws_default",
        "AIRFLOW__LOGGING__REMOTE_BASE_LOG_FOLDER": f"cloudwatch://{_log_group(emulator)}",
    }


def _log_group(emulator: aws.Emulator) -> str:
    """Make the group of logs, unless it is there; returns its ARN."""
    logs = emulator.client("logs")
    named = {"logGroupNamePrefix": LOG_GROUP}
    if not logs.describe_log_groups(**named)["logGroups"]:
        logs.create_log_group(logGroupName=LOG_GROUP)
    (group,) = logs.describe_log_groups(**named)["logGroups"]
    return str(group["arn"]).removesuffix(":*")


def start(
    group: Group,
    layout: Layout,
    env: Mapping[str, str],
    workers: int,
    say: Callable[[str], None],
) -> None:
    """Start workers with what would be deployed to MWAA now.

    Arguments:
        group: what they belong to.
        layout: its folders.
        env: of the other parts of Airflow.
        workers: how many.
        say: receives what is not deployed.

    Raises:
        StackError: what they run cannot be packaged.
    """
    try:
        package = build(REPOSITORY, layout.package)
    except PackageError as error:
        raise StackError(f"the workers have nothing to run: {error}") from error
    for name in package.sources.left_out:
        say(f"not known to Git, so no worker has it: {name}")
    for number in range(1, workers + 1):
        home = layout.worker_home(number)
        shutil.rmtree(home, ignore_errors=True)
        (home / "tmp").mkdir(parents=True)
        lay_out(package.folder, home)
        group.start(
            f"worker-{number}",
            [sys.executable, "-m", "airflow", *_COMMAND],
            env=_environment(env, home, layout.worker_logs(number)),
            cwd=home,
            # Asked to end, Celery would wait for its tasks. It holds nothing that would be lost.
            stop_signal=signal.SIGKILL,
        )


def _environment(env: Mapping[str, str], home: Path, logs: Path) -> dict[str, str]:
    """The whole environment of one worker."""
    return {
        **{name: value for name, value in env.items() if name.startswith(_PREFIXES)},
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.defpath}",
        "LANG": "C.UTF-8",
        "HOME": str(home),
        "TMPDIR": str(home / "tmp"),
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(home / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(home / "plugins"),
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(logs),
        "AIRFLOW__LOGGING__DAG_PROCESSOR_CHILD_PROCESS_LOG_DIRECTORY": str(logs / "dag_processor"),
        # setproctitle would overwrite the mark of the stack in the environment.
        "SPT_NOENV": "1",
    }

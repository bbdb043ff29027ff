"""Airflow's configuration options on MWAA."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from infra.aws.charts.declared import secret_name
from infra.aws.keys import key_connections
from infra.aws.settings import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.aws.environment import Environment

# How many tasks a worker takes at once. Its memory sets that: 2 GB, 4 GB and 8 GB.
TASKS_A_WORKER = {"mw1.small": 3, "mw1.medium": 8, "mw1.large": 18}
_HOUR = 3600


def airflow_options(
    *, environment: Environment, prefix: str, output: Callable[[str], str]
) -> dict[str, str]:
    """Return what MWAA sets in Airflow's configuration: section.option, and its value.

    Arguments:
        environment: its class of workers says how many tasks one takes.
        prefix: of every secret that Airflow looks up, such as sluice/dev.
        output: gives an output of the pipelines' stack by its name.
    """
    tasks = TASKS_A_WORKER[environment.airflow_class]
    return {
        # What is deployed runs, until a person pauses it.
        "core.dags_are_paused_at_creation": "False",
        "celery.worker_autoscale": f"{tasks},{tasks}",
        # A task may wait for a worker behind two that take their whole half hour. MWAA would take
        # it for stuck after one.
        "scheduler.task_queued_timeout": str(_HOUR),
        # DAG files change when they are deployed: new ones are looked for every minute, and known
        # ones are read again every five, or as soon as they have changed.
        "dag_processor.refresh_interval": "60",
        "dag_processor.min_file_process_interval": "300",
        **_secrets(prefix),
        **{f"sluice.{setting}": output(name) for setting, name in SETTINGS.items()},
        **_charts(environment, prefix),
    }


def _charts(environment: Environment, prefix: str) -> dict[str, str]:
    """Have loads refresh what QuickSight shows, where it is."""
    if environment.quicksight is None:
        return {}
    return {
        "sluice.quicksight_datasets": environment.charts_prefix,
        "sluice.quicksight_secret": secret_name(prefix),
    }


def _secrets(prefix: str) -> dict[str, str]:
    """Have connections and variables looked up in Secrets Manager, and in it only Sluice's own.

    Without the patterns Airflow asks there for every name, aws_default among them, which costs
    time and money at each connection, and a refusal in the audit log.
    """
    names = "|".join(re.escape(name) for name in key_connections())
    backend = {
        "connections_prefix": f"{prefix}/connections",
        "connections_lookup_pattern": f"^(sluice_.+|{names})$",
        "variables_prefix": f"{prefix}/variables",
        "variables_lookup_pattern": "^sluice_.+$",
    }
    return {
        "secrets.backend": (
            "airflow.providers.amazon.aws.secrets.secrets_manager.SecretsManagerBackend"
        ),
        "secrets.backend_kwargs": json.dumps(backend),
    }

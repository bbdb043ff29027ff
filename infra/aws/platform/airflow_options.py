"""Airflow's configuration options on MWAA."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from infra.aws.settings import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Callable


def airflow_options(*, prefix: str, output: Callable[[str], str]) -> dict[str, str]:
    """Return what MWAA sets in Airflow's configuration.

    Arguments:
        prefix: of every secret that Airflow looks up, such as sluice/dev.
        output: gives an output of the pipelines' stack by its name.
    """
    backend = {
        "connections_prefix": f"{prefix}/connections",
        "connections_lookup_pattern": "^(sluice_.+|github)$",
        "variables_prefix": f"{prefix}/variables",
        "variables_lookup_pattern": "^sluice_.+$",
    }
    return {
        "core.dags_are_paused_at_creation": "False",
        "secrets.backend": (
            "airflow.providers.amazon.aws.secrets.secrets_manager.SecretsManagerBackend"
        ),
        "secrets.backend_kwargs": json.dumps(backend),
        **{f"sluice.{setting}": output(name) for setting, name in SETTINGS.items()},
    }

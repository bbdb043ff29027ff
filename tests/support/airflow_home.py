"""Airflow as DAG files meet it: a home of its own, no metadata database."""

from __future__ import annotations

import os
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[2]


@cache
def configure() -> None:
    """Set what Airflow reads when it is imported first; so it must not have been yet."""
    os.environ.update(
        AIRFLOW_HOME=tempfile.mkdtemp(prefix="sluice-dags-"),
        AIRFLOW__CORE__DAGS_FOLDER=str(REPOSITORY / "dags"),
        AIRFLOW__CORE__LOAD_EXAMPLES="False",
        AIRFLOW__CORE__UNIT_TEST_MODE="False",
    )


def clients() -> Any:
    """The module that makes clients of Airflow's connections."""
    configure()
    from wiring import clients as module  # noqa: PLC0415 -- after the environment is set

    return module

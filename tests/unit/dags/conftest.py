"""Airflow as DAG files meet it: a home of its own, no metadata database."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).parents[3]

# Airflow reads these when it is imported first.
os.environ.update(
    AIRFLOW_HOME=tempfile.mkdtemp(prefix="sluice-dags-"),
    AIRFLOW__CORE__DAGS_FOLDER=str(REPOSITORY / "dags"),
    AIRFLOW__CORE__LOAD_EXAMPLES="False",
    AIRFLOW__CORE__UNIT_TEST_MODE="False",
)

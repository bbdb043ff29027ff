"""A part of Airflow that has loaded what the DAGs need before it forks for each of them.

    python -m infra.local.airflow.preloaded dag-processor

A task, and each reading of a DAG file, is a process of its own, and loading the libraries takes
more of a core's time than most of what it does after that; so does reading what botocore knows of
an AWS service. Sluice's own modules are not loaded here: the next task has to run a change of
them. Tests, which change none, name them in SLUICE_PRELOADED, with blanks between.
"""

from __future__ import annotations

import importlib
import os
import sys

from airflow.__main__ import main
from botocore.session import Session

from infra.local.airflow import botocore_files

VARIABLE = "SLUICE_PRELOADED"
LIBRARIES = (
    "airflow.providers.amazon.aws.hooks.base_aws",
    "airflow.providers.amazon.aws.hooks.secrets_manager",
    "airflow.providers.common.messaging.triggers.msg_queue",
    "airflow.providers.postgres.hooks.postgres",
    "airflow.providers.standard.decorators.python",
    "airflow.providers.standard.operators.empty",
    "airflow.providers.standard.operators.trigger_dagrun",
    "airflow.sdk.bases.sensor",
    "airflow.sdk.definitions.decorators",
    "airflow.sdk.execution_time.task_runner",
    "difflib",
    "duckdb",
    "psycopg2.sql",
    "requests",
    "tenacity",
)
SERVICES = ("dynamodb", "s3", "secretsmanager", "sns", "sqs")


def load() -> None:
    """Load the libraries, what the environment names, and the descriptions of AWS services."""
    for name in (*LIBRARIES, *os.environ.get(VARIABLE, "").split()):
        importlib.import_module(name)
    botocore_files.read_once()
    for service in SERVICES:
        session = Session()
        session.set_credentials("-", "-")  # nobody's; nothing is asked for
        session.create_client(service, region_name="us-east-1")


def run(*words: str) -> None:
    """Run a command of Airflow with the libraries loaded, until it ends."""
    load()
    sys.argv = ["airflow", *words]
    main()  # type: ignore[no-untyped-call] # Airflow's own has no types


if __name__ == "__main__":
    run(*sys.argv[1:])

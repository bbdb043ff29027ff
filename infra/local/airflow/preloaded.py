"""Airflow, loaded once: each part of it is a fork of this process.

Loading Airflow takes four seconds of a core, and each of its parts would load it by itself. A
task, and each reading of a DAG file, is a fork of a part, so what the DAGs need is loaded here
too; so is what botocore knows of an AWS service. Sluice's own modules are not: the next task has
to run a change of them. Tests, which change none, name them in SLUICE_PRELOADED, with blanks
between.
"""

from __future__ import annotations

import gc
import importlib
import os

from botocore.session import Session

from infra.local.airflow import botocore_files, fastapi_fields
from infra.local.processes.fork_server import serve

VARIABLE = "SLUICE_PRELOADED"
LIBRARIES = (
    "airflow.__main__",
    "airflow.dag_processing.manager",
    "airflow.executors.local_executor",
    "airflow.jobs.dag_processor_job_runner",
    "airflow.jobs.scheduler_job_runner",
    "airflow.jobs.triggerer_job_runner",
    "airflow.providers.amazon.aws.assets.s3",
    "airflow.providers.amazon.aws.hooks.base_aws",
    "airflow.providers.amazon.aws.hooks.secrets_manager",
    "airflow.providers.common.io.assets.file",
    "airflow.providers.common.messaging.triggers.msg_queue",
    "airflow.providers.postgres.assets.postgres",
    "airflow.providers.postgres.hooks.postgres",
    "airflow.providers.standard.decorators.python",
    "airflow.providers.standard.operators.empty",
    "airflow.providers.standard.operators.hitl",
    "airflow.providers.standard.operators.trigger_dagrun",
    "airflow.sdk.bases.sensor",
    "airflow.sdk.definitions.decorators",
    "airflow.sdk.execution_time.task_runner",
    "difflib",
    "duckdb",
    "psycopg2.sql",
    "requests",
    "setproctitle",
    "tenacity",
)
SERVICES = ("dynamodb", "s3", "secretsmanager", "sns", "sqs")


def load() -> None:
    """Load the libraries, what the environment names, and the descriptions of AWS services."""
    fastapi_fields.build_late()
    for name in (*LIBRARIES, *os.environ.get(VARIABLE, "").split()):
        importlib.import_module(name)
    botocore_files.read_once()
    for service in SERVICES:
        session = Session()
        session.set_credentials("-", "-")  # nobody's; nothing is asked for
        session.create_client(service, region_name="us-east-1")


def main() -> None:
    """Load all, and become what is asked for: in a fork, for each request."""
    gc.disable()  # what is loaded stays, and looking for garbage takes a tenth of the time
    load()
    gc.freeze()
    gc.enable()
    serve()


if __name__ == "__main__":
    main()

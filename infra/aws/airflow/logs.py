"""Where MWAA's components write their logs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_mwaa as mwaa
from constructs import Construct

from infra.aws.resources.log_encryption import encrypted_log_group

if TYPE_CHECKING:
    from aws_cdk import aws_kms as kms

    from infra.aws.environment import Environment

# MWAA looks for log groups of these names, and makes those that it misses, to be kept forever.
# https://docs.aws.amazon.com/mwaa/latest/userguide/monitoring-airflow.html
_PARTS = ("DAGProcessing", "Scheduler", "Task", "WebServer", "Worker")


def log_groups(environment: Environment) -> list[str]:
    """Names of the log groups of an environment."""
    return [f"airflow-{environment.airflow_name}-{part}" for part in _PARTS]


class AirflowLogs(Construct):
    """The log groups of the five components of Airflow, made before MWAA would.

    Attributes:
        configuration: for MWAA: each component writes what is INFO and above.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, environment: Environment, key: kms.Key
    ) -> None:
        super().__init__(scope, construct_id)
        for part, name in zip(_PARTS, log_groups(environment), strict=True):
            encrypted_log_group(self, part, environment=environment, key=key, name=name)
        module = mwaa.CfnEnvironment.ModuleLoggingConfigurationProperty(
            enabled=True, log_level="INFO"
        )
        self.configuration = mwaa.CfnEnvironment.LoggingConfigurationProperty(
            dag_processing_logs=module,
            scheduler_logs=module,
            task_logs=module,
            webserver_logs=module,
            worker_logs=module,
        )

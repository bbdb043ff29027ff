"""Where MWAA's components write their logs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_logs as logs
from aws_cdk import aws_mwaa as mwaa
from constructs import Construct

from infra.aws.resources.removal import removal_policy

if TYPE_CHECKING:
    from aws_cdk import aws_kms as kms

    from infra.aws.environment import Environment

# MWAA looks for log groups of these names, and makes those that it misses, to be kept forever.
# https://docs.aws.amazon.com/mwaa/latest/userguide/monitoring-airflow.html
_GROUPS = ("DAGProcessing", "Scheduler", "Task", "WebServer", "Worker")


class AirflowLogs(Construct):
    """The log groups of the five components of Airflow, made before MWAA would.

    Attributes:
        configuration: for MWAA: each component writes what is INFO and above.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, environment: Environment, key: kms.IKey
    ) -> None:
        super().__init__(scope, construct_id)
        for name in _GROUPS:
            group = logs.CfnLogGroup(
                self,
                name,
                log_group_name=f"airflow-{environment.airflow_name}-{name}",
                kms_key_id=key.key_arn,
                retention_in_days=environment.log_days,
            )
            group.apply_removal_policy(removal_policy(environment))
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

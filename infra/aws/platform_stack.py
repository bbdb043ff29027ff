"""The stack that the pipelines run on: slow to make, and full of data."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from aws_cdk import CfnOutput, Fn, Stack
from aws_cdk import aws_sns as sns

from infra.aws.airflow.alarms import AirflowAlarms
from infra.aws.airflow.connections import Connections
from infra.aws.airflow.environment import AirflowEnvironment
from infra.aws.airflow.key import AirflowKey
from infra.aws.airflow.logs import AirflowLogs, log_groups
from infra.aws.airflow.options import airflow_options
from infra.aws.airflow.role import AirflowRole
from infra.aws.dashboard import Dashboard, Shown
from infra.aws.database.access import ChartsAccess
from infra.aws.database.alarms import DatabaseAlarms
from infra.aws.database.instance import Database
from infra.aws.network.endpoints import Endpoints
from infra.aws.network.flow_logs import FlowLogs
from infra.aws.network.vpc import Network
from infra.aws.resources.budget import Budget

if TYPE_CHECKING:
    from aws_cdk import IStackSynthesizer
    from constructs import Construct

    from infra.aws.code_stack import CodeStack
    from infra.aws.environment import Environment
    from infra.aws.pipelines_stack import PipelinesStack


class PlatformStack(Stack):
    """Network, database and Airflow, and what tells of them.

    Outputs of the other stacks are read by Fn::GetStackOutput: an export would forbid the stack
    that has it to change for as long as this one reads it.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: Environment,
        code: CodeStack,
        pipelines: PipelinesStack,
        synthesizer: IStackSynthesizer,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            description="Sluice: what the pipelines run on.",
            synthesizer=synthesizer,
            termination_protection=environment.keeps_data,
        )
        self.add_stack_dependency(code)
        self.add_stack_dependency(pipelines)
        output = partial(Fn.get_stack_output, pipelines.stack_name)
        network = Network(self, "Network", environment=environment)
        Endpoints(self, "Endpoints", environment=environment, network=network)
        FlowLogs(self, "FlowLogs", environment=environment, network=network)
        self._database = Database(self, "Database", environment=environment, network=network)
        self._charts = ChartsAccess(self, "ChartsAccess", instance=self._database.instance)
        connections = Connections(
            self, "Connections", environment=environment, database=self._database
        )
        code_bucket = Fn.get_stack_output(code.stack_name, "CodeBucket")
        key = AirflowKey(
            self,
            "AirflowKey",
            environment=environment,
            log_groups=log_groups(environment),
        ).key
        role = AirflowRole(
            self,
            "AirflowRole",
            name=environment.airflow_name,
            code_bucket=code_bucket,
            connections=connections,
            database=self._database,
            key=key,
            pipelines_policy_arn=output("PipelinesPolicyArn"),
        ).role
        self._airflow = AirflowEnvironment(
            self,
            "Airflow",
            environment=environment,
            network=network,
            role=role,
            key=key,
            logs=AirflowLogs(self, "AirflowLogs", environment=environment, key=key),
            code_bucket=code_bucket,
            options=airflow_options(
                environment=environment, prefix=connections.prefix, output=output
            ),
        )
        self._add_alarms(environment, pipelines, network)
        self._add_outputs()

    def _add_alarms(
        self, environment: Environment, pipelines: PipelinesStack, network: Network
    ) -> None:
        output = partial(Fn.get_stack_output, pipelines.stack_name)
        topic = sns.Topic.from_topic_arn(self, "Alerts", output("AlertsTopicArn"))
        airflow = AirflowAlarms(self, "AirflowAlarms", airflow=self._airflow, topic=topic)
        database = DatabaseAlarms(
            self,
            "DatabaseAlarms",
            environment=environment,
            database=self._database,
            topic=topic,
        )
        shown = Shown(
            pipelines=pipelines,
            output=output,
            database=self._database,
            network=network,
            alarms=[*airflow.alarms, *database.alarms],
        )
        Dashboard(self, "Dashboard", environment=environment, shown=shown)
        Budget(self, "Budget", environment=environment, topic=topic)

    def _add_outputs(self) -> None:
        for name, value in {
            "AirflowEnvironment": self._airflow.environment.name,
            "AirflowUrl": self._airflow.environment.attr_webserver_url,
            "DatabaseEndpoint": self._database.instance.instance_endpoint.hostname,
            "DatabaseSecretArn": self._database.secret_arn,
            "ChartsPolicyArn": self._charts.policy.managed_policy_arn,
        }.items():
            CfnOutput(self, name, value=value)

"""The stack that the pipelines run on: slow to make, and full of data."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from aws_cdk import CfnOutput, Fn, Stack
from aws_cdk import aws_sns as sns

from infra.aws.airflow.alarms import AirflowAlarms
from infra.aws.airflow.connections import Connections
from infra.aws.airflow.environment import AirflowEnvironment, Foundation
from infra.aws.airflow.key import AirflowKey
from infra.aws.airflow.logs import AirflowLogs, log_groups
from infra.aws.airflow.mwaa_rights import mwaa_statements
from infra.aws.airflow.options import airflow_options
from infra.aws.airflow.role import AirflowRole, warehouse_statements
from infra.aws.charts.login import ChartsLogin
from infra.aws.dashboard import Contents, Dashboard
from infra.aws.database.access import ChartsAccess
from infra.aws.database.alarms import DatabaseAlarms
from infra.aws.database.instance import Database
from infra.aws.network.endpoints import Endpoints
from infra.aws.network.flow_logs import FlowLogs
from infra.aws.network.vpc import Network
from infra.aws.resources.budget import Budget

if TYPE_CHECKING:
    from collections.abc import Callable

    from aws_cdk import IStackSynthesizer
    from constructs import Construct

    from infra.aws.code_stack import CodeStack
    from infra.aws.environment import Environment
    from infra.aws.pipelines_stack import PipelinesStack


class PlatformStack(Stack):
    """Network, database and Airflow, with their alarms, dashboard and budget.

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
        self._airflow = AirflowEnvironment(
            self,
            "Airflow",
            environment=environment,
            foundation=self._foundation(environment, network, code, output),
        )
        self._add_alarms(environment, pipelines, network)
        self._add_outputs()

    def _foundation(
        self,
        environment: Environment,
        network: Network,
        code: CodeStack,
        output: Callable[[str], str],
    ) -> Foundation:
        self._connections = Connections(
            self, "Connections", environment=environment, database=self._database
        )
        statements = warehouse_statements(self._connections, self._database)
        if environment.quicksight is not None:
            login = ChartsLogin(
                self, "ChartsLogin", prefix=self._connections.prefix, database=self._database
            )
            statements += login.statements(environment)
            self._add_charts_outputs(login, network)
        code_bucket = Fn.get_stack_output(code.stack_name, "CodeBucket")
        key = AirflowKey(
            self, "AirflowKey", environment=environment, log_groups=log_groups(environment)
        ).key
        role = AirflowRole(
            self,
            "AirflowRole",
            name=environment.airflow_name,
            statements=[
                *mwaa_statements(
                    environment=environment.airflow_name,
                    code_bucket=code_bucket,
                    key_arn=key.key_arn,
                ),
                *statements,
            ],
            pipelines_policy_arn=output("PipelinesPolicyArn"),
        ).role
        return Foundation(
            network=network,
            role=role,
            key=key,
            logs=AirflowLogs(self, "AirflowLogs", environment=environment, key=key),
            code_bucket=code_bucket,
            options=airflow_options(
                environment=environment, prefix=self._connections.prefix, output=output
            ),
        )

    def _add_charts_outputs(self, login: ChartsLogin, network: Network) -> None:
        """Say what the stack of the charts leads QuickSight by."""
        assert network.charts is not None  # noqa: S101 -- it is there wherever QuickSight is
        subnets = network.vpc.private_subnets
        for name, value in {
            "ChartsSecretArn": login.secret.secret_arn,
            "ChartsSecurityGroup": network.charts.security_group_id,
            **{f"PrivateSubnet{n}": subnet.subnet_id for n, subnet in enumerate(subnets, 1)},
        }.items():
            CfnOutput(self, name, value=value)

    def _add_alarms(
        self, environment: Environment, pipelines: PipelinesStack, network: Network
    ) -> None:
        output = partial(Fn.get_stack_output, pipelines.stack_name)
        topic = sns.Topic.from_topic_arn(self, "Alerts", output("AlertsTopicArn"))
        airflow = AirflowAlarms(
            self,
            "AirflowAlarms",
            airflow=self._airflow,
            lake_database=output("LakeDatabase"),
            topic=topic,
        )
        database = DatabaseAlarms(
            self,
            "DatabaseAlarms",
            environment=environment,
            database=self._database,
            topic=topic,
        )
        contents = Contents(
            pipelines=pipelines,
            output=output,
            database=self._database,
            network=network,
            alarms=[*airflow.alarms, *database.alarms],
        )
        Dashboard(self, "Dashboard", environment=environment, contents=contents)
        Budget(self, "Budget", environment=environment, topic=topic)

    def _add_outputs(self) -> None:
        for name, value in {
            "AirflowEnvironment": self._airflow.environment.name,
            "AirflowUrl": self._airflow.environment.attr_webserver_url,
            "DatabaseEndpoint": self._database.instance.instance_endpoint.hostname,
            "DatabaseSecretArn": self._database.secret_arn,
            "ConnectionsKeyArn": self._connections.key.key_arn,
            "ChartsPolicyArn": self._charts.policy.managed_policy_arn,
        }.items():
            CfnOutput(self, name, value=value)

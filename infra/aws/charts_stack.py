"""The stack of the charts in QuickSight, in environments that ask for them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from aws_cdk import Aws, CfnOutput, Fn, Stack
from aws_cdk import aws_quicksight as quicksight

from infra.aws.charts.connection import Connection
from infra.aws.charts.data_sets import add_data_set
from infra.aws.charts.declared import charted
from infra.aws.charts.definition import definition
from infra.aws.charts.people import People
from infra.aws.charts.source import Source, Warehouse
from infra.aws.network.vpc import ZONES

if TYPE_CHECKING:
    from aws_cdk import IStackSynthesizer
    from constructs import Construct

    from infra.aws.charts.choices import QuickSight
    from infra.aws.environment import Environment
    from infra.aws.platform_stack import PlatformStack


class ChartsStack(Stack):
    """QuickSight's way to the warehouse, the data sets, an analysis and a dashboard.

    It is a stack of its own since QuickSight tries a data source when it is made: before that, a
    run of migrate_warehouse has to make the user and its password. It holds no data that the
    warehouse has not, so it may always go.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: Environment,
        chosen: QuickSight,
        platform: PlatformStack,
        synthesizer: IStackSynthesizer,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            description="Sluice: charts of the datasets in QuickSight.",
            synthesizer=synthesizer,
        )
        self.add_stack_dependency(platform)
        output = partial(Fn.get_stack_output, platform.stack_name)
        self._environment, self._people = environment, People(chosen)
        connection = Connection(
            self,
            "Connection",
            environment=environment,
            security_group=output("ChartsSecurityGroup"),
            subnets=[output(f"PrivateSubnet{number}") for number in range(1, ZONES + 1)],
        ).connection
        source = Source(
            self,
            "Source",
            environment=environment,
            warehouse=Warehouse(
                host=output("DatabaseEndpoint"),
                secret_arn=output("ChartsSecretArn"),
                key_arn=output("ConnectionsKeyArn"),
            ),
            connection=connection,
            people=self._people,
        ).source
        self._add_charts(source)

    def _add_charts(self, source: quicksight.CfnDataSource) -> None:
        shown = [
            (
                each,
                add_data_set(
                    self,
                    each,
                    environment=self._environment,
                    source=source,
                    people=self._people,
                ).attr_arn,
            )
            for each in charted()
        ]
        given = {
            "aws_account_id": Aws.ACCOUNT_ID,
            "name": f"Sluice ({self._environment.name})",
        }
        prefix, people = self._environment.charts_prefix, self._people
        analysis, dashboard = quicksight.CfnAnalysis, quicksight.CfnDashboard
        for made in (
            analysis(
                self,
                "Analysis",
                analysis_id=prefix,
                permissions=people.may(analysis.ResourcePermissionProperty, "change an analysis"),
                **given,
            ),
            dashboard(
                self,
                "Dashboard",
                dashboard_id=prefix,
                permissions=people.may(dashboard.ResourcePermissionProperty, "look at a dashboard"),
                **given,
            ),
        ):
            # CDK has a class for each of its parts, one set for each of the two.
            made.add_property_override("Definition", definition(shown))
        url = f"https://{Aws.REGION}.quicksight.aws.amazon.com/sn/dashboards/{prefix}"
        CfnOutput(self, "DashboardUrl", value=url)

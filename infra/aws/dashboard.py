"""One page that shows how Sluice does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aws_cdk import Aws, Duration, Fn
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from include.datasets import api_datasets
from infra.aws.airflow import metrics as airflow
from infra.aws.database.alarms import of_database
from infra.aws.declared_dags import declared_dags
from infra.aws.resources.metrics import (
    good_hours,
    iterator_age,
    metric,
    oldest_message,
    refused_writes,
    waiting_messages,
)
from infra.aws.uploads import UPLOAD_PIPELINES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from infra.aws.database.instance import Database
    from infra.aws.environment import Environment
    from infra.aws.network.vpc import Network
    from infra.aws.pipelines_stack import PipelinesStack

# Label in a graph, and the outputs with the URLs of the queue and of its dead-letter queue.
QUEUES = {
    **{pipeline.name: pipeline.outputs for pipeline in UPLOAD_PIPELINES},
    "json_queue": ("JsonQueueUrl", "JsonDeadLetterQueueUrl"),
    "observer_queue": ("ObserverQueueUrl", "ObserverDeadLetterQueueUrl"),
}
_COLUMNS = 24


@dataclass(frozen=True, kw_only=True)
class Contents:
    """What the dashboard is about.

    Attributes:
        pipelines: the stack whose alarms are shown beside the platform's.
        output: gives an output of that stack by its name.
        database: the warehouse.
        network: whose traffic to the internet is contents.
        alarms: those of the platform.
    """

    pipelines: PipelinesStack
    output: Callable[[str], str]
    database: Database
    network: Network
    alarms: Sequence[cloudwatch.IAlarm]


class Dashboard(Construct):
    """The dashboard, named as the MWAA environment; each row is about one thing."""

    def __init__(
        self, scope: Construct, construct_id: str, *, environment: Environment, contents: Contents
    ) -> None:
        super().__init__(scope, construct_id)
        name = environment.airflow_name
        bursts = environment.database_class.startswith("t")
        cloudwatch.Dashboard(
            self,
            "Dashboard",
            dashboard_name=name,
            default_interval=Duration.days(2),
            widgets=[
                [self._alarms(contents)],
                _runs(name),
                _queues(contents.output),
                _exports(contents.output),
                _lake(contents.output),
                _items(contents.output),
                _database(contents.database.instance.instance_identifier, bursts=bursts),
                _scheduler(name),
                _machines(name, contents.network),
            ],
        )

    def _alarms(self, contents: Contents) -> cloudwatch.IWidget:
        """Show the state of all alarms; those of another stack are known by their names."""
        prefix = f"arn:{Aws.PARTITION}:cloudwatch:{Aws.REGION}:{Aws.ACCOUNT_ID}:alarm:"
        others = [
            cloudwatch.Alarm.from_alarm_arn(
                self, name, f"{prefix}{contents.pipelines.stack_name}-{name}"
            )
            for name in contents.pipelines.alarms.names
        ]
        return cloudwatch.AlarmStatusWidget(
            title="Alarms: docs/monitoring.md says what to do",
            alarms=[*contents.alarms, *others],
            width=_COLUMNS,
            height=5,
        )


def _row(*graphs: tuple[str, Sequence[cloudwatch.IMetric]]) -> list[cloudwatch.IWidget]:
    """Return graphs of one width, which fill the page from left to right."""
    return [
        cloudwatch.GraphWidget(
            title=title,
            left=list(metrics),
            left_y_axis=cloudwatch.YAxisProps(min=0),
            width=_COLUMNS // len(graphs),
            height=6,
        )
        for title, metrics in graphs
    ]


def _runs(name: str) -> list[cloudwatch.IWidget]:
    dag_ids = [dag.dag_id for dag in declared_dags()]
    return _row(
        ("Runs that succeeded, an hour", [airflow.successes(dag, name) for dag in dag_ids]),
        ("Runs that failed, an hour", [airflow.failures(dag, name) for dag in dag_ids]),
        ("Longest run that succeeded, ms", [airflow.longest_run(dag, name) for dag in dag_ids]),
    )


def _queue_name(url: str) -> str:
    """Return the name that ends a queue's URL.

    Fn::Split takes only some functions, and Fn::GetStackOutput is none of them; Fn::Sub is.
    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-split.html
    """
    return Fn.select(4, Fn.split("/", Fn.sub("${Url}", {"Url": url})))


def _queues(output: Callable[[str], str]) -> list[cloudwatch.IWidget]:
    names = {label: [_queue_name(output(url)) for url in urls] for label, urls in QUEUES.items()}
    return _row(
        (
            "Messages that wait",
            [waiting_messages(queue, label=label) for label, (queue, _) in names.items()],
        ),
        (
            "Age of the oldest message, s",
            [oldest_message(queue, label=label) for label, (queue, _) in names.items()],
        ),
        (
            "Dead letters",
            [waiting_messages(dead, label=label) for label, (_, dead) in names.items()],
        ),
    )


def _bytes_read(workgroup: str) -> list[cloudwatch.IMetric]:
    """Return what the queries of a workgroup read in an hour, by how they ended.

    https://docs.aws.amazon.com/athena/latest/ug/query-metrics-viewing.html
    """
    return [
        metric(
            "AWS/Athena",
            "ProcessedBytes",
            statistic="Sum",
            minutes=60,
            label=state,
            QueryState=state,
            QueryType="DML",
            WorkGroup=workgroup,
        )
        for state in ("SUCCEEDED", "FAILED", "CANCELED")
    ]


def _exports(output: Callable[[str], str]) -> list[cloudwatch.IWidget]:
    stream = output("ChangesStream")
    return _row(
        ("changes_stream: how late it is read, ms", [iterator_age(stream)]),
        (
            "changes_stream: records",
            [metric("AWS/Kinesis", "IncomingRecords", statistic="Sum", StreamName=stream)],
        ),
        ("changes_stream: records refused", [refused_writes(stream)]),
        ("exports in Athena: bytes read, an hour", _bytes_read(output("AthenaWorkgroup"))),
    )


def _lake(output: Callable[[str], str]) -> list[cloudwatch.IWidget]:
    database = output("LakeDatabase")
    hours = [good_hours(dataset.name, database, minutes=60) for dataset in api_datasets()]
    return _row(
        ("lake: good hours of each dataset", hours),
        ("lake in Athena: bytes read, an hour", _bytes_read(output("LakeWorkgroup"))),
    )


def _items(output: Callable[[str], str]) -> list[cloudwatch.IWidget]:
    table = output("ItemsTable")

    def graph(title: str, *names: str) -> tuple[str, list[cloudwatch.IMetric]]:
        return title, [
            metric("AWS/DynamoDB", name, statistic="Sum", TableName=table) for name in names
        ]

    return _row(
        graph(
            "items_table: capacity used", "ConsumedWriteCapacityUnits", "ConsumedReadCapacityUnits"
        ),
        graph("items_table: calls throttled", "WriteThrottleEvents", "ReadThrottleEvents"),
    )


def _database(identifier: str, *, bursts: bool) -> list[cloudwatch.IWidget]:
    def averages(*names: str) -> list[cloudwatch.IMetric]:
        return [of_database(name, identifier, statistic="Average") for name in names]

    # The database pays for its bursts; there is nothing to see where it has none.
    charged = of_database("CPUSurplusCreditsCharged", identifier, statistic="Maximum", minutes=60)
    cpu = averages("CPUUtilization")
    return _row(
        ("Warehouse: CPU, %", cpu)
        if not bursts
        else ("Warehouse: CPU, %, and credits charged", [*cpu, charged]),
        (
            "Warehouse: connections",
            [of_database("DatabaseConnections", identifier, statistic="Maximum")],
        ),
        (
            "Warehouse: free storage and memory, bytes",
            [
                of_database("FreeStorageSpace", identifier, statistic="Minimum"),
                *averages("FreeableMemory"),
            ],
        ),
        ("Warehouse: latency, s", averages("ReadLatency", "WriteLatency")),
    )


def _scheduler(name: str) -> list[cloudwatch.IWidget]:
    return _row(
        (
            "Airflow: signs of life in 5 minutes",
            [airflow.beats(program, name) for program in ("scheduler", "triggerer")],
        ),
        (
            "Airflow: tasks",
            [airflow.tasks(metric_name, name) for metric_name in ("QueuedTasks", "RunningTasks")],
        ),
        ("Airflow: files that cannot be read", [airflow.import_errors(name)]),
    )


def _machines(name: str, network: Network) -> list[cloudwatch.IWidget]:
    clusters = ("Scheduler", "BaseWorker", "AdditionalWorker")
    gateways = [
        child for child in network.vpc.node.find_all() if isinstance(child, ec2.CfnNatGateway)
    ]
    sent = [
        metric(
            "AWS/NATGateway",
            "BytesOutToDestination",
            statistic="Sum",
            minutes=60,
            NatGatewayId=gateway.ref,
        )
        for gateway in gateways
    ]
    return _row(
        ("Airflow: CPU, %", [airflow.load("CPUUtilization", each, name) for each in clusters]),
        (
            "Airflow: memory, %",
            [airflow.load("MemoryUtilization", each, name) for each in clusters],
        ),
        ("NAT gateways: bytes to the internet, an hour", sent),
    )

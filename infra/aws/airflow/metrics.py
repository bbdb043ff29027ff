"""Metrics that MWAA has of Airflow and of what it runs on.

https://docs.aws.amazon.com/mwaa/latest/userguide/access-metrics-cw.html
https://docs.aws.amazon.com/mwaa/latest/userguide/accessing-metrics-cw-container-queue-db.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.aws.resources.metrics import metric

if TYPE_CHECKING:
    from aws_cdk import aws_cloudwatch as cloudwatch

AIRFLOW = "AmazonMWAA"
CONTAINERS = "AWS/MWAA"


def beats(program: str, environment: str) -> cloudwatch.Metric:
    """Return how often a program gave a sign of life in 5 minutes.

    Arguments:
        program: scheduler or triggerer.
        environment: the MWAA environment.
    """
    name = {"scheduler": "SchedulerHeartbeat", "triggerer": "TriggerHeartbeat"}[program]
    return metric(
        AIRFLOW, name, statistic="Sum", Function=program.capitalize(), Environment=environment
    )


def import_errors(environment: str) -> cloudwatch.Metric:
    """Return how many DAG files cannot be read."""
    return metric(
        AIRFLOW,
        "ImportErrors",
        statistic="Maximum",
        Function="DAG Processing",
        Environment=environment,
    )


def successes(dag: str, environment: str) -> cloudwatch.Metric:
    """Return how many runs of a DAG ended well in an hour: each reports its duration once."""
    return _runs("DAGDurationSuccess", dag, environment)


def failures(dag: str, environment: str) -> cloudwatch.Metric:
    """Return how many runs of a DAG failed in an hour."""
    return _runs("DAGDurationFailed", dag, environment)


def _runs(name: str, dag: str, environment: str) -> cloudwatch.Metric:
    return metric(
        AIRFLOW,
        name,
        statistic="SampleCount",
        minutes=60,
        label=dag,
        DAG=dag,
        Environment=environment,
    )


def longest_run(dag: str, environment: str) -> cloudwatch.Metric:
    """Return how long the longest run of a DAG took that ended well in an hour, in milliseconds."""
    return metric(
        AIRFLOW,
        "DAGDurationSuccess",
        statistic="Maximum",
        minutes=60,
        label=dag,
        DAG=dag,
        Environment=environment,
    )


def tasks(name: str, environment: str) -> cloudwatch.Metric:
    """Return how many tasks there are, at most, in 5 minutes.

    Arguments:
        name: QueuedTasks or RunningTasks.
        environment: the MWAA environment.
    """
    return metric(AIRFLOW, name, statistic="Maximum", Function="Executor", Environment=environment)


def load(name: str, cluster: str, environment: str) -> cloudwatch.Metric:
    """Return how busy the busiest machine of a kind was, in percent.

    Arguments:
        name: CPUUtilization or MemoryUtilization.
        cluster: Scheduler, BaseWorker or AdditionalWorker; the last come and go with the load.
        environment: the MWAA environment.
    """
    return metric(
        CONTAINERS,
        name,
        statistic="Maximum",
        label=cluster,
        Cluster=cluster,
        Environment=environment,
    )

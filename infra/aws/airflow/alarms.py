"""Alarms for a silent Airflow, which cannot report that itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from include.datasets import api_datasets
from infra.aws.airflow.metrics import beats, import_errors, successes
from infra.aws.declared_dags import declared_dags
from infra.aws.resources.alarm import Watch, add_alarm
from infra.aws.resources.metrics import good_hours

if TYPE_CHECKING:
    from aws_cdk import aws_sns as sns

    from infra.aws.airflow.environment import AirflowEnvironment

_MISSED_HOURS = 3
# An hour is asked for, again and again for ten minutes, then converted and published. After this
# many minutes it is missed.
_LATE_MINUTES = 30
_POINT_MINUTES = 15


class AirflowAlarms(Construct):
    """The alarms of Airflow, made once it runs: before, all of it is silent.

    Attributes:
        alarms: these.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        airflow: AirflowEnvironment,
        lake_database: str,
        topic: sns.ITopic,
    ) -> None:
        """Make the alarms.

        Arguments:
            scope: the construct that owns them.
            construct_id: its name there.
            airflow: what is watched.
            lake_database: the database that good hours are counted for.
            topic: receives them.
        """
        super().__init__(scope, construct_id)
        name = str(airflow.environment.name)
        watches = [
            # Without the one nothing starts, without the other no file that lands starts a run.
            *(_silent(program, name) for program in ("scheduler", "triggerer")),
            Watch(
                name="import-errors",
                metric=import_errors(name),
                bound=0,
                points=3,
                missing=cloudwatch.TreatMissingData.NOT_BREACHING,
                meaning="Airflow cannot read a DAG file, and runs nothing of it.",
                runbook="import-errors",
            ),
            *(
                _quiet(dag.dag_id, hours, name)
                for dag in declared_dags()
                if (hours := dag.quiet_hours) is not None
            ),
            *(
                _no_good_hour(dataset.name, lake_database)
                for dataset in api_datasets()
                if dataset.schedule is not None
            ),
        ]
        self.alarms = [add_alarm(self, watch, topic=topic) for watch in watches]
        self.node.add_dependency(airflow)


def _silent(program: str, environment: str) -> Watch:
    return Watch(
        name=f"{program}-heartbeat",
        metric=_or_zero(beats(program, environment)),
        bound=1,
        below=True,
        points=3,
        missing=cloudwatch.TreatMissingData.BREACHING,
        meaning=f"Airflow's {program} has given no sign of life for 15 minutes.",
        runbook=f"{program}-heartbeat",
    )


def _quiet(dag: str, hours: int, environment: str) -> Watch:
    return Watch(
        name=f"{dag}-quiet",
        metric=_or_zero(successes(dag, environment)),
        bound=1,
        below=True,
        points=hours,
        missing=cloudwatch.TreatMissingData.BREACHING,
        meaning=f"No run of {dag} has succeeded for {hours} hours.",
        runbook="quiet",
    )


def _no_good_hour(dataset: str, database: str) -> Watch:
    """Watch for three hours in a row that were skipped or failed.

    A run that skips its hour ends well, so runs do not show it. An hour counts at its own time:
    one that is refilled later fills its own gap.
    """
    return Watch(
        name=f"{dataset}-no-good-hour",
        metric=_or_zero(good_hours(dataset, database, minutes=_POINT_MINUTES)),
        bound=1,
        below=True,
        points=(_MISSED_HOURS * 60 + _LATE_MINUTES) // _POINT_MINUTES,
        missing=cloudwatch.TreatMissingData.BREACHING,
        meaning=f"{dataset} has had no good hour for {_MISSED_HOURS} hours.",
        runbook="no-good-hour",
    )


def _or_zero(metric: cloudwatch.Metric) -> cloudwatch.MathExpression:
    """Return a metric that is 0 where it has no point.

    An alarm looks for as many points as it needs also further back, how far is not said, before
    it takes one as missing. So the alarm would start hours late: the last success is still found.
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
    """
    return cloudwatch.MathExpression(
        expression="FILL(seen, 0)",
        using_metrics={"seen": metric},
        period=metric.period,
        label=metric.metric_name,
    )

"""Alarms of the warehouse: what goes wrong before a run fails of it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_rds as rds
from constructs import Construct

from infra.aws.resources.alarm import Watch, add_alarm
from infra.aws.resources.metrics import metric

if TYPE_CHECKING:
    from aws_cdk import aws_sns as sns

    from infra.aws.database.instance import Database
    from infra.aws.environment import Environment

_GIB = 1024**3
_SMALL_GIB = {"micro": 1, "small": 2, "medium": 4, "large": 8, "xlarge": 16, "2xlarge": 32}


class DatabaseAlarms(Construct):
    """The alarms of the warehouse, and the events that RDS itself publishes.

    RDS publishes a failover, a failure, and storage that is short or cannot grow. A point without
    data changes no alarm: the DAGs notice a warehouse that was stopped.

    Attributes:
        alarms: these.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: Environment,
        database: Database,
        topic: sns.ITopic,
    ) -> None:
        super().__init__(scope, construct_id)
        identifier = database.instance.instance_identifier
        watches = [
            _storage(environment, identifier),
            _connections(environment, identifier),
            _cpu(identifier),
            _memory(environment, identifier),
            *([_credits(identifier)] if _bursts(environment) else []),
        ]
        self.alarms = [add_alarm(self, watch, topic=topic) for watch in watches]
        rds.CfnEventSubscription(
            self,
            "Events",
            sns_topic_arn=topic.topic_arn,
            source_type="db-instance",
            source_ids=[identifier],
            event_categories=["failover", "failure", "low storage"],
        )


_watch = partial(Watch, missing=cloudwatch.TreatMissingData.MISSING)


def of_database(
    name: str, identifier: str, *, statistic: str, minutes: int = 5
) -> cloudwatch.Metric:
    """Return a metric of the warehouse.

    Source: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-metrics.html
    """
    return metric(
        "AWS/RDS", name, statistic=statistic, minutes=minutes, DBInstanceIdentifier=identifier
    )


def memory_gib(database_class: str) -> int:
    """Return the memory of an instance class such as t4g.small.

    Raises:
        ValueError: the class is none of those that are known here.
    """
    family, _, size = database_class.partition(".")
    if family[:1] not in "tmr" or size not in _SMALL_GIB:
        raise ValueError(f"memory of {database_class} is not known: add it to {__name__}")
    return _SMALL_GIB[size] * (2 if family.startswith("r") else 1)


def most_connections(database_class: str) -> int:
    """Return how many connections Postgres takes at least, with the default parameters.

    RDS takes LEAST(DBInstanceClassMemory/9531392, 5000), where that memory is what the system and
    RDS leave, a quarter less in the smallest classes.
    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html
    """
    return min(int(memory_gib(database_class) * _GIB * 0.75 / 9531392), 5000)


def _storage(environment: Environment, identifier: str) -> Watch:
    return _watch(
        name="database-storage",
        metric=of_database("FreeStorageSpace", identifier, statistic="Minimum"),
        # RDS adds storage when a tenth is left. Half of that is left only if it could not.
        # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIOPS.Autoscaling.html
        bound=environment.database_gib * _GIB // 20,
        below=True,
        meaning="The warehouse is almost full, and its storage has not grown.",
        runbook="database-storage",
    )


def _connections(environment: Environment, identifier: str) -> Watch:
    return _watch(
        name="database-connections",
        metric=of_database("DatabaseConnections", identifier, statistic="Maximum"),
        bound=most_connections(environment.database_class) * 8 // 10,
        points=3,
        meaning="Four fifths of the warehouse's connections are taken.",
        runbook="database-connections",
    )


def _cpu(identifier: str) -> Watch:
    return _watch(
        name="database-cpu",
        metric=of_database("CPUUtilization", identifier, statistic="Average"),
        bound=90,
        points=3,
        meaning="The warehouse has had no more than a tenth of its CPU left for 15 minutes.",
        runbook="database-load",
    )


def _memory(environment: Environment, identifier: str) -> Watch:
    return _watch(
        name="database-memory",
        metric=of_database("FreeableMemory", identifier, statistic="Average"),
        bound=memory_gib(environment.database_class) * _GIB // 20,
        below=True,
        points=3,
        meaning="The warehouse has had less than a twentieth of its memory left for 15 minutes.",
        runbook="database-load",
    )


def _bursts(environment: Environment) -> bool:
    return environment.database_class.startswith("t")


def _credits(identifier: str) -> Watch:
    return _watch(
        name="database-credits",
        # Without credits it goes on at full speed, for money.
        metric=of_database("CPUSurplusCreditsCharged", identifier, statistic="Maximum", minutes=60),
        bound=0,
        meaning="The warehouse has used more CPU for a day than its class comes with.",
        runbook="database-load",
    )

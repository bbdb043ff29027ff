"""What every alarm of Sluice has in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aws_cdk import Aws
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions

if TYPE_CHECKING:
    from aws_cdk import aws_sns as sns
    from constructs import Construct

RUNBOOKS = "docs/monitoring.md"


@dataclass(frozen=True, kw_only=True)
class Watch:
    """When a metric raises an alarm.

    Attributes:
        name: ends the alarm's name, which begins with that of its stack.
        metric: what is watched.
        bound: a point above it is not well; one on it is.
        below: not the points above the bound, but those below.
        points: that have to be out of bounds one after the other.
        missing: what a point without data counts as.
        meaning: what is the case while the alarm is on, in a sentence.
        runbook: heading in docs/monitoring.md, as links write it.
    """

    name: str
    metric: cloudwatch.IMetric
    bound: float
    below: bool = False
    points: int = 1
    missing: cloudwatch.TreatMissingData
    meaning: str
    runbook: str


def add_alarm(scope: Construct, watch: Watch, *, topic: sns.ITopic) -> cloudwatch.Alarm:
    """Add an alarm that a topic receives when it starts, and once more when it is over."""
    compare = cloudwatch.ComparisonOperator
    alarm = cloudwatch.Alarm(
        scope,
        watch.name,
        # Known before it is made, so that the dashboard of another stack can show it.
        alarm_name=f"{Aws.STACK_NAME}-{watch.name}",
        alarm_description=f"{watch.meaning} What to do: {RUNBOOKS}#{watch.runbook}",
        metric=watch.metric,
        threshold=watch.bound,
        comparison_operator=compare.LESS_THAN_THRESHOLD
        if watch.below
        else compare.GREATER_THAN_THRESHOLD,
        evaluation_periods=watch.points,
        treat_missing_data=watch.missing,
    )
    publish = actions.SnsAction(topic)
    alarm.add_alarm_action(publish)
    alarm.add_ok_action(publish)
    return alarm

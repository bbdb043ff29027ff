"""Reading alarms: what they watch, and when CloudWatch would let them tell."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from tests.unit.infra_aws.templates import Template, of_type

if TYPE_CHECKING:
    from collections.abc import Iterable


def alarms(template: Template) -> dict[str, dict[str, Any]]:
    """Return the alarms of a template by how their names end."""
    found = {}
    for alarm in of_type(template, "AWS::CloudWatch::Alarm").values():
        stack, ending = alarm["AlarmName"]["Fn::Join"][1]
        assert stack == {"Ref": "AWS::StackName"}
        found[ending.removeprefix("-")] = alarm
    return found


def watched(alarm: dict[str, Any]) -> dict[str, Any]:
    """Return Namespace, MetricName and Dimensions of the one metric that an alarm watches."""
    if "Metrics" not in alarm:
        return {name: alarm[name] for name in ("Namespace", "MetricName", "Dimensions")}
    (stat,) = (metric["MetricStat"] for metric in alarm["Metrics"] if "MetricStat" in metric)
    return dict(stat["Metric"])


def dimensions(alarm: dict[str, Any]) -> dict[str, Any]:
    """Return whose metric an alarm watches."""
    return {dimension["Name"]: dimension["Value"] for dimension in watched(alarm)["Dimensions"]}


@dataclass(frozen=True)
class Silence:
    """An alarm on how often something was seen, as CloudWatch evaluates it.

    Each point counts what was seen in one period, and is 0 where nothing was, so that none is ever
    missing; it tells when all points of the last periods are below the bound. The window slides,
    and an alarm that looks back for more than a day is evaluated once an hour.
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation-window.html

    Attributes:
        period: of a point.
        points: that have to be below the bound.
        bound: how often something has to be seen.
    """

    period: timedelta
    points: int
    bound: float

    @classmethod
    def of(cls, alarm: dict[str, Any]) -> Silence:
        """Read an alarm; any other kind is a failure."""
        filled, counted = alarm["Metrics"]
        assert filled["Expression"] == f"FILL({counted['Id']}, 0)"
        assert (filled["ReturnData"], counted["ReturnData"]) == (True, False)
        assert alarm["ComparisonOperator"] == "LessThanThreshold"
        assert "DatapointsToAlarm" not in alarm
        return cls(
            period=timedelta(seconds=counted["MetricStat"]["Period"]),
            points=alarm["EvaluationPeriods"],
            bound=alarm["Threshold"],
        )

    def tells(self, seen: Iterable[datetime], at: datetime) -> bool:
        """Whether the alarm is on at a moment, given when something was seen."""
        ages = [at - moment for moment in seen if moment < at]
        counts = [
            sum(nth * self.period <= age < (nth + 1) * self.period for age in ages)
            for nth in range(self.points)
        ]
        return all(count < self.bound for count in counts)

"""What somebody is told of, and that nothing which can fill up or fall silent goes without."""

from __future__ import annotations

import ast
import json
import re
from typing import Any

import pytest

from include import datasets
from include.datasets import api_datasets
from include.pipelines.landing import LANDING_PREFIXES
from infra.common.paths import REPOSITORY
from tests.unit.infra_aws.alarms import alarms, dimensions, watched
from tests.unit.infra_aws.templates import Template, behind, mentions, of_type

HOUR = 3600


def slug(heading: str) -> str:
    return re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-")


def runbooks() -> set[str]:
    text = (REPOSITORY / "docs" / "monitoring.md").read_text()
    return {slug(heading) for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE)}


def of_metric(template: Template, name: str) -> list[dict[str, Any]]:
    return [a for a in alarms(template).values() if watched(a)["MetricName"] == name]


def dead_letter_queues(template: Template) -> set[str]:
    """Return the logical ids of the queues to which anything in the template gives up messages."""
    text = json.dumps(template)
    pattern = r'"(?:deadLetterTargetArn|DeadLetterConfig": {"Arn)": {"Fn::GetAtt": \["(\w+)"'
    return set(re.findall(pattern, text))


def scheduled_dags() -> set[str]:
    """Return the DAGs that start by themselves at set times."""
    looped: set[str] = set()
    files: set[str] = set()
    for path in (REPOSITORY / "dags").glob("*.py"):
        text = path.read_text()
        for kind in re.findall(r"^for \w+ in (\w+)\(\):", text, re.MULTILINE):
            looped |= {each.name for each in getattr(datasets, kind)() if each.schedule is not None}
        files |= {
            path.stem
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.keyword) and node.arg == "schedule"
            if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        }
    return looped | files


def scheduled_apis() -> set[str]:
    """Return the datasets that come from an API at set times."""
    return {dataset.name for dataset in api_datasets() if dataset.schedule is not None}


def test_every_alarm_of_the_pipelines_tells_the_alerts_topic_when_it_starts_and_ends(
    template: Template,
) -> None:
    topic = [{"Ref": behind(template, "AlertsTopicArn")[0]}]
    for alarm in alarms(template).values():
        assert (alarm["AlarmActions"], alarm["OKActions"]) == (topic, topic)
        assert "ActionsEnabled" not in alarm


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_every_alarm_of_the_platform_tells_the_same_topic(
    request: pytest.FixtureRequest, environment: str
) -> None:
    stack = {"StackName": f"sluice-{environment}-pipelines", "OutputName": "AlertsTopicArn"}
    topic = [{"Fn::GetStackOutput": stack}]
    for alarm in alarms(request.getfixturevalue(f"{environment}_platform")).values():
        assert (alarm["AlarmActions"], alarm["OKActions"]) == (topic, topic)
        assert "ActionsEnabled" not in alarm


def test_every_alarm_says_what_is_the_case_and_where_it_is_written_what_to_do(
    template: Template, platform: Template
) -> None:
    known = runbooks()
    for alarm in [*alarms(template).values(), *alarms(platform).values()]:
        meaning, runbook = alarm["AlarmDescription"].split(" What to do: docs/monitoring.md#")
        assert meaning.endswith(".")
        assert runbook in known


def listed_alarms() -> set[str]:
    """Return the names in the page's table of alarms, and for a kind in brackets all of it."""
    kinds = {
        "<upload pipeline": LANDING_PREFIXES,
        "<DAG with a schedule": scheduled_dags(),
        "<API dataset with a schedule": scheduled_apis(),
    }
    section = (REPOSITORY / "docs" / "monitoring.md").read_text().partition("\n## Alarms\n")[2]
    rows = re.findall(r"^\| (`.+?) \|", section.partition("\n## ")[0], re.MULTILINE)
    names = [name.rpartition(">") for row in rows for name in re.findall(r"`(.+?)`", row)]
    return {f"{each}{rest}" for kind, _, rest in names for each in kinds.get(kind, ("",))}


def test_table_of_alarms_on_the_page_has_every_alarm_and_no_other(
    template: Template, platform: Template
) -> None:
    only_for_bursting = {"database-credits"}
    found = {*alarms(template), *alarms(platform)}
    assert found | only_for_bursting == listed_alarms()


def test_every_alarm_says_what_a_point_without_data_counts_as(
    template: Template, platform: Template
) -> None:
    for alarm in [*alarms(template).values(), *alarms(platform).values()]:
        assert alarm["TreatMissingData"] in ("breaching", "ignore", "missing", "notBreaching")


def test_every_queue_that_takes_what_was_given_up_has_an_alarm_for_its_first_message(
    template: Template,
) -> None:
    waiting = of_metric(template, "ApproximateNumberOfMessagesVisible")
    watched_queues = {dimensions(alarm)["QueueName"]["Fn::GetAtt"][0] for alarm in waiting}
    assert len(dead_letter_queues(template)) == 5
    assert watched_queues == dead_letter_queues(template)
    for alarm in waiting:
        assert (alarm["Statistic"], alarm["ComparisonOperator"]) == (
            "Maximum",
            "GreaterThanThreshold",
        )
        assert (alarm["Threshold"], alarm["EvaluationPeriods"]) == (0, 1)


def test_every_other_queue_has_an_alarm_for_its_oldest_message_but_the_observers(
    template: Template,
) -> None:
    queues = set(of_type(template, "AWS::SQS::Queue")) - dead_letter_queues(template)
    ages = of_metric(template, "ApproximateAgeOfOldestMessage")
    without = queues - {dimensions(alarm)["QueueName"]["Fn::GetAtt"][0] for alarm in ages}
    assert without == {behind(template, "ObserverQueueUrl")[0]}
    for alarm in ages:
        assert (alarm["Statistic"], alarm["ComparisonOperator"]) == (
            "Maximum",
            "GreaterThanThreshold",
        )


@pytest.mark.parametrize("output", ["CsvUploadToSqsQueueUrl", "CsvUploadToDynamodbQueueUrl"])
def test_arrival_may_wait_for_one_run_that_died_and_for_the_next_and_no_longer(
    template: Template, output: str
) -> None:
    logical_id, queue = behind(template, output)
    (alarm,) = (
        a
        for a in of_metric(template, "ApproximateAgeOfOldestMessage")
        if mentions(a["Dimensions"], logical_id)
    )
    assert alarm["Threshold"] == 2 * queue["VisibilityTimeout"] == 2 * HOUR


def test_half_of_the_time_is_left_when_nobody_takes_rows_from_the_json_queue(
    template: Template,
) -> None:
    _, queue = behind(template, "JsonQueueUrl")
    alarm = alarms(template)["json_queue-oldest-message"]
    assert alarm["Threshold"] == queue["MessageRetentionPeriod"] / 2


def test_queue_that_sqs_says_nothing_of_is_as_it_was(template: Template) -> None:
    for alarm in alarms(template).values():
        if watched(alarm)["Namespace"] == "AWS/SQS":
            assert alarm["TreatMissingData"] == "ignore"


def test_every_stream_has_an_alarm_when_half_of_its_time_is_left(template: Template) -> None:
    ages = of_metric(template, "GetRecords.IteratorAgeMilliseconds")
    streams = of_type(template, "AWS::Kinesis::Stream")
    bounds = {dimensions(alarm)["StreamName"]["Ref"]: alarm["Threshold"] for alarm in ages}
    assert bounds == {
        logical_id: stream["RetentionPeriodHours"] * HOUR * 1000 / 2
        for logical_id, stream in streams.items()
    }


def test_stream_that_refuses_records_for_half_an_hour_is_told_of(template: Template) -> None:
    refused = of_metric(template, "WriteProvisionedThroughputExceeded")
    streams = {dimensions(alarm)["StreamName"]["Ref"] for alarm in refused}
    assert streams == set(of_type(template, "AWS::Kinesis::Stream"))
    for alarm in refused:
        assert (alarm["Statistic"], alarm["ComparisonOperator"], alarm["Threshold"]) == (
            "Sum",
            "GreaterThanThreshold",
            0,
        )
        assert alarm["Period"] * alarm["EvaluationPeriods"] == HOUR / 2
        assert alarm["TreatMissingData"] == "notBreaching"


def test_every_dag_with_a_schedule_has_an_alarm_for_when_it_does_not_succeed(
    platform: Template,
) -> None:
    quiet = of_metric(platform, "DAGDurationSuccess")
    assert scheduled_dags() >= {"covid_us_daily", "covid_us_states_daily", "sweep_arrivals"}
    assert {dimensions(alarm)["DAG"] for alarm in quiet} == scheduled_dags()


def test_every_api_with_a_schedule_has_an_alarm_for_when_it_has_no_good_hour(
    platform: Template,
) -> None:
    counted = of_metric(platform, "GoodHours")
    assert scheduled_apis() >= {"weather_hourly"}
    assert {dimensions(alarm)["Dataset"] for alarm in counted} == scheduled_apis()
    for alarm in counted:
        (stat,) = (each["MetricStat"] for each in alarm["Metrics"] if "MetricStat" in each)
        assert (stat["Metric"]["Namespace"], stat["Stat"]) == ("Sluice", "Sum")


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_hours_of_another_environment_of_the_account_do_not_count(
    request: pytest.FixtureRequest, environment: str
) -> None:
    template = request.getfixturevalue(f"{environment}_platform")
    stack = {"StackName": f"sluice-{environment}-pipelines", "OutputName": "LakeDatabase"}
    for alarm in of_metric(template, "GoodHours"):
        assert dimensions(alarm)["Database"] == {"Fn::GetStackOutput": stack}


def test_alarms_of_airflow_watch_the_environment_that_is_deployed_and_are_made_after_it(
    platform: Template,
) -> None:
    ((logical_id, airflow),) = of_type(platform, "AWS::MWAA::Environment").items()
    watching = [
        resource
        for resource in platform["Resources"].values()
        if resource["Type"] == "AWS::CloudWatch::Alarm"
        and watched(resource["Properties"])["Namespace"] == "AmazonMWAA"
    ]
    assert len(watching) == len(scheduled_dags()) + 3
    for resource in watching:
        assert dimensions(resource["Properties"])["Environment"] == airflow["Name"]
        assert logical_id in resource["DependsOn"]


def test_file_that_airflow_cannot_read_is_told_of(platform: Template) -> None:
    alarm = alarms(platform)["import-errors"]
    assert watched(alarm)["MetricName"] == "ImportErrors"
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanThreshold", 0)

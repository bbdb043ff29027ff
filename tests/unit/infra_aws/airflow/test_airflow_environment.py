"""What MWAA is asked for, and what it finds when it starts."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.unit.infra_aws.templates import Template, mentions, of_type

PARTS = ["DAGProcessing", "Scheduler", "Task", "WebServer", "Worker"]
# Where MWAA's parts get out of the network, and to each other.
WAYS = {
    "AWS::EC2::Route",
    "AWS::EC2::SecurityGroupEgress",
    "AWS::EC2::SecurityGroupIngress",
    "AWS::EC2::SubnetRouteTableAssociation",
}


def environment_of(template: Template) -> dict[str, Any]:
    found: dict[str, Any]
    (found,) = of_type(template, "AWS::MWAA::Environment").values()
    return found


def name_of(template: Template) -> str:
    name: str = environment_of(template)["Name"]
    return name


def waits_of(template: Template) -> set[str]:
    """What has to be there before the environment, beside what it names."""
    (logical_id,) = of_type(template, "AWS::MWAA::Environment")
    return set(template["Resources"][logical_id]["DependsOn"])


def groups_of(template: Template) -> dict[str, dict[str, Any]]:
    """Log groups of MWAA by logical id."""
    return {
        logical_id: group
        for logical_id, group in of_type(template, "AWS::Logs::LogGroup").items()
        if str(group.get("LogGroupName", "")).startswith("airflow-")
    }


def test_environment_is_airflow_3_2_1_in_the_size_of_its_name(
    dev_platform: Template, prod_platform: Template
) -> None:
    keys = ("Name", "AirflowVersion", "EnvironmentClass", "MinWorkers", "MaxWorkers")
    assert [environment_of(dev_platform)[key] for key in keys] == [
        *("sluice-dev", "3.2.1", "mw1.small", 1, 2),
    ]
    assert [environment_of(prod_platform)[key] for key in keys] == [
        *("sluice-prod", "3.2.1", "mw1.medium", 2, 5),
    ]


def test_ui_of_dev_is_on_the_internet_and_that_of_prod_in_the_vpc(
    dev_platform: Template, prod_platform: Template
) -> None:
    assert environment_of(dev_platform)["WebserverAccessMode"] == "PUBLIC_ONLY"
    assert environment_of(prod_platform)["WebserverAccessMode"] == "PRIVATE_ONLY"


def test_two_of_each_part_that_others_depend_on(platform: Template) -> None:
    found = environment_of(platform)
    assert (found["Schedulers"], found["MinWebservers"], found["MaxWebservers"]) == (2, 2, 2)


def test_update_lets_tasks_end(platform: Template) -> None:
    assert environment_of(platform)["WorkerReplacementStrategy"] == "GRACEFUL"


def test_maintenance_comes_hours_away_from_the_daily_runs(platform: Template) -> None:
    window = environment_of(platform)["WeeklyMaintenanceWindowStart"]
    day, hour, minute = re.fullmatch(r"(SUN):([01]\d|2[0-3]):(00|30)", window).groups()  # type: ignore[union-attr]
    assert day == "SUN"
    assert abs(int(hour) * 60 + int(minute) - (8 * 60 + 30)) >= 6 * 60


def test_environment_is_in_the_two_private_subnets_in_airflows_security_group(
    platform: Template,
) -> None:
    network = environment_of(platform)["NetworkConfiguration"]
    subnets = of_type(platform, "AWS::EC2::Subnet")
    groups = [
        next(tag["Value"] for tag in subnets[subnet["Ref"]]["Tags"] if tag["Key"].endswith("-type"))
        for subnet in network["SubnetIds"]
    ]
    assert groups == ["Private", "Private"]
    assert len({subnet["Ref"] for subnet in network["SubnetIds"]}) == 2
    (group,) = network["SecurityGroupIds"]
    described = of_type(platform, "AWS::EC2::SecurityGroup")[group["Fn::GetAtt"][0]]
    assert described["GroupDescription"].startswith("Sluice: Airflow")


def test_every_part_logs_what_is_info_and_above(platform: Template) -> None:
    modules = environment_of(platform)["LoggingConfiguration"]
    assert modules == {
        f"{part}Logs": {"Enabled": True, "LogLevel": "INFO"}
        for part in ("DagProcessing", "Scheduler", "Task", "Webserver", "Worker")
    }


def test_five_log_groups_of_mwaas_names_end_in_time(
    dev_platform: Template, prod_platform: Template
) -> None:
    for platform, days in ((dev_platform, 30), (prod_platform, 365)):
        groups = groups_of(platform).values()
        names = sorted(group["LogGroupName"] for group in groups)
        assert names == [f"airflow-{name_of(platform)}-{part}" for part in PARTS]
        assert {group["RetentionInDays"] for group in groups} == {days}


def test_logs_and_environment_are_encrypted_with_one_key_that_changes(platform: Template) -> None:
    key = environment_of(platform)["KmsKey"]
    assert all(group["KmsKeyId"] == key for group in groups_of(platform).values())
    assert of_type(platform, "AWS::KMS::Key")[key["Fn::GetAtt"][0]]["EnableKeyRotation"] is True


def test_key_lets_cloudwatch_logs_in_for_these_five_groups_alone(platform: Template) -> None:
    key = environment_of(platform)["KmsKey"]["Fn::GetAtt"][0]
    policy = of_type(platform, "AWS::KMS::Key")[key]["KeyPolicy"]["Statement"]
    owner, logs = policy
    assert owner["Principal"]["AWS"]["Fn::Join"][1][-1] == ":root"
    assert logs["Principal"]["Service"]["Fn::Join"] == [
        ".",
        ["logs", {"Ref": "AWS::Region"}, "amazonaws.com"],
    ]
    (context,) = logs["Condition"]["ArnEquals"].values()
    ends = [arn["Fn::Join"][1][-1] for arn in context]
    assert ends == [f":log-group:airflow-{name_of(platform)}-{part}" for part in PARTS]


def test_environment_waits_for_its_logs_and_for_ways_out_of_the_network(
    platform: Template,
) -> None:
    waits = waits_of(platform)
    assert groups_of(platform).keys() <= waits
    ways = {
        logical_id
        for logical_id, resource in platform["Resources"].items()
        if resource["Type"] in WAYS and logical_id in waits
    }
    assert {platform["Resources"][way]["Type"] for way in ways} == WAYS


def test_roles_policy_is_there_before_the_environment(platform: Template) -> None:
    role = environment_of(platform)["ExecutionRoleArn"]["Fn::GetAtt"][0]
    attached = platform["Resources"][role]["Properties"]["ManagedPolicyArns"]
    own, pipelines = attached
    assert platform["Resources"][own["Ref"]]["Type"] == "AWS::IAM::ManagedPolicy"
    assert pipelines["Fn::GetStackOutput"]["OutputName"] == "PipelinesPolicyArn"


@pytest.mark.parametrize(
    ("part", "parameter", "key"),
    [
        ("Plugins", "PluginsVersion", "plugins.zip"),
        ("Requirements", "RequirementsVersion", "requirements.txt"),
        ("StartupScript", "StartupScriptVersion", "startup.sh"),
    ],
)
def test_files_are_taken_in_the_version_that_the_deployment_names(
    platform: Template, part: str, parameter: str, key: str
) -> None:
    found = environment_of(platform)
    assert found[f"{part}S3Path"] == key
    assert found[f"{part}S3ObjectVersion"] == {"Ref": parameter}
    declared = platform["Parameters"][parameter]
    assert (declared["Type"], declared["MinLength"]) == ("String", 1)
    assert "Default" not in declared


def test_dags_come_from_the_code_bucket_whatever_the_partition(platform: Template) -> None:
    found = environment_of(platform)
    assert found["DagS3Path"] == "dags"
    assert found["SourceBucketArn"]["Fn::Join"][1][:3] == [
        "arn:",
        {"Ref": "AWS::Partition"},
        ":s3:::",
    ]
    assert '"OutputName": "CodeBucket"' in json.dumps(found["SourceBucketArn"])


def test_nothing_names_the_partition_of_the_commercial_regions(platform: Template) -> None:
    assert "arn:aws:" not in json.dumps(environment_of(platform))


def test_stack_tells_the_environments_name_and_its_address(platform: Template) -> None:
    assert platform["Outputs"]["AirflowEnvironment"]["Value"] == name_of(platform)
    (logical_id,) = of_type(platform, "AWS::MWAA::Environment")
    assert mentions(platform["Outputs"]["AirflowUrl"]["Value"], logical_id)

"""What is written down of who talks to whom, and who can read or write it."""

from __future__ import annotations

import pytest

from infra.aws.environment import ENVIRONMENTS
from tests.unit.infra_aws.network.networks import the_only
from tests.unit.infra_aws.templates import ACCOUNT, REGION, Template, of_type, resolved


def flow_log_group(template: Template) -> str:
    """Return the logical id of the log group of the only flow log."""
    logical_id, _ = the_only(template, "AWS::EC2::FlowLog")["LogDestination"]["Fn::GetAtt"]
    return str(logical_id)


def test_all_traffic_of_the_vpc_is_written_down(platform: Template) -> None:
    ((vpc, _),) = of_type(platform, "AWS::EC2::VPC").items()
    flow_log = the_only(platform, "AWS::EC2::FlowLog")
    assert (flow_log["ResourceType"], flow_log["ResourceId"]) == ("VPC", {"Ref": vpc})
    assert flow_log["TrafficType"] == "ALL"
    assert flow_log["LogDestinationType"] == "cloud-watch-logs"
    assert flow_log["LogDestination"] == {"Fn::GetAtt": [flow_log_group(platform), "Arn"]}


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_flow_logs_are_kept_as_long_as_the_environment_says(
    name: str, request: pytest.FixtureRequest
) -> None:
    template = request.getfixturevalue(f"{name}_platform")
    group = template["Resources"][flow_log_group(template)]
    assert group["Properties"]["RetentionInDays"] == ENVIRONMENTS[name].log_days
    kept = "Retain" if ENVIRONMENTS[name].keeps_data else "Delete"
    assert (group["DeletionPolicy"], group["UpdateReplacePolicy"]) == (kept, kept)


def test_flow_logs_have_a_key_that_cloudwatch_uses_for_them_alone(platform: Template) -> None:
    group = platform["Resources"][flow_log_group(platform)]["Properties"]
    key = of_type(platform, "AWS::KMS::Key")[group["KmsKeyId"]["Fn::GetAtt"][0]]
    assert key["EnableKeyRotation"] is True
    account, service_of_logs = key["KeyPolicy"]["Statement"]
    assert resolved(account["Principal"]) == {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    assert resolved(service_of_logs["Principal"]) == {"Service": f"logs.{REGION}.amazonaws.com"}
    name = resolved(group["LogGroupName"])
    assert resolved(service_of_logs["Condition"]) == {
        "ArnEquals": {
            "kms:EncryptionContext:aws:logs:arn": [
                f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{name}"
            ]
        }
    }


def test_who_writes_flow_logs_writes_nothing_else_and_for_this_account_only(
    platform: Template,
) -> None:
    flow_log = the_only(platform, "AWS::EC2::FlowLog")
    writer, _ = flow_log["DeliverLogsPermissionArn"]["Fn::GetAtt"]
    role = of_type(platform, "AWS::IAM::Role")[writer]
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "vpc-flow-logs.amazonaws.com"}
    assert resolved(trust["Condition"]) == {
        "ArnLike": {"aws:SourceArn": f"arn:aws:ec2:{REGION}:{ACCOUNT}:vpc-flow-log/*"},
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
    }
    (policy,) = role["Policies"]
    (allowed,) = policy["PolicyDocument"]["Statement"]
    assert allowed["Action"] == [
        "logs:CreateLogStream",
        "logs:DescribeLogStreams",
        "logs:PutLogEvents",
    ]
    assert allowed["Resource"] == {"Fn::GetAtt": [flow_log_group(platform), "Arn"]}
    assert "ManagedPolicyArns" not in role

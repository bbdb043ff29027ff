"""What holds in every template of every environment."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from infra.common.paths import REPOSITORY
from tests.unit.infra_aws.templates import found, refusals_of_plain_http, templates_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.unit.infra_aws.templates import Template

# Statements of roles on every resource, and why.
ON_EVERY_RESOURCE = {
    "CountGoodHours": "cloudwatch:PutMetricData knows no resource; a condition names a namespace",
    "FindLogGroups": "MWAA lists without a prefix, which is to list all there are",
    "NameNoOtherBuckets": "a refusal",
    "PutMetrics": "cloudwatch:PutMetricData knows no resource",
    "SeeThatTheAccountIsClosedToThePublic": "the action knows no resource but the account",
}


def statements(value: Any) -> Iterator[dict[str, Any]]:
    """Every statement of every policy somewhere in a value."""
    if isinstance(value, list):
        for item in value:
            yield from statements(item)
    elif isinstance(value, dict):
        if "Statement" in value:
            yield from value["Statement"]
        for item in value.values():
            yield from statements(item)


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_nothing_is_allowed_every_action(made: list[Template]) -> None:
    allowed = [s for template in made for s in statements(template) if s["Effect"] == "Allow"]
    assert len(allowed) >= 30
    for statement in allowed:
        assert "*" not in listed(statement["Action"])
        assert statement.keys() & {"NotAction", "NotPrincipal", "NotResource"} == set()


def test_every_action_of_a_service_is_for_the_account_on_its_own_keys_alone(
    made: list[Template],
) -> None:
    for template in made:
        for statement in statements(template):
            if statement["Effect"] == "Allow" and any(
                action.endswith(":*") for action in listed(statement["Action"])
            ):
                assert statement["Action"] == "kms:*"
                assert json.dumps(statement["Principal"]["AWS"]).count(":root") == 1


def test_roles_reach_every_resource_for_a_written_reason_alone(made: list[Template]) -> None:
    kinds = ("AWS::IAM::ManagedPolicy", "AWS::IAM::Role")
    everywhere = {
        statement.get("Sid")
        for _, _, properties in found(made, *kinds)
        for statement in statements(properties)
        if "*" in listed(statement.get("Resource", []))
    }
    assert everywhere == ON_EVERY_RESOURCE.keys()


def test_source_says_beside_each_wildcard_why() -> None:
    lines = [
        line
        for path in (REPOSITORY / "infra" / "aws").rglob("*.py")
        for line in path.read_text().splitlines()
        if re.search(r"""resources=.*["']\*["']""", line)
    ]
    assert len(lines) >= len(ON_EVERY_RESOURCE)
    assert [line for line in lines if not re.search(r"# \w+", line)] == []


def test_nobody_is_anybody(made: list[Template]) -> None:
    for template in made:
        for statement in statements(template):
            if statement["Effect"] == "Allow" and "Principal" in statement:
                assert statement["Principal"] != "*"
                assert "*" not in listed(statement["Principal"].get("AWS", []))


def test_every_key_is_changed_every_year(made: list[Template]) -> None:
    for _, _, key in found(made, "AWS::KMS::Key"):
        assert key["EnableKeyRotation"] is True


def test_every_log_group_ends_what_it_keeps_and_is_encrypted_with_a_key_of_ours(
    made: list[Template],
) -> None:
    for template, _, group in found(made, "AWS::Logs::LogGroup"):
        assert group["RetentionInDays"] >= 30
        key, _ = group["KmsKeyId"]["Fn::GetAtt"]
        assert template["Resources"][key]["Type"] == "AWS::KMS::Key"


def test_every_bucket_is_closed_to_the_public(made: list[Template]) -> None:
    for _, _, bucket in found(made, "AWS::S3::Bucket"):
        assert bucket["PublicAccessBlockConfiguration"] == {
            "BlockPublicAcls": True,
            "BlockPublicPolicy": True,
            "IgnorePublicAcls": True,
            "RestrictPublicBuckets": True,
        }


@pytest.mark.parametrize(
    ("kind", "policy", "listed_there"),
    [
        ("AWS::S3::Bucket", "AWS::S3::BucketPolicy", False),
        ("AWS::SNS::Topic", "AWS::SNS::TopicPolicy", True),
        ("AWS::SQS::Queue", "AWS::SQS::QueuePolicy", True),
    ],
)
def test_every_bucket_queue_and_topic_refuses_plain_http(
    made: list[Template], kind: str, policy: str, *, listed_there: bool
) -> None:
    for template, logical_id, _ in found(made, kind):
        target = [{"Ref": logical_id}] if listed_there else {"Ref": logical_id}
        assert refusals_of_plain_http(template, kind=policy, target=target)


def test_warehouse_and_subnets_have_no_public_address(made: list[Template]) -> None:
    for _, _, instance in found(made, "AWS::RDS::DBInstance"):
        assert instance["PubliclyAccessible"] is False
    for _, _, subnet in found(made, "AWS::EC2::Subnet"):
        assert subnet.get("MapPublicIpOnLaunch", False) is False


def test_no_security_group_admits_any_address(made: list[Template]) -> None:
    ways_in = [way for _, _, way in found(made, "AWS::EC2::SecurityGroupIngress")]
    for _, _, group in found(made, "AWS::EC2::SecurityGroup"):
        ways_in += group.get("SecurityGroupIngress", [])
    for way in ways_in:
        assert way.get("CidrIp") != "0.0.0.0/0"
        assert "CidrIpv6" not in way


def test_airflow_answers_on_the_internet_in_dev_alone(templates_folder: Path) -> None:
    modes = {
        environment: properties["WebserverAccessMode"]
        for environment in ("dev", "prod")
        for _, _, properties in found(
            templates_of(templates_folder, environment), "AWS::MWAA::Environment"
        )
    }
    assert modes == {"dev": "PUBLIC_ONLY", "prod": "PRIVATE_ONLY"}


def test_no_output_is_exported_which_would_lock_its_stack_to_who_reads_it(
    made: list[Template],
) -> None:
    for template in made:
        assert template["Outputs"]
        assert [name for name, output in template["Outputs"].items() if "Export" in output] == []


def test_no_template_has_the_number_of_an_account(made: list[Template]) -> None:
    assert re.findall(r"\d{12}", json.dumps(made)) == []

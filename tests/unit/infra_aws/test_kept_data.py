"""What goes with its stack, what stays, and what cannot be deleted by mistake."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.unit.infra_aws.templates import STACKS, found, templates_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.infra_aws.templates import Template

HOLD_DATA = {
    "AWS::DynamoDB::Table",
    "AWS::Events::Archive",
    "AWS::Events::EventBus",
    "AWS::KMS::Key",
    "AWS::Kinesis::Stream",
    "AWS::Logs::LogGroup",
    "AWS::RDS::DBInstance",
    "AWS::S3::Bucket",
    "AWS::S3::BucketPolicy",
    "AWS::SQS::Queue",
    "AWS::SQS::QueuePolicy",
}
# What the next deployment makes again as it was.
HOLD_NONE = {
    "AWS::Athena::WorkGroup",
    "AWS::Budgets::Budget",
    "AWS::CloudWatch::Alarm",
    "AWS::CloudWatch::Dashboard",
    "AWS::EC2::EIP",
    "AWS::EC2::FlowLog",
    "AWS::EC2::InternetGateway",
    "AWS::EC2::NatGateway",
    "AWS::EC2::Route",
    "AWS::EC2::RouteTable",
    "AWS::EC2::SecurityGroup",
    "AWS::EC2::SecurityGroupEgress",
    "AWS::EC2::SecurityGroupIngress",
    "AWS::EC2::Subnet",
    "AWS::EC2::SubnetRouteTableAssociation",
    "AWS::EC2::VPC",
    "AWS::EC2::VPCEndpoint",
    "AWS::EC2::VPCGatewayAttachment",
    "AWS::Events::Rule",
    "AWS::Glue::Database",  # its tables say what columns files of the lake have
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::Role",
    "AWS::MWAA::Environment",  # what it holds is the history of runs: docs/recovery.md
    "AWS::RDS::DBParameterGroup",
    "AWS::RDS::DBSubnetGroup",
    "AWS::RDS::EventSubscription",
    "AWS::SNS::Subscription",
    "AWS::SNS::Topic",
    "AWS::SNS::TopicPolicy",
    "AWS::SecretsManager::Secret",  # of the connections, which hold no password
}
PROTECTED_BY = {
    "AWS::DynamoDB::Table": "DeletionProtectionEnabled",
    "AWS::RDS::DBInstance": "DeletionProtection",
}


def test_it_is_said_of_every_kind_of_resource_whether_it_holds_data(made: list[Template]) -> None:
    kinds = {r["Type"] for template in made for r in template["Resources"].values()}
    assert kinds == HOLD_DATA | HOLD_NONE


def test_in_prod_everything_that_holds_data_outlives_its_stack_or_leaves_a_snapshot(
    templates_folder: Path,
) -> None:
    for template in templates_of(templates_folder, "prod"):
        for resource in template["Resources"].values():
            if resource["Type"] in HOLD_DATA:
                kept = "Snapshot" if resource["Type"] == "AWS::RDS::DBInstance" else "Retain"
                assert resource["DeletionPolicy"] == resource["UpdateReplacePolicy"] == kept


def test_in_dev_nothing_but_objects_in_a_bucket_stops_a_stack_from_going(
    templates_folder: Path,
) -> None:
    for template in templates_of(templates_folder, "dev"):
        for resource in template["Resources"].values():
            assert resource.get("DeletionPolicy", "Delete") == "Delete"


@pytest.mark.parametrize(("environment", "protected"), [("dev", False), ("prod", True)])
def test_stacks_tables_and_warehouse_are_protected_from_deletion_in_prod_alone(
    templates_folder: Path, environment: str, *, protected: bool
) -> None:
    manifest = json.loads((templates_folder / environment / "manifest.json").read_text())
    assert {
        name: artifact["properties"].get("terminationProtection", False)
        for name, artifact in manifest["artifacts"].items()
        if artifact["type"] == "aws:cloudformation:stack"
    } == {f"sluice-{environment}-{stack}": protected for stack in STACKS}
    made = templates_of(templates_folder, environment)
    for kind, protection in PROTECTED_BY.items():
        for _, _, properties in found(made, kind):
            assert properties[protection] is protected

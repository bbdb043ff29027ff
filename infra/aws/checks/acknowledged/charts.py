"""Findings that stay where an environment asks for QuickSight."""

from __future__ import annotations

from infra.aws.charts.declared import charted
from infra.aws.checks.acknowledgement import Acknowledgement

_HERE = "<AWS::Region>:<AWS::AccountId>"
_DATA_SETS = f"arn:<AWS::Partition>:quicksight:{_HERE}:dataset"

OF_CHARTS = (
    Acknowledgement(
        rules=("AwsSolutions-SMG4", "NIST.800.53.R5-SecretsManagerRotationEnabled"),
        stack="platform",
        resources=("ChartsLogin/Secret/Resource",),
        optional=True,
        reason=(
            "The first load after a week renews the password, as the owner that no Lambda function "
            "then has to be let in as; Secrets Manager knows of rotation by such functions alone."
        ),
    ),
    Acknowledgement(
        rules=("AwsSolutions-IAM5",),
        stack="platform",
        resources=("AirflowRole/Policy/Resource",),
        details=tuple(
            f"Resource::{_DATA_SETS}/{each.id_after('sluice-{environment}')}/ingestion/*"
            for each in charted()
        ),
        optional=True,
        reason=(
            "An ingestion is named by who starts it, after the try of a task; the rights are to "
            "start and to look at those of the named data sets."
        ),
    ),
    Acknowledgement(
        rules=("AwsSolutions-IAM5",),
        stack="charts",
        resources=("Connection/Policy/Resource",),
        details=(
            "Resource::*",
            f"Resource::arn:<AWS::Partition>:ec2:{_HERE}:network-interface/*",
        ),
        optional=True,
        reason=(
            "EC2 names a network interface as it makes it, and describes subnets and groups to who "
            "may describe all; making one takes rights to its subnet and group, which are named."
        ),
    ),
)

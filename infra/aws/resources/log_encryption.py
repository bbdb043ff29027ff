"""Log groups that are encrypted with a key of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import ArnFormat, Aws, Fn, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs

from infra.aws.resources.removal import removal_policy

if TYPE_CHECKING:
    from aws_cdk import aws_kms as kms
    from constructs import Construct

    from infra.aws.environment import Environment


def encrypted_log_group(
    scope: Construct, construct_id: str, *, environment: Environment, key: kms.Key, name: str
) -> logs.CfnLogGroup:
    """Add a log group of a given name.

    Arguments:
        scope: the construct that owns the group.
        construct_id: its name there.
        environment: decides how long logs are kept, and whether they outlive their stack.
        key: what logs are encrypted with; has to admit the group.
        name: of the group.
    """
    group = logs.CfnLogGroup(
        scope,
        construct_id,
        kms_key_id=key.key_arn,
        log_group_name=name,
        retention_in_days=environment.log_days,
    )
    group.apply_removal_policy(removal_policy(environment))
    return group


def admit_log_groups(key: kms.Key, *names: str) -> None:
    """Let CloudWatch Logs use a key for log groups of these names, and for no others.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html

    Arguments:
        key: in the policy of which this is put.
        names: of log groups, in full.
    """
    groups = [
        Stack.of(key).format_arn(
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
            resource="log-group",
            resource_name=name,
            service="logs",
        )
        for name in names
    ]
    key.add_to_resource_policy(
        iam.PolicyStatement(
            sid="LogGroups",
            actions=[
                "kms:Decrypt",
                "kms:DescribeKey",
                "kms:Encrypt",
                "kms:GenerateDataKey*",
                "kms:ReEncrypt*",
            ],
            principals=[iam.ServicePrincipal(Fn.join(".", ["logs", Aws.REGION, "amazonaws.com"]))],
            resources=["*"],  # in a key's own policy: this key
            conditions={"ArnEquals": {"kms:EncryptionContext:aws:logs:arn": groups}},
        )
    )

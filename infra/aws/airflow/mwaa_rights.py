"""What MWAA itself does with the role of an environment, independent of the DAGs.

Actions and resources are those that MWAA asks for, for an environment with a key of its own.
https://docs.aws.amazon.com/mwaa/latest/userguide/mwaa-create-role.html
"""

from __future__ import annotations

from aws_cdk import Aws
from aws_cdk import aws_iam as iam

ARN = f"arn:{Aws.PARTITION}"
HERE = f"{Aws.REGION}:{Aws.ACCOUNT_ID}"


def environment_arn(name: str) -> str:
    """ARN of an MWAA environment of this account, which need not exist yet."""
    return f"{ARN}:airflow:{HERE}:environment/{name}"


def log_groups_arn(name: str) -> str:
    """ARN of all log groups of an environment, and of the streams in them."""
    return f"{ARN}:logs:{HERE}:log-group:airflow-{name}-*"


def mwaa_statements(
    *, environment: str, code_bucket: str, key_arn: str
) -> list[iam.PolicyStatement]:
    """Return a statement for each of MWAA's purposes.

    Arguments:
        environment: name of the MWAA environment.
        code_bucket: name of the bucket that it reads.
        key_arn: of the key of the environment.
    """
    return [
        *_of_code(code_bucket),
        *_of_logs(environment),
        *_of_metrics(environment),
        *_of_tasks(key_arn),
    ]


def _of_code(code_bucket: str) -> list[iam.PolicyStatement]:
    bucket = f"{ARN}:s3:::{code_bucket}"
    return [
        iam.PolicyStatement(
            sid="ReadCode",
            # Read rights only. MWAA names no narrower ones, and an environment that misses one
            # cannot be made.
            actions=["s3:GetBucket*", "s3:GetObject*", "s3:List*"],
            resources=[bucket, f"{bucket}/*"],
        ),
        iam.PolicyStatement(
            sid="SeeThatTheAccountIsClosedToThePublic",
            actions=["s3:GetAccountPublicAccessBlock"],
            resources=["*"],  # the action knows no resource but the account
        ),
        iam.PolicyStatement(
            sid="NameNoOtherBuckets",
            effect=iam.Effect.DENY,
            actions=["s3:ListAllMyBuckets"],
            resources=["*"],  # a refusal; the action knows no resource but the account
        ),
    ]


def _of_logs(environment: str) -> list[iam.PolicyStatement]:
    return [
        iam.PolicyStatement(
            sid="WriteAndShowLogs",
            actions=[
                "logs:CreateLogGroup",
                "logs:CreateLogStream",
                "logs:GetLogEvents",
                "logs:GetLogGroupFields",
                "logs:GetLogRecord",
                "logs:GetQueryResults",
                "logs:PutLogEvents",
            ],
            resources=[log_groups_arn(environment)],
        ),
        iam.PolicyStatement(
            sid="FindLogGroups",
            actions=["logs:DescribeLogGroups"],
            resources=["*"],  # MWAA lists without a prefix, which is to list all there are
        ),
    ]


def _of_metrics(environment: str) -> list[iam.PolicyStatement]:
    return [
        iam.PolicyStatement(
            sid="TellOfHealth",
            actions=["airflow:PublishMetrics"],
            resources=[environment_arn(environment)],
        ),
        iam.PolicyStatement(
            sid="PutMetrics",
            actions=["cloudwatch:PutMetricData"],
            resources=["*"],  # the action knows no resource
        ),
    ]


def _of_tasks(key_arn: str) -> list[iam.PolicyStatement]:
    return [
        iam.PolicyStatement(
            sid="QueueTasks",
            actions=[
                "sqs:ChangeMessageVisibility",
                "sqs:DeleteMessage",
                "sqs:GetQueueAttributes",
                "sqs:GetQueueUrl",
                "sqs:ReceiveMessage",
                "sqs:SendMessage",
            ],
            # The queue is in an account of MWAA's own, whose number MWAA does not publish.
            resources=[f"{ARN}:sqs:{Aws.REGION}:*:airflow-celery-*"],
        ),
        iam.PolicyStatement(
            sid="UseTheKeyOfTheEnvironment",
            actions=["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*"],
            resources=[key_arn],
            conditions={
                "StringEquals": {
                    "kms:ViaService": [
                        f"{service}.{Aws.REGION}.amazonaws.com" for service in ("s3", "sqs")
                    ]
                }
            },
        ),
    ]

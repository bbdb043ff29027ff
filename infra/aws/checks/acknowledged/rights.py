"""Findings that stay in what roles may do."""

from __future__ import annotations

from infra.aws.checks.acknowledgement import Acknowledgement

_ARN = "arn:<AWS::Partition>"
_HERE = "<AWS::Region>:<AWS::AccountId>"
_POLICY_OF_MWAA = ("AirflowRole/Policy/Resource",)

OF_RIGHTS = (
    Acknowledgement(
        rules=("AwsSolutions-IAM5",),
        stack="platform",
        resources=_POLICY_OF_MWAA,
        details=(
            "Action::s3:GetBucket*",
            "Action::s3:GetObject*",
            "Action::s3:List*",
            f"Resource::{_ARN}:s3:::<sluice-{{environment}}-code.CodeBucket>/*",
        ),
        reason=(
            "MWAA reads the code bucket with these rights, which its documentation gives in this "
            "form alone; they read, and they are for this one bucket."
        ),
    ),
    Acknowledgement(
        rules=("AwsSolutions-IAM5",),
        stack="platform",
        resources=_POLICY_OF_MWAA,
        details=("Resource::*",),
        reason=(
            "MWAA calls logs:DescribeLogGroups for all groups; s3:GetAccountPublicAccessBlock and "
            "cloudwatch:PutMetricData know no resource; the fourth statement is a refusal. A "
            "test holds each statement to its reason."
        ),
    ),
    Acknowledgement(
        rules=("AwsSolutions-IAM5",),
        stack="platform",
        resources=_POLICY_OF_MWAA,
        details=(f"Resource::{_ARN}:logs:{_HERE}:log-group:airflow-sluice-{{environment}}-*",),
        reason="The five log groups of this environment, and the streams that tasks make in them.",
    ),
    Acknowledgement(
        rules=("AwsSolutions-IAM5",),
        stack="platform",
        resources=_POLICY_OF_MWAA,
        details=(f"Resource::{_ARN}:sqs:<AWS::Region>:*:airflow-celery-*",),
        reason=(
            "MWAA keeps the queue of tasks in an account of its own, whose number it does not "
            "publish; the queue's policy, which is MWAA's, decides who may use it."
        ),
    ),
    Acknowledgement(
        rules=("AwsSolutions-IAM5",),
        stack="platform",
        resources=_POLICY_OF_MWAA,
        details=("Action::kms:GenerateDataKey*",),
        reason=(
            "GenerateDataKey and its variants, which MWAA asks for in this form; on one key, and "
            "only by way of S3 and SQS."
        ),
    ),
    Acknowledgement(
        rules=("AwsSolutions-IAM5",),
        stack="platform",
        resources=_POLICY_OF_MWAA,
        details=tuple(
            f"Resource::{_ARN}:secretsmanager:{_HERE}:secret:sluice/{{environment}}/{folder}/sluice_*"
            for folder in ("connections", "variables")
        ),
        reason=(
            "The operators of Airflow add connections and variables of their own, whose names "
            "begin so; to Airflow's Secrets Manager backend the two prefixes are folders."
        ),
    ),
    Acknowledgement(
        rules=("AwsSolutions-IAM4",),
        stack="platform",
        resources=("Database/Monitor/Resource",),
        details=(f"Policy::{_ARN}:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole",),
        reason=(
            "The policy that AWS keeps for this one purpose: RDS writes metrics of the operating "
            "system to its own log groups RDS*, and may do nothing else."
        ),
    ),
    Acknowledgement(
        rules=("NIST.800.53.R5-IAMNoInlinePolicy",),
        stack="platform",
        resources=("FlowLogs/Writer/Resource",),
        reason=(
            "One statement on one log group, which goes with its role; as a managed policy it "
            "could be attached to others, which have no use for it."
        ),
    ),
    Acknowledgement(
        rules=("AwsSolutions-IAM5",),
        stack="code",
        resources=("Deploy/Policy/Resource",),
        details=("Resource::<CodeBucket.Arn>/dags/*",),
        optional=True,
        reason=(
            "Deploying puts files into this one folder and takes away those that are gone; which "
            "files there are is what a change of the DAGs changes."
        ),
    ),
    Acknowledgement(
        rules=("AwsSolutions-IAM5",),
        stack="code",
        resources=("Deploy/Policy/Resource",),
        details=tuple(
            f"Resource::{_ARN}:cloudformation:{_HERE}:stack/sluice-{{environment}}-{part}/*"
            for part in ("code", "pipelines", "platform", "charts")
        ),
        optional=True,
        reason=(
            "CloudFormation ends the ARN of a stack in an id that it makes up; the names are those "
            "of the four stacks, and the right is to describe them."
        ),
    ),
)

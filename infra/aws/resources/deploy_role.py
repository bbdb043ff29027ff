"""What a workflow of GitHub may do to deploy an environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Aws, CfnOutput, Duration
from aws_cdk import aws_iam as iam
from constructs import Construct

if TYPE_CHECKING:
    from aws_cdk import aws_s3 as s3

    from infra.aws.environment import Environment
    from infra.aws.github import GitHub

_ISSUER = "token.actions.githubusercontent.com"
_AUDIENCE = "sts.amazonaws.com"
_HERE = f"{Aws.REGION}:{Aws.ACCOUNT_ID}"
_PARTS = ("code", "pipelines", "platform", "charts")
# cdk works through these; what CloudFormation itself may do is up to one that only it assumes.
_CDK_ROLES = ("deploy-role", "file-publishing-role", "lookup-role")


class DeployRole(Construct):
    """The role that a job of one environment of one repository takes on, without any key.

    Attributes:
        role: the role; its ARN is the output DeployRoleArn.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: Environment,
        github: GitHub,
        bucket: s3.IBucket,
    ) -> None:
        """Make the role.

        Arguments:
            scope: the construct that owns the role.
            construct_id: its name there.
            environment: what may be deployed; GitHub has an environment of the same name.
            github: whose jobs are trusted.
            bucket: that MWAA reads.
        """
        super().__init__(scope, construct_id)
        policy = iam.ManagedPolicy(
            self,
            "Policy",
            description=f"Sluice: what deploying {environment.name} takes.",
            statements=[
                *_by_cdk(environment.name),
                *_to_bucket(bucket),
                *_to_airflow(f"sluice-{environment.name}"),
            ],
        )
        self.role = iam.Role(
            self,
            "Role",
            description=f"Sluice: GitHub Actions deploy {environment.name}.",
            assumed_by=self._workflow(environment.name, github),
            # Making an MWAA environment takes up to 40 minutes, and the token is not renewed.
            max_session_duration=Duration.hours(2),
            managed_policies=[policy],
        )
        output = CfnOutput(self, "Arn", value=self.role.role_arn)
        output.override_logical_id("DeployRoleArn")

    def _workflow(self, environment: str, github: GitHub) -> iam.IPrincipal:
        """Trust jobs whose environment GitHub vouches for, on any branch.

        GitHub lets only those branches and reviewers into an environment that it is set up for.
        https://docs.github.com/en/actions/reference/security/oidc
        """
        provider = f"arn:{Aws.PARTITION}:iam::{Aws.ACCOUNT_ID}:oidc-provider/{_ISSUER}"
        if not github.provider_exists:
            made = iam.CfnOIDCProvider(
                self, "Provider", url=f"https://{_ISSUER}", client_id_list=[_AUDIENCE]
            )
            provider = made.attr_arn
        subject = f"repo:{github.repository}:environment:{environment}"
        claims = {f"{_ISSUER}:aud": _AUDIENCE, f"{_ISSUER}:sub": subject}
        return iam.WebIdentityPrincipal(provider, {"StringEquals": claims})


def _by_cdk(environment: str) -> list[iam.PolicyStatement]:
    roles = f"arn:{Aws.PARTITION}:iam::{Aws.ACCOUNT_ID}:role/cdk-hnb659fds"
    stacks = f"arn:{Aws.PARTITION}:cloudformation:{_HERE}:stack/sluice-{environment}"
    parameter = f"arn:{Aws.PARTITION}:ssm:{_HERE}:parameter/cdk-bootstrap/hnb659fds/version"
    return [
        iam.PolicyStatement(
            sid="DeployByCdk",
            actions=["sts:AssumeRole"],
            resources=[f"{roles}-{role}-{Aws.ACCOUNT_ID}-{Aws.REGION}" for role in _CDK_ROLES],
        ),
        iam.PolicyStatement(
            sid="ReadOutputs",
            actions=["cloudformation:DescribeStacks"],
            # CloudFormation ends a stack's ARN in an id that it makes up.
            resources=[
                f"{stacks}-{part}/*" for part in ("code", "pipelines", "platform", "charts")
            ],
        ),
        iam.PolicyStatement(
            sid="LookForBootstrap", actions=["ssm:GetParameter"], resources=[parameter]
        ),
    ]


def _to_bucket(bucket: s3.IBucket) -> list[iam.PolicyStatement]:
    files = [bucket.arn_for_objects(k) for k in ("plugins.zip", "requirements.txt", "startup.sh")]
    dags = bucket.arn_for_objects("dags/*")  # new files come, and old ones go
    return [
        iam.PolicyStatement(
            # S3 answers "not found" only to those who may list, and "forbidden" to others.
            sid="ListFiles",
            actions=["s3:ListBucket"],
            resources=[bucket.bucket_arn],
        ),
        iam.PolicyStatement(
            sid="PutFiles", actions=["s3:GetObject", "s3:PutObject"], resources=[*files, dags]
        ),
        iam.PolicyStatement(sid="DeleteDags", actions=["s3:DeleteObject"], resources=[dags]),
    ]


def _to_airflow(name: str) -> list[iam.PolicyStatement]:
    airflow = f"arn:{Aws.PARTITION}:airflow:{_HERE}"
    return [
        iam.PolicyStatement(
            sid="WaitForAirflow",
            actions=["airflow:GetEnvironment"],
            resources=[f"{airflow}:environment/{name}"],
        ),
        iam.PolicyStatement(
            # Op may set pools and start runs; it may not manage users.
            sid="SetPoolsAndRun",
            actions=["airflow:InvokeRestApi"],
            resources=[f"{airflow}:role/{name}/Op"],
        ),
    ]

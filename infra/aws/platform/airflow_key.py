"""What MWAA's own data and its logs are encrypted with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Aws, Fn
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.aws.resources.removal import removal_policy

if TYPE_CHECKING:
    from infra.aws.environment import Environment


class AirflowKey(Construct):
    """The key of one environment's metadata database, task queue, secrets and log groups.

    With a key of its own an environment needs no right to keys of other accounts. MWAA itself
    works by grants, which it makes with the rights of whoever makes the environment; CloudWatch
    Logs has to be let in here. MWAA cannot change to another key later.
    https://docs.aws.amazon.com/mwaa/latest/userguide/custom-keys-certs.html

    Attributes:
        key: the key, changed every year.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, environment: Environment, log_groups: str
    ) -> None:
        """Make the key.

        Arguments:
            scope: the construct that owns the key.
            construct_id: its name there.
            environment: decides whether the key outlives its stack.
            log_groups: ARN of the log groups, with wildcards.
        """
        super().__init__(scope, construct_id)
        self.key = kms.Key(
            self,
            "Key",
            description=f"Sluice: Airflow of {environment.name} and its logs.",
            enable_key_rotation=True,
            removal_policy=removal_policy(environment),
        )
        self.key.add_to_resource_policy(
            iam.PolicyStatement(
                sid="LogsOfTheEnvironment",
                actions=[
                    "kms:Decrypt",
                    "kms:DescribeKey",
                    "kms:Encrypt",
                    "kms:GenerateDataKey*",
                    "kms:ReEncrypt*",
                ],
                principals=[
                    iam.ServicePrincipal(Fn.join(".", ["logs", Aws.REGION, "amazonaws.com"]))
                ],
                resources=["*"],  # in a key's own policy: this key
                # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
                conditions={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": log_groups}},
            )
        )

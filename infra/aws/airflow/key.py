"""What MWAA's own data and its logs are encrypted with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.aws.resources.log_encryption import admit_log_groups
from infra.aws.resources.removal import removal_policy

if TYPE_CHECKING:
    from infra.aws.environment import Environment


class AirflowKey(Construct):
    """The key of one environment's metadata database, task queue, secrets and log groups.

    With a key of its own an environment needs no right to keys of other accounts. MWAA itself
    works by grants, which it makes with the rights of the one who makes the environment; CloudWatch
    Logs has to be let in here. MWAA cannot change to another key later.
    https://docs.aws.amazon.com/mwaa/latest/userguide/custom-keys-certs.html

    Attributes:
        key: the key, changed every year.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: Environment,
        log_groups: list[str],
    ) -> None:
        """Make the key.

        Arguments:
            scope: the construct that owns the key.
            construct_id: its name there.
            environment: decides whether the key outlives its stack.
            log_groups: names of those that are encrypted with it.
        """
        super().__init__(scope, construct_id)
        self.key = kms.Key(
            self,
            "Key",
            description=f"Sluice: Airflow of {environment.name} and its logs.",
            enable_key_rotation=True,
            removal_policy=removal_policy(environment),
        )
        admit_log_groups(self.key, *log_groups)

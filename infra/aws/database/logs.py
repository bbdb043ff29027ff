"""Where the warehouse writes its logs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Fn
from constructs import Construct

from infra.aws.resources.log_encryption import admit_log_groups, encrypted_log_group

if TYPE_CHECKING:
    from aws_cdk import aws_kms as kms

    from infra.aws.environment import Environment

# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.Troubleshooting.html
EXPORTS = ["iam-db-auth-error", "postgresql", "upgrade"]


class DatabaseLogs(Construct):
    """The log groups of an instance, made before RDS would make them to be kept forever.

    What enhanced monitoring says goes to RDSOSMetrics, a group that all instances of the account
    share and that is kept for 30 days.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: Environment,
        identifier: str,
        key: kms.Key,
    ) -> None:
        """Make them.

        Arguments:
            scope: the construct that owns the log groups.
            construct_id: its name there.
            environment: decides how long logs are kept.
            identifier: of the instance; RDS derives the names of the groups from it.
            key: what logs are encrypted with.
        """
        super().__init__(scope, construct_id)
        names = {
            export: Fn.join("/", ["/aws/rds/instance", identifier, export]) for export in EXPORTS
        }
        admit_log_groups(key, *names.values())
        for export, name in names.items():
            encrypted_log_group(self, export, environment=environment, key=key, name=name)

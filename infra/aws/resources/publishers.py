"""AWS services that publish to the alerts topic by themselves."""

from __future__ import annotations

from dataclasses import dataclass

from aws_cdk import Aws


@dataclass(frozen=True, kw_only=True)
class Publisher:
    """A service, and what of this account it publishes for.

    Attributes:
        sid: names its statement in a policy.
        service: its principal.
        source_arn: pattern of the ARNs in whose name it publishes.
    """

    sid: str
    service: str
    source_arn: str


# https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html
# https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-sns-policy.html
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Events.GrantingPermissions.html
PUBLISHERS = (
    Publisher(
        sid="Alarms",
        service="cloudwatch.amazonaws.com",
        source_arn=f"arn:{Aws.PARTITION}:cloudwatch:{Aws.REGION}:{Aws.ACCOUNT_ID}:alarm:*",
    ),
    Publisher(
        sid="Budgets",
        service="budgets.amazonaws.com",
        source_arn=f"arn:{Aws.PARTITION}:budgets::{Aws.ACCOUNT_ID}:*",
    ),
    Publisher(
        sid="EventsOfTheDatabase",
        service="events.rds.amazonaws.com",
        source_arn=f"arn:{Aws.PARTITION}:rds:{Aws.REGION}:{Aws.ACCOUNT_ID}:*",
    ),
)

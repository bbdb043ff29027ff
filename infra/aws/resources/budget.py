"""What a month may cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_budgets as budgets
from constructs import Construct

if TYPE_CHECKING:
    from aws_cdk import aws_sns as sns

    from infra.aws.environment import Environment


class Budget(Construct):
    """The budget of a month; the alerts topic receives a warning before it is spent, and after.

    It counts all of the account. Counting by tag would begin only once the tag has become a cost
    allocation tag, and stay silent until then.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, environment: Environment, topic: sns.ITopic
    ) -> None:
        super().__init__(scope, construct_id)
        budgets.CfnBudget(
            self,
            "Budget",
            budget=budgets.CfnBudget.BudgetDataProperty(
                budget_name=f"sluice-{environment.name}",
                budget_type="COST",
                time_unit="MONTHLY",
                budget_limit=budgets.CfnBudget.SpendProperty(
                    amount=environment.budget_usd, unit="USD"
                ),
            ),
            notifications_with_subscribers=[
                _warning(topic, kind="ACTUAL", percent=80),
                _warning(topic, kind="FORECASTED", percent=100),
            ],
        )


def _warning(
    topic: sns.ITopic, *, kind: str, percent: int
) -> budgets.CfnBudget.NotificationWithSubscribersProperty:
    return budgets.CfnBudget.NotificationWithSubscribersProperty(
        notification=budgets.CfnBudget.NotificationProperty(
            comparison_operator="GREATER_THAN",
            notification_type=kind,
            threshold=percent,
            threshold_type="PERCENTAGE",
        ),
        subscribers=[
            budgets.CfnBudget.SubscriberProperty(address=topic.topic_arn, subscription_type="SNS")
        ],
    )

"""What a month may cost before somebody is told."""

from __future__ import annotations

from typing import Any

import pytest

from infra.aws.environment import ENVIRONMENTS
from tests.unit.infra_aws.templates import Template, of_type


@pytest.fixture(params=["dev", "prod"])
def budget(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    """Each environment's name and the only budget of its platform."""
    template: Template = request.getfixturevalue(f"{request.param}_platform")
    ((_, properties),) = of_type(template, "AWS::Budgets::Budget").items()
    return request.param, properties


def test_budget_is_what_the_environment_may_cost_a_month(
    budget: tuple[str, dict[str, Any]],
) -> None:
    name, properties = budget
    assert properties["Budget"] == {
        "BudgetName": f"sluice-{name}",
        "BudgetType": "COST",
        "TimeUnit": "MONTHLY",
        "BudgetLimit": {"Amount": ENVIRONMENTS[name].budget_usd, "Unit": "USD"},
    }


def test_budget_tells_when_four_fifths_are_spent_and_when_all_of_it_will_be(
    budget: tuple[str, dict[str, Any]],
) -> None:
    _, properties = budget
    told = [each["Notification"] for each in properties["NotificationsWithSubscribers"]]
    assert [(n["NotificationType"], n["Threshold"]) for n in told] == [
        ("ACTUAL", 80),
        ("FORECASTED", 100),
    ]
    assert {(n["ComparisonOperator"], n["ThresholdType"]) for n in told} == {
        ("GREATER_THAN", "PERCENTAGE")
    }


def test_budget_tells_the_alerts_topic(budget: tuple[str, dict[str, Any]]) -> None:
    name, properties = budget
    stack = {"StackName": f"sluice-{name}-pipelines", "OutputName": "AlertsTopicArn"}
    for each in properties["NotificationsWithSubscribers"]:
        assert each["Subscribers"] == [
            {"SubscriptionType": "SNS", "Address": {"Fn::GetStackOutput": stack}}
        ]

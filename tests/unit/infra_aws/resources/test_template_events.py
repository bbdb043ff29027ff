"""What the stack promises of the event bus."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.infra_aws.templates import (
    Template,
    arn_behind,
    behind,
    of_type,
    statements,
)

EVENTS = {"source": ["sluice.csv_upload_to_dynamodb"]}


def the_only(template: Template, kind: str) -> tuple[str, dict[str, Any]]:
    ((logical_id, properties),) = of_type(template, kind).items()
    return logical_id, properties


def observer_of_the_rule(template: Template) -> dict[str, Any]:
    _, rule = the_only(template, "AWS::Events::Rule")
    (target,) = rule["Targets"]
    return dict(target)


def test_all_events_of_the_pipeline_reach_the_observer_queue(template: Template) -> None:
    _, rule = the_only(template, "AWS::Events::Rule")
    assert rule["EventBusName"] == {"Ref": behind(template, "EventsBus")[0]}
    assert rule["EventPattern"] == EVENTS
    assert rule.get("State", "ENABLED") == "ENABLED"
    target = observer_of_the_rule(template)
    assert target["Arn"] == arn_behind(template, "ObserverQueueUrl")
    assert target.keys() == {"Arn", "DeadLetterConfig", "Id"}


def test_events_that_cannot_be_delivered_go_to_a_dead_letter_queue(template: Template) -> None:
    dead_letters = observer_of_the_rule(template)["DeadLetterConfig"]["Arn"]["Fn::GetAtt"][0]
    assert dead_letters == behind(template, "ObserverDeadLetterQueueUrl")[0]


def test_only_the_rule_sends_to_the_observer_queue_and_its_dead_letter_queue(
    template: Template,
) -> None:
    rule_id, _ = the_only(template, "AWS::Events::Rule")
    target = observer_of_the_rule(template)
    for arn in (target["Arn"], target["DeadLetterConfig"]["Arn"]):
        queue = [{"Ref": arn["Fn::GetAtt"][0]}]
        (allowed,) = statements(
            template, kind="AWS::SQS::QueuePolicy", target=queue, effect="Allow"
        )
        assert (allowed["Principal"], allowed["Action"], allowed["Resource"]) == (
            {"Service": "events.amazonaws.com"},
            "sqs:SendMessage",
            arn,
        )
        assert allowed["Condition"] == {
            "ArnEquals": {"aws:SourceArn": {"Fn::GetAtt": [rule_id, "Arn"]}},
            "StringEqualsIfExists": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}},
        }


@pytest.mark.parametrize(("environment", "days"), [("dev", 7), ("prod", 90)])
def test_events_can_be_replayed_for_a_week_in_dev_and_a_quarter_in_prod(
    request: pytest.FixtureRequest, environment: str, days: int
) -> None:
    template = json.loads(request.getfixturevalue(f"{environment}_text"))
    _, archive = the_only(template, "AWS::Events::Archive")
    assert archive["SourceArn"] == arn_behind(template, "EventsBus")
    assert archive["EventPattern"] == EVENTS
    assert archive["RetentionDays"] == days

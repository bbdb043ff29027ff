"""Who can publish to the alerts topic, and who is told."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from infra.aws.environment import DEV
from tests.unit.infra_aws.templates import (
    ACCOUNT,
    REGION,
    Template,
    behind,
    of_type,
    resolved,
    statements,
)

RunCdk = Callable[..., subprocess.CompletedProcess[str]]

SOURCES = {
    "cloudwatch.amazonaws.com": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:*",
    "budgets.amazonaws.com": f"arn:aws:budgets::{ACCOUNT}:*",
    "events.rds.amazonaws.com": f"arn:aws:rds:{REGION}:{ACCOUNT}:*",
}
# It prints the template of dev's pipelines with somebody who reads mail.
SYNTHESIZE = """
import json
from dataclasses import replace
from infra.aws.environment import DEV
from infra.aws.synth import templates
mail = {"alerts_email": "data-platform@example.com", "failures_email": "on-call@example.com"}
made = templates(replace(DEV, **mail))["pipelines"]
print(json.dumps(json.loads(made)))
"""


def by_service(found: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {s["Principal"]["Service"]: s for s in found if "Service" in s["Principal"]}


@pytest.mark.parametrize("service", SOURCES)
def test_service_publishes_for_what_is_in_this_account_alone(
    template: Template, service: str
) -> None:
    topic = {"Ref": behind(template, "AlertsTopicArn")[0]}
    allowed = statements(template, kind="AWS::SNS::TopicPolicy", target=[topic], effect="Allow")
    statement = by_service(allowed)[service]
    assert (statement["Action"], statement["Resource"]) == ("sns:Publish", topic)
    assert resolved(statement["Condition"]) == {
        "ArnLike": {"aws:SourceArn": SOURCES[service]},
        "StringEqualsIfExists": {"aws:SourceAccount": ACCOUNT},
    }


def test_nobody_else_publishes_by_the_topics_policy(template: Template) -> None:
    topic = {"Ref": behind(template, "AlertsTopicArn")[0]}
    allowed = statements(template, kind="AWS::SNS::TopicPolicy", target=[topic], effect="Allow")
    assert by_service(allowed).keys() == SOURCES.keys()
    assert len(allowed) == len(SOURCES)


@pytest.mark.parametrize("service", SOURCES)
def test_service_that_publishes_may_use_the_key_and_not_for_another_account(
    template: Template, service: str
) -> None:
    ((_, key),) = of_type(template, "AWS::KMS::Key").items()
    statement = by_service(key["KeyPolicy"]["Statement"])[service]
    assert statement["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]
    assert resolved(statement["Condition"]) == {
        "ArnLikeIfExists": {"aws:SourceArn": SOURCES[service]},
        "StringEqualsIfExists": {"aws:SourceAccount": ACCOUNT},
    }


def test_key_is_the_accounts_and_used_by_no_other_service_than_those_that_publish(
    template: Template,
) -> None:
    ((_, key),) = of_type(template, "AWS::KMS::Key").items()
    account, *services = key["KeyPolicy"]["Statement"]
    assert resolved(account["Principal"]) == {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    assert by_service(services).keys() == {"s3.amazonaws.com", *SOURCES}
    assert len(services) == len(SOURCES) + 1


def test_no_environment_ships_with_somebodys_mail_address(template: Template) -> None:
    subscriptions = of_type(template, "AWS::SNS::Subscription").values()
    assert {subscription["Protocol"] for subscription in subscriptions} == {"sqs"}


@pytest.fixture(scope="module")
def mails(run_cdk: RunCdk) -> tuple[Template, dict[str, dict[str, Any]]]:
    """The template with both addresses, and their subscriptions."""
    done = run_cdk("-c", SYNTHESIZE)
    assert done.returncode == 0, done.stderr
    made: Template = json.loads(done.stdout)
    subscriptions = of_type(made, "AWS::SNS::Subscription").values()
    return made, {each["Endpoint"]: each for each in subscriptions if each["Protocol"] == "email"}


def test_who_reads_the_environments_mail_is_told_of_every_alert(
    mails: tuple[Template, dict[str, dict[str, Any]]],
) -> None:
    made, subscriptions = mails
    mail = subscriptions["data-platform@example.com"]
    assert mail["TopicArn"] == {"Ref": behind(made, "AlertsTopicArn")[0]}
    assert "FilterPolicy" not in mail


def test_who_wants_failures_alone_is_told_of_runs_that_failed(
    mails: tuple[Template, dict[str, dict[str, Any]]],
) -> None:
    made, subscriptions = mails
    mail = subscriptions["on-call@example.com"]
    assert mail["TopicArn"] == {"Ref": behind(made, "AlertsTopicArn")[0]}
    assert mail["FilterPolicy"] == {"status": ["failed"]}
    # What notices say: SNS takes a filter by attributes unless it is told otherwise.
    assert "FilterPolicyScope" not in mail


def test_one_address_has_one_subscription() -> None:
    with pytest.raises(ValueError, match="receives failures with all other notices"):
        replace(DEV, alerts_email="a@example.com", failures_email="a@example.com")

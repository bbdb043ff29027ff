"""What the stack promises of the way from the landing bucket to the pipelines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from tests.unit.infra_aws.templates import (
    ACCOUNT,
    REGION,
    Template,
    arn_behind,
    behind,
    dead_letter_queue_of,
    of_type,
    resolved,
    statements,
)


@dataclass(frozen=True)
class Pipeline:
    """One that files start.

    Attributes:
        prefix: where they land.
        outputs: how the names of its outputs begin.
    """

    prefix: str
    outputs: str


@pytest.fixture(
    params=[
        Pipeline("uploads/sqs/", "CsvUploadToSqs"),
        Pipeline("uploads/dynamodb/", "CsvUploadToDynamodb"),
    ],
    ids=lambda pipeline: pipeline.outputs,
)
def pipeline(request: pytest.FixtureRequest) -> Pipeline:
    given: Pipeline = request.param
    return given


def announcements(template: Template) -> list[dict[str, Any]]:
    _, bucket = behind(template, "LandingBucket")
    found: list[dict[str, Any]] = bucket["NotificationConfiguration"]["TopicConfigurations"]
    return found


def rules(announcement: dict[str, Any]) -> dict[str, str]:
    return {r["Name"]: r["Value"] for r in announcement["Filter"]["S3Key"]["Rules"]}


def topic_of(template: Template, prefix: str) -> str:
    """Return the logical id of the only topic that is told of a prefix."""
    (topic,) = {a["Topic"]["Ref"] for a in announcements(template) if rules(a)["prefix"] == prefix}
    return str(topic)


def subscription_to(template: Template, prefix: str) -> dict[str, Any]:
    """Return the only subscription to the topic of a prefix."""
    topic = {"Ref": topic_of(template, prefix)}
    found = of_type(template, "AWS::SNS::Subscription").values()
    (subscription,) = (s for s in found if s["TopicArn"] == topic)
    return dict(subscription)


def bucket_arn(template: Template) -> str:
    _, bucket = behind(template, "LandingBucket")
    return f"arn:aws:s3:::{resolved(bucket['BucketName'])}"


def test_bucket_tells_of_csv_files_plain_and_gzipped_in_both_letter_cases_and_of_nothing_else(
    template: Template,
) -> None:
    _, bucket = behind(template, "LandingBucket")
    assert bucket["NotificationConfiguration"].keys() == {"TopicConfigurations"}
    suffixes = [".CSV", ".CSV.GZ", ".CSV.gz", ".csv", ".csv.GZ", ".csv.gz"]
    of_exports = [".CSV", ".GZ", "_manifest.json", ".csv", ".gz"]
    assert sorted(tuple(rules(a).values()) for a in announcements(template)) == sorted(
        [
            *(("exports/", suffix) for suffix in of_exports),
            *(("uploads/dynamodb/", suffix) for suffix in suffixes),
            *(("uploads/sqs/", suffix) for suffix in suffixes),
        ]
    )
    assert {a["Event"] for a in announcements(template)} == {"s3:ObjectCreated:*"}


def test_no_key_fits_two_filters_which_s3_would_refuse(template: Template) -> None:
    filters = [tuple(rules(a).values()) for a in announcements(template)]
    for place, (prefix, suffix) in enumerate(filters):
        for other_prefix, other_suffix in filters[place + 1 :]:
            one_begins_the_other = prefix.startswith(other_prefix) or other_prefix.startswith(
                prefix
            )
            one_ends_the_other = suffix.endswith(other_suffix) or other_suffix.endswith(suffix)
            assert not (one_begins_the_other and one_ends_the_other), (suffix, other_suffix)


def test_each_prefix_has_a_topic_of_its_own(template: Template) -> None:
    assert topic_of(template, "uploads/sqs/") != topic_of(template, "uploads/dynamodb/")


def test_bucket_is_made_after_the_policies_that_let_it_publish(template: Template) -> None:
    logical_id, _ = behind(template, "LandingBucket")
    policies = {
        name
        for name, policy in of_type(template, "AWS::SNS::TopicPolicy").items()
        if policy["Topics"][0]["Ref"] in {a["Topic"]["Ref"] for a in announcements(template)}
    }
    assert len(policies) == 3
    assert policies <= set(template["Resources"][logical_id]["DependsOn"])


def test_only_the_landing_bucket_of_this_account_publishes_arrivals(
    template: Template, pipeline: Pipeline
) -> None:
    topic = {"Ref": topic_of(template, pipeline.prefix)}
    (allowed,) = statements(template, kind="AWS::SNS::TopicPolicy", target=[topic], effect="Allow")
    assert (allowed["Principal"], allowed["Action"], allowed["Resource"]) == (
        {"Service": "s3.amazonaws.com"},
        "sns:Publish",
        topic,
    )
    assert resolved(allowed["Condition"]) == {
        "ArnEquals": {"aws:SourceArn": bucket_arn(template)},
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
    }


def test_s3_uses_the_key_of_the_topics_for_the_landing_bucket_alone(template: Template) -> None:
    ((_, key),) = of_type(template, "AWS::KMS::Key").items()
    (s3,) = (s for s in key["KeyPolicy"]["Statement"] if "s3" in str(s["Principal"]))
    assert s3["Principal"] == {"Service": "s3.amazonaws.com"}
    assert s3["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]
    assert resolved(s3["Condition"]) == {
        "ArnEquals": {"aws:SourceArn": bucket_arn(template)},
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
    }


def test_queue_of_the_pipeline_receives_the_events_of_s3_as_they_are(
    template: Template, pipeline: Pipeline
) -> None:
    subscription = subscription_to(template, pipeline.prefix)
    assert subscription["Protocol"] == "sqs"
    assert subscription["Endpoint"] == arn_behind(template, f"{pipeline.outputs}QueueUrl")
    assert subscription["RawMessageDelivery"] is True
    assert "FilterPolicy" not in subscription


def test_what_the_topic_cannot_deliver_goes_to_the_dead_letter_queue(
    template: Template, pipeline: Pipeline
) -> None:
    subscription = subscription_to(template, pipeline.prefix)
    dead_letters = arn_behind(template, f"{pipeline.outputs}DeadLetterQueueUrl")
    assert subscription["RedrivePolicy"] == {"deadLetterTargetArn": dead_letters}


@pytest.mark.parametrize("queue", ["QueueUrl", "DeadLetterQueueUrl"])
def test_only_the_topic_of_this_account_sends_to_the_queues_of_the_pipeline(
    template: Template, pipeline: Pipeline, queue: str
) -> None:
    logical_id, _ = behind(template, f"{pipeline.outputs}{queue}")
    (allowed,) = statements(
        template, kind="AWS::SQS::QueuePolicy", target=[{"Ref": logical_id}], effect="Allow"
    )
    assert (allowed["Principal"], allowed["Action"], allowed["Resource"]) == (
        {"Service": "sns.amazonaws.com"},
        "sqs:SendMessage",
        {"Fn::GetAtt": [logical_id, "Arn"]},
    )
    assert allowed["Condition"] == {
        "ArnEquals": {"aws:SourceArn": {"Ref": topic_of(template, pipeline.prefix)}},
        "StringEqualsIfExists": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}},
    }


def test_arrival_that_three_runs_gave_up_goes_to_the_dead_letter_queue_of_its_pipeline(
    template: Template, pipeline: Pipeline
) -> None:
    _, queue = behind(template, f"{pipeline.outputs}QueueUrl")
    dead_letter_id, _ = behind(template, f"{pipeline.outputs}DeadLetterQueueUrl")
    assert dead_letter_queue_of(template, f"{pipeline.outputs}QueueUrl") == dead_letter_id
    assert queue["RedrivePolicy"]["maxReceiveCount"] == 3


def test_dead_letter_queue_takes_from_the_queue_of_its_pipeline_alone(
    template: Template, pipeline: Pipeline
) -> None:
    _, queue = behind(template, f"{pipeline.outputs}QueueUrl")
    _, dead_letters = behind(template, f"{pipeline.outputs}DeadLetterQueueUrl")
    name = resolved(queue["QueueName"])
    assert resolved(dead_letters["RedriveAllowPolicy"]) == {
        "redrivePermission": "byQueue",
        "sourceQueueArns": [f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"],
    }


def test_a_run_has_an_hour_before_its_arrivals_are_given_to_another(
    template: Template, pipeline: Pipeline
) -> None:
    _, queue = behind(template, f"{pipeline.outputs}QueueUrl")
    assert queue["VisibilityTimeout"] == 3600

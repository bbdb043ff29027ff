"""What the stack promises of the JSON queue, items, changes and alerts."""

from __future__ import annotations

import json

from tests.unit.infra_aws.templates import (
    Template,
    behind,
    dead_letter_queue_of,
    of_type,
    refusals_of_plain_http,
)


def test_messages_nobody_can_handle_go_to_the_dead_letter_queue(template: Template) -> None:
    logical_id, queue = behind(template, "JsonQueueUrl")
    assert dead_letter_queue_of(template, "JsonQueueUrl") != logical_id
    assert queue["RedrivePolicy"]["maxReceiveCount"] == 5


def test_every_dead_letter_is_kept_longer_than_any_message(template: Template) -> None:
    queues = of_type(template, "AWS::SQS::Queue")
    dead_letters = {
        queue["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0]
        for queue in queues.values()
        if "RedrivePolicy" in queue
    }
    assert len(dead_letters) == 4
    (longest,) = {queues[logical_id]["MessageRetentionPeriod"] for logical_id in dead_letters}
    assert longest == 14 * 24 * 3600
    for queue in queues.values():
        assert "RedrivePolicy" not in queue or queue["MessageRetentionPeriod"] < longest


def test_every_queue_is_encrypted(template: Template) -> None:
    for queue in of_type(template, "AWS::SQS::Queue").values():
        assert queue["SqsManagedSseEnabled"] is True


def test_every_queue_is_reached_by_tls_only(template: Template) -> None:
    for logical_id in of_type(template, "AWS::SQS::Queue"):
        (refusal,) = refusals_of_plain_http(
            template, kind="AWS::SQS::QueuePolicy", target=[{"Ref": logical_id}]
        )
        assert refusal["Action"] == "sqs:*"
        assert refusal["Resource"] == {"Fn::GetAtt": [logical_id, "Arn"]}


def test_every_topic_is_encrypted_with_one_key_that_changes_every_year(
    template: Template,
) -> None:
    ((key_id, key),) = of_type(template, "AWS::KMS::Key").items()
    assert key["EnableKeyRotation"] is True
    for topic in of_type(template, "AWS::SNS::Topic").values():
        assert topic["KmsMasterKeyId"] == {"Fn::GetAtt": [key_id, "Arn"]}


def test_every_topic_is_published_to_by_tls_only(template: Template) -> None:
    for logical_id in of_type(template, "AWS::SNS::Topic"):
        (refusal,) = refusals_of_plain_http(
            template, kind="AWS::SNS::TopicPolicy", target=[{"Ref": logical_id}]
        )
        assert refusal["Action"] == "sns:Publish"
        assert refusal["Resource"] == {"Ref": logical_id}


def test_items_are_keyed_by_the_string_id(template: Template) -> None:
    _, table = behind(template, "ItemsTable")
    assert table["KeySchema"] == [{"AttributeName": "id", "KeyType": "HASH"}]
    assert table["AttributeDefinitions"] == [{"AttributeName": "id", "AttributeType": "S"}]


def test_items_table_scales_on_demand_and_can_be_restored_to_any_moment(
    template: Template,
) -> None:
    _, table = behind(template, "ItemsTable")
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}


def test_items_table_is_encrypted(template: Template) -> None:
    _, table = behind(template, "ItemsTable")
    assert table["SSESpecification"] == {"SSEEnabled": True}


def test_changes_stream_is_encrypted(template: Template) -> None:
    _, stream = behind(template, "ChangesStream")
    assert stream["StreamEncryption"] == {"EncryptionType": "KMS", "KeyId": "alias/aws/kinesis"}


def test_in_prod_the_items_table_cannot_be_deleted_by_mistake(prod_text: str) -> None:
    _, table = behind(json.loads(prod_text), "ItemsTable")
    assert table["DeletionProtectionEnabled"] is True


def test_in_prod_the_changes_stream_scales_on_demand_and_keeps_a_week(prod_text: str) -> None:
    _, stream = behind(json.loads(prod_text), "ChangesStream")
    assert stream["StreamModeDetails"] == {"StreamMode": "ON_DEMAND"}
    assert "ShardCount" not in stream
    assert stream["RetentionPeriodHours"] == 7 * 24


def test_in_dev_the_changes_stream_is_one_shard_that_keeps_a_day(dev_text: str) -> None:
    _, stream = behind(json.loads(dev_text), "ChangesStream")
    assert stream["StreamModeDetails"] == {"StreamMode": "PROVISIONED"}
    assert (stream["ShardCount"], stream["RetentionPeriodHours"]) == (1, 24)

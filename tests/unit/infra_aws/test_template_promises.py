"""What the pipelines' stack promises, read from its templates as plain JSON."""

from __future__ import annotations

import json
from typing import Any

BUCKETS = ("LandingBucket", "LakeBucket")
HOLD_DATA = {
    "AWS::S3::Bucket",
    "AWS::S3::BucketPolicy",
    "AWS::DynamoDB::Table",
    "AWS::Kinesis::Stream",
    "AWS::SQS::Queue",
}
PHYSICAL_NAMES = {"BucketName", "QueueName", "TableName", "TopicName", "Name"}

Template = dict[str, Any]


def of_type(template: Template, kind: str) -> dict[str, Any]:
    """Return properties by logical id; an absent type is a failure, not an empty success."""
    found = {
        logical_id: resource["Properties"]
        for logical_id, resource in template["Resources"].items()
        if resource["Type"] == kind
    }
    assert found, f"no {kind} in the template"
    return found


def behind(template: Template, output: str) -> tuple[str, dict[str, Any]]:
    """Return logical id and properties of the resource whose Ref an output gives."""
    logical_id = template["Outputs"][output]["Value"]["Ref"]
    return logical_id, template["Resources"][logical_id]["Properties"]


def lifecycle_rules(template: Template, output: str) -> list[dict[str, Any]]:
    _, bucket = behind(template, output)
    rules: list[dict[str, Any]] = bucket["LifecycleConfiguration"]["Rules"]
    assert all(rule["Status"] == "Enabled" for rule in rules)
    return rules


def refusals_of_plain_http(template: Template, *, kind: str, target: Any) -> list[dict[str, Any]]:
    """Return statements for everybody that deny what comes without TLS, in policies of a target."""
    target_key = {"AWS::S3::BucketPolicy": "Bucket", "AWS::SQS::QueuePolicy": "Queues"}
    return [
        statement
        for policy in of_type(template, kind).values()
        if policy[target_key.get(kind, "Topics")] == target
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Deny"
        and statement["Principal"] in ("*", {"AWS": "*"})
        and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    ]


def test_outputs_are_exactly_what_the_settings_name(template: Template) -> None:
    assert set(template["Outputs"]) == {
        "LandingBucket",
        "LakeBucket",
        "JsonQueueUrl",
        "ItemsTable",
        "ChangesStream",
        "AlertsTopicArn",
    }


def test_outputs_are_exported_to_no_other_stack(template: Template) -> None:
    assert [name for name, output in template["Outputs"].items() if "Export" in output] == []


def test_template_deploys_as_it_is_without_bootstrap_parameters_or_rules(
    template: Template,
) -> None:
    assert set(template) == {"Description", "Outputs", "Resources"}


def test_template_has_only_resources_that_cloudformation_makes_itself(template: Template) -> None:
    assert {resource["Type"] for resource in template["Resources"].values()} == {
        "AWS::DynamoDB::Table",
        "AWS::Kinesis::Stream",
        "AWS::S3::Bucket",
        "AWS::S3::BucketPolicy",
        "AWS::SNS::Topic",
        "AWS::SNS::TopicPolicy",
        "AWS::SQS::Queue",
        "AWS::SQS::QueuePolicy",
    }


def test_no_resource_has_a_name_of_its_own_so_that_stacks_fit_side_by_side(
    template: Template,
) -> None:
    resources = template["Resources"].values()
    assert [r for r in resources if PHYSICAL_NAMES & r["Properties"].keys()] == []


def test_landing_and_lake_are_two_buckets_and_there_is_no_third(template: Template) -> None:
    assert {behind(template, name)[0] for name in BUCKETS} == set(
        of_type(template, "AWS::S3::Bucket")
    )
    assert len(of_type(template, "AWS::S3::Bucket")) == 2


def test_every_bucket_blocks_public_access(template: Template) -> None:
    for bucket in of_type(template, "AWS::S3::Bucket").values():
        assert bucket["PublicAccessBlockConfiguration"] == {
            "BlockPublicAcls": True,
            "BlockPublicPolicy": True,
            "IgnorePublicAcls": True,
            "RestrictPublicBuckets": True,
        }


def test_every_bucket_owns_its_objects_and_has_no_access_lists(template: Template) -> None:
    for bucket in of_type(template, "AWS::S3::Bucket").values():
        assert bucket["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
        assert "AccessControl" not in bucket


def test_every_bucket_is_versioned(template: Template) -> None:
    for bucket in of_type(template, "AWS::S3::Bucket").values():
        assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}


def test_every_bucket_is_encrypted(template: Template) -> None:
    for bucket in of_type(template, "AWS::S3::Bucket").values():
        (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}


def test_every_bucket_and_its_objects_are_reached_by_tls_only(template: Template) -> None:
    for logical_id in of_type(template, "AWS::S3::Bucket"):
        (refusal,) = refusals_of_plain_http(
            template, kind="AWS::S3::BucketPolicy", target={"Ref": logical_id}
        )
        bucket = {"Fn::GetAtt": [logical_id, "Arn"]}
        assert refusal["Action"] == "s3:*"
        assert refusal["Resource"] == [bucket, {"Fn::Join": ["", [bucket, "/*"]]}]


def test_no_bucket_policy_allows_anything(template: Template) -> None:
    for policy in of_type(template, "AWS::S3::BucketPolicy").values():
        assert {s["Effect"] for s in policy["PolicyDocument"]["Statement"]} == {"Deny"}


def test_every_bucket_clears_up_broken_uploads_after_a_day(template: Template) -> None:
    for output in BUCKETS:
        assert {
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
            "Status": "Enabled",
        } in lifecycle_rules(template, output)


def test_handed_over_files_in_work_expire_after_seven_days_with_all_versions(
    template: Template,
) -> None:
    (rule,) = [r for r in lifecycle_rules(template, "LakeBucket") if r.get("Prefix") == "work/"]
    assert rule["ExpirationInDays"] == 7
    assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 1}


def test_no_rule_touches_the_archive_in_raw_or_its_versions(template: Template) -> None:
    for rule in lifecycle_rules(template, "LakeBucket"):
        harmless = rule.keys() <= {"AbortIncompleteMultipartUpload", "Status"}
        assert harmless or rule["Prefix"] == "work/"


def test_landed_files_stay_and_only_overwritten_versions_expire(template: Template) -> None:
    expiring = [
        rule.keys() - {"Status"}
        for rule in lifecycle_rules(template, "LandingBucket")
        if "AbortIncompleteMultipartUpload" not in rule
    ]
    assert expiring == [{"NoncurrentVersionExpiration"}]


def test_messages_nobody_can_handle_go_to_the_dead_letter_queue(template: Template) -> None:
    logical_id, queue = behind(template, "JsonQueueUrl")
    (dead_letter_id,) = of_type(template, "AWS::SQS::Queue").keys() - {logical_id}
    assert queue["RedrivePolicy"] == {
        "deadLetterTargetArn": {"Fn::GetAtt": [dead_letter_id, "Arn"]},
        "maxReceiveCount": 5,
    }


def test_dead_letters_are_kept_longer_than_messages(template: Template) -> None:
    logical_id, queue = behind(template, "JsonQueueUrl")
    (dead_letters,) = (
        properties
        for other, properties in of_type(template, "AWS::SQS::Queue").items()
        if other != logical_id
    )
    assert dead_letters["MessageRetentionPeriod"] > queue["MessageRetentionPeriod"]


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


def test_alerts_topic_is_encrypted(template: Template) -> None:
    _, topic = behind(template, "AlertsTopicArn")
    assert json.dumps(topic["KmsMasterKeyId"]).count(":alias/aws/sns") == 1


def test_alerts_are_published_by_tls_only(template: Template) -> None:
    logical_id, _ = behind(template, "AlertsTopicArn")
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


def test_in_prod_everything_that_holds_data_outlives_the_stack(prod_text: str) -> None:
    resources = json.loads(prod_text)["Resources"].values()
    holding = [resource for resource in resources if resource["Type"] in HOLD_DATA]
    assert {resource["Type"] for resource in holding} == HOLD_DATA
    for resource in holding:
        assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("Retain", "Retain")


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


def test_in_dev_nothing_but_objects_in_a_bucket_stops_the_stack_from_going(dev_text: str) -> None:
    template = json.loads(dev_text)
    for resource in template["Resources"].values():
        assert resource.get("DeletionPolicy", "Delete") == "Delete"
    assert behind(template, "ItemsTable")[1]["DeletionProtectionEnabled"] is False

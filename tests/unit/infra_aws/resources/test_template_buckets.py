"""What the stack promises of buckets."""

from __future__ import annotations

import json
from typing import Any

import pytest

from infra.aws.environment import DEV, PROD, Environment
from tests.unit.infra_aws.templates import (
    Template,
    behind,
    of_type,
    refusals_of_plain_http,
    resolved,
)

BUCKETS = ("LandingBucket", "LakeBucket")


def lifecycle_rules(template: Template, output: str) -> list[dict[str, Any]]:
    _, bucket = behind(template, output)
    rules: list[dict[str, Any]] = bucket["LifecycleConfiguration"]["Rules"]
    assert all(rule["Status"] == "Enabled" for rule in rules)
    return rules


def test_landing_and_lake_are_two_buckets_and_there_is_no_third(template: Template) -> None:
    assert {behind(template, name)[0] for name in BUCKETS} == set(
        of_type(template, "AWS::S3::Bucket")
    )
    assert len(of_type(template, "AWS::S3::Bucket")) == 2


def test_the_landing_buckets_name_is_not_too_long_for_s3_anywhere(template: Template) -> None:
    _, bucket = behind(template, "LandingBucket")
    assert len(resolved(bucket["BucketName"])) <= 63


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


def test_without_partners_no_bucket_policy_allows_anything(template: Template) -> None:
    for policy in of_type(template, "AWS::S3::BucketPolicy").values():
        assert {s["Effect"] for s in policy["PolicyDocument"]["Statement"]} == {"Deny"}


def test_every_bucket_clears_up_broken_uploads_after_a_day(template: Template) -> None:
    for output in BUCKETS:
        assert {
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
            "Status": "Enabled",
        } in lifecycle_rules(template, output)


@pytest.mark.parametrize("prefix", ["work/", "athena/", "page/v1/traces/"])
def test_what_is_handed_over_queried_or_traced_expires_after_seven_days_with_all_versions(
    template: Template, prefix: str
) -> None:
    (rule,) = [r for r in lifecycle_rules(template, "LakeBucket") if r.get("Prefix") == prefix]
    assert rule["ExpirationInDays"] == 7
    assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 1}


@pytest.mark.parametrize("environment", [DEV, PROD], ids=["dev", "prod"])
def test_deleted_rows_of_an_export_can_be_taken_back_as_long_as_the_warehouse_can_be_put_back(
    request: pytest.FixtureRequest, environment: Environment
) -> None:
    template = json.loads(request.getfixturevalue(f"{environment.name}_text"))
    (rule,) = [r for r in lifecycle_rules(template, "LakeBucket") if r.get("Prefix") == "exports/"]
    assert rule == {
        "ExpiredObjectDeleteMarker": True,
        "NoncurrentVersionExpiration": {"NoncurrentDays": environment.backup_days},
        "Prefix": "exports/",
        "Status": "Enabled",
    }


@pytest.mark.parametrize(("prefix", "days"), [("lake/", 7), ("page/", 1)])
def test_files_of_the_lake_that_were_replaced_can_be_taken_back_for_a_week_and_summaries_for_a_day(
    template: Template, prefix: str, days: int
) -> None:
    (rule,) = [r for r in lifecycle_rules(template, "LakeBucket") if r.get("Prefix") == prefix]
    assert rule == {
        "ExpiredObjectDeleteMarker": True,
        "NoncurrentVersionExpiration": {"NoncurrentDays": days},
        "Prefix": prefix,
        "Status": "Enabled",
    }


def test_answers_of_apis_go_to_infrequent_access_after_30_days_and_stay(
    template: Template,
) -> None:
    (rule,) = [r for r in lifecycle_rules(template, "LakeBucket") if r.get("Prefix") == "raw/api/"]
    assert rule == {
        "Prefix": "raw/api/",
        "Status": "Enabled",
        "Transitions": [{"StorageClass": "STANDARD_IA", "TransitionInDays": 30}],
    }


def test_no_rule_deletes_of_the_archive_in_raw_or_its_versions(template: Template) -> None:
    for rule in lifecycle_rules(template, "LakeBucket"):
        harmless = {"AbortIncompleteMultipartUpload", "Prefix", "Status", "Transitions"}
        kept = rule.keys() <= harmless
        others = ("athena/", "exports/", "lake/", "page/", "page/v1/traces/", "work/")
        assert kept or rule["Prefix"] in others


def test_landed_files_stay_and_only_overwritten_versions_expire(template: Template) -> None:
    expiring = [
        rule.keys() - {"Status"}
        for rule in lifecycle_rules(template, "LandingBucket")
        if "AbortIncompleteMultipartUpload" not in rule
    ]
    assert expiring == [{"NoncurrentVersionExpiration"}]

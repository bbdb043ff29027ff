"""What the stack of the code promises."""

from __future__ import annotations

from typing import Any

from tests.unit.infra_aws.templates import (
    Template,
    behind,
    of_type,
    refusals_of_plain_http,
)


def bucket_of(code: Template) -> dict[str, Any]:
    return behind(code, "CodeBucket")[1]


def test_every_version_of_the_code_stays_for_a_year(code: Template) -> None:
    found = bucket_of(code)
    assert found["VersioningConfiguration"] == {"Status": "Enabled"}
    rules = found["LifecycleConfiguration"]["Rules"]
    key = "NoncurrentVersionExpiration"
    old = [rule[key] for rule in rules if key in rule]
    assert [each["NoncurrentDays"] for each in old] == [365]
    assert [rule for rule in rules if "ExpirationInDays" in rule] == []


def test_code_is_closed_to_the_public_as_mwaa_demands(code: Template) -> None:
    found = bucket_of(code)
    assert found["PublicAccessBlockConfiguration"] == {
        "BlockPublicAcls": True,
        "BlockPublicPolicy": True,
        "IgnorePublicAcls": True,
        "RestrictPublicBuckets": True,
    }
    assert found["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]


def test_code_is_encrypted_with_the_key_of_s3(code: Template) -> None:
    (rule,) = bucket_of(code)["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule == {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}


def test_code_is_reached_by_tls_only(code: Template) -> None:
    logical_id, _ = behind(code, "CodeBucket")
    (refusal,) = refusals_of_plain_http(
        code, kind="AWS::S3::BucketPolicy", target={"Ref": logical_id}
    )
    assert refusal["Action"] == "s3:*"
    (policy,) = of_type(code, "AWS::S3::BucketPolicy").values()
    effects = [statement["Effect"] for statement in policy["PolicyDocument"]["Statement"]]
    assert effects == ["Deny"]  # nobody is let in by the bucket itself

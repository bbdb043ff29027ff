"""What partners may do in the landing bucket, and which partners an environment can have."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from include.core.exports.names import read_key
from infra.aws.environment import DEV, ENVIRONMENTS
from infra.aws.uploads import Partner
from tests.unit.infra_aws.templates import Template, arn_behind, behind, statements

RunCdk = Callable[..., subprocess.CompletedProcess[str]]

ROLE = "arn:aws:iam::210987654321:role/uploads"
# Given partners as JSON, it prints the template of each environment that has them.
SYNTHESIZE = """
import json, sys
from dataclasses import replace
from infra.aws.environment import ENVIRONMENTS
from infra.aws.synth import templates
from infra.aws.uploads import Partner
partners = tuple(Partner(**partner) for partner in json.loads(sys.argv[1]))
for environment in ENVIRONMENTS.values():
    made = templates(replace(environment, partners=partners))["pipelines"]
    print(json.dumps(json.loads(made)))
"""


def partner(**given: str) -> dict[str, str]:
    example = {"name": "Example", "principal": ROLE, "prefix": "uploads/sqs/example/"}
    return {**example, **given}


@pytest.fixture(scope="session")
def templates(run_cdk: RunCdk) -> list[Template]:
    """Return each environment's template with partners: a role, an account, and a tenant."""
    account = partner(name="Other", principal="210987654321", prefix="uploads/dynamodb/other/")
    tenant = partner(name="Tenant", prefix="exports/acme/")
    done = run_cdk("-c", SYNTHESIZE, json.dumps([partner(), account, tenant]))
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def permissions(template: Template) -> dict[str, dict[str, Any]]:
    logical_id, _ = behind(template, "LandingBucket")
    allowed = statements(
        template, kind="AWS::S3::BucketPolicy", target={"Ref": logical_id}, effect="Allow"
    )
    return {statement["Sid"]: statement for statement in allowed}


def test_both_environments_can_have_partners(templates: list[Template]) -> None:
    assert len(templates) == 2
    for template in templates:
        assert permissions(template).keys() == {
            "UploadsOfExample",
            "UploadsOfOther",
            "UploadsOfTenant",
        }


def test_partner_only_puts_objects_whole_or_in_parts(templates: list[Template]) -> None:
    for template in templates:
        for statement in permissions(template).values():
            assert statement["Action"] == [
                "s3:AbortMultipartUpload",
                "s3:ListMultipartUploadParts",
                "s3:PutObject",
            ]


def test_partner_only_reaches_the_own_prefix(templates: list[Template]) -> None:
    for template in templates:
        bucket = arn_behind(template, "LandingBucket")
        places = {sid: s["Resource"] for sid, s in permissions(template).items()}
        assert places == {
            "UploadsOfExample": {"Fn::Join": ["", [bucket, "/uploads/sqs/example/*"]]},
            "UploadsOfOther": {"Fn::Join": ["", [bucket, "/uploads/dynamodb/other/*"]]},
            "UploadsOfTenant": {"Fn::Join": ["", [bucket, "/exports/acme/*"]]},
        }


def test_partner_is_a_role_or_an_account(templates: list[Template]) -> None:
    for template in templates:
        allowed = permissions(template)
        assert allowed["UploadsOfExample"]["Principal"] == {"AWS": ROLE}
        account = allowed["UploadsOfOther"]["Principal"]["AWS"]["Fn::Join"]
        assert account == ["", ["arn:", {"Ref": "AWS::Partition"}, ":iam::210987654321:root"]]


def test_partner_cannot_encrypt_a_file_with_a_key_that_nobody_here_has(
    templates: list[Template],
) -> None:
    for template in templates:
        for statement in permissions(template).values():
            assert statement["Condition"] == {
                "StringEqualsIfExists": {"s3:x-amz-server-side-encryption": "AES256"}
            }


def test_partner_has_no_other_resource(templates: list[Template]) -> None:
    for template in templates:
        elsewhere = {
            name: resource
            for name, resource in template["Resources"].items()
            if resource["Type"] != "AWS::S3::BucketPolicy"
        }
        assert "210987654321" not in json.dumps(elsewhere)


@pytest.mark.parametrize(
    "prefix",
    [
        "",
        "uploads/sqs/",
        "uploads/sqs/example",
        "uploads/sqs/*/",
        "uploads/sqs/${aws:username}/",
        "uploads/sqs/a/b/",
        "uploads/sqs//",
        "uploads/other/example/",
        "exports/",
        "exports/example/orders/",
        "exports/*/",
        "exports/-acme/",
        "exports/./",
    ],
)
def test_place_that_is_not_one_folder_below_a_landing_prefix_is_refused(prefix: str) -> None:
    with pytest.raises(ValueError, match="not a folder right below a landing prefix"):
        Partner(**partner(prefix=prefix))


@pytest.mark.parametrize("tenant", ["acme", "acme-2", "Acme.EU", "2_acme"])
def test_partner_of_any_tenant_can_send_exports_that_are_taken(tenant: str) -> None:
    given = Partner(**partner(prefix=f"exports/{tenant}/"))
    taken = read_key(f"{given.prefix}orders/2026-11-27/all.csv.gz", prefix="exports/")
    assert taken.export["tenant"] == tenant


@pytest.mark.parametrize(
    "principal",
    [
        "*",
        "",
        "12345",
        "arn:aws:iam::*:root",
        "arn:aws:iam::210987654321:role/*",
        "s3.amazonaws.com",
    ],
)
def test_principal_that_is_not_one_account_role_or_user_is_refused(principal: str) -> None:
    with pytest.raises(ValueError, match="neither an account nor a role or user in it"):
        Partner(**partner(principal=principal))


def test_name_that_cannot_name_a_statement_is_refused() -> None:
    with pytest.raises(ValueError, match="letters and digits"):
        Partner(**partner(name="Example & Co"))


@pytest.mark.parametrize("shared", ["name", "prefix"])
def test_two_partners_of_one_name_or_in_one_place_are_refused(shared: str) -> None:
    other = {"name": "Other", "prefix": "uploads/sqs/other/"}
    given = (Partner(**partner()), Partner(**partner(**{**other, shared: partner()[shared]})))
    with pytest.raises(ValueError, match=f"share the {shared}"):
        replace(DEV, partners=given)


def test_no_environment_ships_with_a_partner() -> None:
    assert {name: environment.partners for name, environment in ENVIRONMENTS.items()} == {
        "dev": (),
        "prod": (),
    }

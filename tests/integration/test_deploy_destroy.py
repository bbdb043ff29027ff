"""What keeps an environment from being destroyed, and what of it outlives that."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError

from infra.deploy import stacks
from infra.deploy.account import Account
from infra.deploy.destroying import destroy
from infra.deploy.errors import DeployError
from infra.local import aws as emulators
from tests.support.emulated_cdk import ByApi

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from infra.deploy.cdk import Cdk
    from tests.conftest import Aws

PLATFORM, CODE = "sluice-prod-platform", "sluice-prod-code"


def bucket(policy: str) -> dict[str, Any]:
    return {"Type": "AWS::S3::Bucket", "DeletionPolicy": policy}


DATABASE = {
    "Type": "AWS::RDS::DBInstance",
    "Properties": {
        "DBInstanceIdentifier": "sluice-prod-warehouse",
        "DBInstanceClass": "db.t4g.small",
        "Engine": "postgres",
        "AllocatedStorage": "20",
        "MasterUsername": "owner",
        "ManageMasterUserPassword": True,
        "DeletionProtection": True,
    },
}


@pytest.fixture
def account(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Account:
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.endpoint)
    session = boto3.Session(
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106 -- the emulator takes any
        region_name=emulators.REGION,
    )
    return Account(number="000000000000", region=emulators.REGION, caller="me", session=session)


@pytest.fixture
def cdk(account: Account, tmp_path: Path) -> Cdk:
    return ByApi(account=account, environment="prod", assembly=tmp_path)


@pytest.fixture
def buckets(aws: Aws) -> Iterator[dict[str, str]]:
    """Stacks of prod with a bucket that they keep and one that they delete, each with a file."""
    cloudformation = aws.client("cloudformation")
    template = {"Resources": {"Kept": bucket("Retain"), "Gone": bucket("Delete")}}
    cloudformation.create_stack(
        StackName=CODE, TemplateBody=json.dumps(template), EnableTerminationProtection=True
    )
    cloudformation.get_waiter("stack_create_complete").wait(
        StackName=CODE, WaiterConfig={"Delay": 0.1, "MaxAttempts": 100}
    )
    found = stacks.resources(cloudformation, CODE)
    names = {resource.fate: resource.name for resource in found}
    for name in names.values():
        aws.client("s3").put_object(Bucket=name, Key="a", Body=b"a")
    yield names
    with suppress(ClientError):
        unprotect(aws)
        cloudformation.delete_stack(StackName=CODE)


def unprotect(aws: Aws) -> None:
    aws.client("cloudformation").update_termination_protection(
        StackName=CODE, EnableTerminationProtection=False
    )


def go(account: Account, cdk: Cdk, *, confirmed: bool = True) -> None:
    destroy("prod", account=account, cdk=cdk, confirm=lambda: confirmed, confirm_keys=lambda: False)


def test_protected_environment_is_refused_before_anybody_is_asked(
    account: Account, cdk: Cdk, buckets: dict[str, str], aws: Aws
) -> None:
    def ask() -> bool:
        raise AssertionError

    with pytest.raises(DeployError, match=rf"(?s)prod is protected.*{CODE} has termination"):
        destroy("prod", account=account, cdk=cdk, confirm=ask, confirm_keys=ask)
    for name in buckets.values():
        assert aws.client("s3").head_object(Bucket=name, Key="a")


def test_bucket_that_its_stack_keeps_is_not_emptied_and_is_told(
    account: Account,
    cdk: Cdk,
    buckets: dict[str, str],
    aws: Aws,
    capsys: pytest.CaptureFixture[str],
) -> None:
    unprotect(aws)
    go(account, cdk)
    s3 = aws.client("s3")
    assert s3.head_object(Bucket=buckets["Retain"], Key="a")
    assert buckets["Delete"] not in {each["Name"] for each in s3.list_buckets()["Buckets"]}
    before, after = capsys.readouterr().out.split("what stays")
    assert f"emptied, all versions: {buckets['Delete']}" in before
    assert buckets["Retain"] not in before
    assert f"AWS::S3::Bucket {buckets['Retain']}" in after


def test_nothing_is_deleted_unless_confirmed(
    account: Account, cdk: Cdk, buckets: dict[str, str], aws: Aws
) -> None:
    unprotect(aws)
    with pytest.raises(DeployError, match="nothing was deleted"):
        go(account, cdk, confirmed=False)
    assert stacks.find(aws.client("cloudformation"), CODE)
    assert aws.client("s3").head_object(Bucket=buckets["Delete"], Key="a")


def test_environment_that_is_not_there_is_told_as_such(
    account: Account, cdk: Cdk, capsys: pytest.CaptureFixture[str]
) -> None:
    go(account, cdk)
    assert "no stack of prod in account 000000000000" in capsys.readouterr().out


def test_stack_that_was_announced_and_never_made_goes_away_too(
    account: Account, cdk: Cdk, aws: Aws
) -> None:
    cloudformation = aws.client("cloudformation")
    cloudformation.create_change_set(
        StackName=CODE,
        ChangeSetName="first",
        ChangeSetType="CREATE",
        TemplateBody=json.dumps({"Resources": {"Gone": bucket("Delete")}}),
    )
    found = stacks.find(cloudformation, CODE)
    assert found is not None
    assert found.status == "REVIEW_IN_PROGRESS"
    go(account, cdk)
    assert stacks.find(cloudformation, CODE) is None


@pytest.fixture
def database(aws: Aws) -> Iterator[None]:
    """A stack of prod with a database that is protected by itself."""
    cloudformation = aws.client("cloudformation")
    template = {"Resources": {"Warehouse": DATABASE}}
    cloudformation.create_stack(StackName=PLATFORM, TemplateBody=json.dumps(template))
    cloudformation.get_waiter("stack_create_complete").wait(
        StackName=PLATFORM, WaiterConfig={"Delay": 0.1, "MaxAttempts": 100}
    )
    yield
    cloudformation.delete_stack(StackName=PLATFORM)


@pytest.mark.usefixtures("database")
def test_protected_database_is_refused_though_its_stack_is_not_protected(
    account: Account, cdk: Cdk
) -> None:
    with pytest.raises(DeployError, match="database sluice-prod-warehouse has deletion protection"):
        go(account, cdk)


@pytest.mark.usefixtures("database")
def test_database_goes_with_a_last_snapshot_unless_its_stack_says_otherwise(aws: Aws) -> None:
    (found,) = stacks.resources(aws.client("cloudformation"), PLATFORM)
    assert (found.type, found.fate) == ("AWS::RDS::DBInstance", "Snapshot")

"""A deployment that CloudFormation does not finish: what is said, and what was not done."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import boto3
import pytest

from infra.deploy.account import Account
from infra.deploy.cdk import Cdk
from infra.deploy.deploying import Deployment, deploy_stacks
from infra.deploy.errors import DeployError
from infra.local import aws as emulators
from tests.support.mwaa_stand_in import MwaaStandIn
from tests.support.scripted_airflow import ScriptedAirflow

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.conftest import Aws

FAILED = {
    "Name": "sluice-trial",
    "LastUpdate": {
        "Status": "FAILED",
        "Error": {"ErrorCode": "INCORRECT_CONFIGURATION", "ErrorMessage": "no way to S3"},
    },
}


@dataclass(frozen=True, kw_only=True)
class PlatformFails(Cdk):
    """Deploys everything but the platform, in no time.

    Attributes:
        deployed: stacks in the order in which they were asked for.
    """

    deployed: list[str] = field(default_factory=list)

    def deploy(
        self, stack: str, *, parameters: Mapping[str, str] | None = None, force: bool = False
    ) -> None:
        self.deployed.append(stack)
        assert force is bool(parameters), "what reads other stacks is compared by CloudFormation"
        if stack.endswith("-platform"):
            raise DeployError(f"cdk deploy {stack} ended with 1")


@pytest.fixture
def account(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Account:
    for name, value in emulators.environment(aws.endpoint).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_DISABLE_HOST_PREFIX_INJECTION", "true")
    session = boto3.Session(region_name=emulators.REGION)
    return Account(number="000000000000", region=emulators.REGION, caller="me", session=session)


@pytest.fixture
def mwaa(monkeypatch: pytest.MonkeyPatch) -> Iterator[MwaaStandIn]:
    with MwaaStandIn(FAILED, ScriptedAirflow({}), states=("CREATE_FAILED",)) as stand_in:
        monkeypatch.setenv("AWS_ENDPOINT_URL_MWAA", stand_in.url)
        yield stand_in


@pytest.fixture
def bucket(aws: Aws, landing: str) -> Iterator[str]:
    """The bucket that the stack of an environment named trial says it has."""
    cloudformation = aws.client("cloudformation")
    template = {
        "Resources": {"Queue": {"Type": "AWS::SQS::Queue"}},
        "Outputs": {"CodeBucket": {"Value": landing}},
    }
    name = "sluice-trial-code"
    cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(template))
    cloudformation.get_waiter("stack_create_complete").wait(
        StackName=name, WaiterConfig={"Delay": 0.1, "MaxAttempts": 100}
    )
    yield landing
    cloudformation.delete_stack(StackName=name)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    (tmp_path / "dags").mkdir()
    for name in ("plugins.zip", "requirements.txt", "startup.sh", "dags/a.py"):
        (tmp_path / name).write_text(name)
    return tmp_path


@pytest.fixture
def to(account: Account, package: Path) -> Deployment:
    cdk = PlatformFails(account=account, environment="trial", assembly=package)
    return Deployment(environment="trial", account=account, cdk=cdk, package=package)


def keys(aws: Aws, bucket: str) -> set[str]:
    found = aws.client("s3").list_objects_v2(Bucket=bucket)
    return {each["Key"] for each in found["Contents"]}


@pytest.mark.usefixtures("mwaa")
def test_platform_that_fails_is_told_with_what_mwaa_says_and_its_dags_stay_as_they_were(
    to: Deployment, bucket: str, aws: Aws
) -> None:
    said = (
        r"sluice-trial-platform ended with 1.*CREATE_FAILED.*INCORRECT_CONFIGURATION no way to S3"
    )
    with pytest.raises(DeployError, match=said):
        deploy_stacks(to)
    assert isinstance(to.cdk, PlatformFails)
    assert to.cdk.deployed == [to.stack(part) for part in ("code", "pipelines", "platform")]
    assert keys(aws, bucket) == {"plugins.zip", "requirements.txt", "startup.sh"}


def test_dag_files_are_there_when_mwaa_is_made(
    to: Deployment, bucket: str, aws: Aws, mwaa: MwaaStandIn
) -> None:
    mwaa.environment = {**FAILED, "Name": "another"}
    with pytest.raises(DeployError, match="MWAA has no environment"):
        deploy_stacks(to)
    assert "dags/a.py" in keys(aws, bucket)


def test_cdk_command_that_fails_is_told_with_what_to_look_at(
    account: Account, tmp_path: Path
) -> None:
    cdk = Cdk(account=account, environment="trial", assembly=tmp_path / "nowhere")
    with pytest.raises(DeployError, match=r"cdk deploy sluice-trial-code ended with 1: the events"):
        cdk.deploy("sluice-trial-code")

"""Keys of APIs in Secrets Manager: put, put anew, removed, and what becomes of them at the end."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from infra.common.paths import REPOSITORY
from infra.deploy import __main__ as command
from infra.deploy import keys
from infra.deploy.account import Account, sign_in
from infra.deploy.destroying import destroy
from infra.deploy.errors import DeployError
from infra.local import aws as emulators
from tests.support.emulated_cdk import ByApi

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import Aws

CANARY = "canary-key-8d1f4c"
PLATFORM = "sluice-prod-platform"
OF_PROD = "sluice/prod/"
NAME = f"{OF_PROD}connections/weather_api"
TEMPLATE = {
    "Resources": {"Key": {"Type": "AWS::KMS::Key", "Properties": {"Description": "of tests"}}},
    "Outputs": {"ConnectionsKeyArn": {"Value": {"Fn::GetAtt": ["Key", "Arn"]}}},
}


@pytest.fixture
def environment(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What a shell has that is signed in to the emulator."""
    given = {
        "AWS_ENDPOINT_URL": aws.endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": emulators.REGION,
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    return {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}


@pytest.fixture
def key_arn(aws: Aws) -> Iterator[str]:
    """The key of an environment whose platform is deployed, without secrets before and after."""
    cloudformation, secrets = aws.client("cloudformation"), aws.client("secretsmanager")
    cloudformation.create_stack(StackName=PLATFORM, TemplateBody=json.dumps(TEMPLATE))
    cloudformation.get_waiter("stack_create_complete").wait(
        StackName=PLATFORM, WaiterConfig={"Delay": 0.1, "MaxAttempts": 100}
    )
    (stack,) = cloudformation.describe_stacks(StackName=PLATFORM)["Stacks"]
    yield stack["Outputs"][0]["OutputValue"]
    cloudformation.delete_stack(StackName=PLATFORM)
    for secret in secrets.list_secrets(IncludePlannedDeletion=True)["SecretList"]:
        if secret["Name"].startswith(OF_PROD):
            secrets.delete_secret(SecretId=secret["Name"], ForceDeleteWithoutRecovery=True)


@pytest.fixture
def account(environment: dict[str, str]) -> Account:  # noqa: ARG001 -- sets what boto3 reads
    return sign_in(wanted="000000000000")


def stored(aws: Aws, name: str = NAME, **version: str) -> dict[str, Any]:
    value = aws.client("secretsmanager").get_secret_value(SecretId=name, **version)
    found: dict[str, Any] = json.loads(value["SecretString"])
    return found


def key_in(aws: Aws, name: str = NAME, **version: str) -> str:
    return str(stored(aws, name, **version)["password"])


def names(aws: Aws) -> list[str]:
    """Secrets of the environment; other tests have secrets of others in the same emulator."""
    pages = aws.client("secretsmanager").get_paginator("list_secrets").paginate()
    found = [secret["Name"] for page in pages for secret in page["SecretList"]]
    return [name for name in found if name.startswith(OF_PROD)]


def make(
    environment: dict[str, str], *words: str, typed: str = ""
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", "--silent", "secret", "SETUP=:", f"CDK={sys.executable}", "ENV=prod", *words],
        cwd=REPOSITORY,
        env=environment,
        input=typed,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_key_from_standard_input_becomes_the_password_and_is_shown_nowhere(
    aws: Aws, environment: dict[str, str], key_arn: str
) -> None:
    done = make(environment, "NAME=weather_api", "ACCOUNT=000000000000", typed=f"{CANARY}\n")
    assert done.returncode == 0, done.stderr
    assert f"made {NAME}" in done.stdout
    assert CANARY not in done.stdout + done.stderr
    assert stored(aws) == {"conn_type": "http", "password": CANARY}
    described = aws.client("secretsmanager").describe_secret(SecretId=NAME)
    assert described["KmsKeyId"] == key_arn
    tags = {tag["Key"]: tag["Value"] for tag in described["Tags"]}
    assert tags == {
        "sluice:made-by": "make secret",
        "Project": "sluice",
        "Environment": "prod",
    }
    assert CANARY not in json.dumps(described, default=str)


@pytest.mark.usefixtures("key_arn")
def test_key_that_is_typed_does_not_show_in_the_terminal(
    aws: Aws, environment: dict[str, str]
) -> None:
    outer, inner = pty.openpty()
    program = subprocess.Popen(
        [sys.executable, "-m", "infra.deploy", "secret", "prod", "--name", "weather_api"],
        cwd=REPOSITORY,
        env=environment,
        stdin=inner,
        stdout=inner,
        stderr=inner,
        start_new_session=True,
    )
    os.close(inner)
    shown = b""
    while b"not shown" not in shown:
        shown += os.read(outer, 1000)
    os.write(outer, f"{CANARY}\n".encode())
    try:
        while read := os.read(outer, 1000):
            shown += read
    except OSError:  # how Linux says that the other side is closed
        pass
    finally:
        os.close(outer)
    assert program.wait(timeout=30) == 0
    assert f"made {NAME}".encode() in shown
    assert CANARY.encode() not in shown
    assert key_in(aws) == CANARY


def test_rotated_key_is_a_new_version_and_the_old_one_is_the_previous(
    aws: Aws, account: Account, key_arn: str
) -> None:
    for key in ("first", "second"):
        told = keys.put(account, "prod", "weather_api", key=key, encrypt_with=key_arn)
    assert "a new version" in told
    assert key_in(aws) == "second"
    assert key_in(aws, VersionStage="AWSPREVIOUS") == "first"


def test_secret_that_was_made_by_hand_is_taken_over(
    aws: Aws, account: Account, key_arn: str
) -> None:
    name = "sluice/prod/connections/github"
    aws.client("secretsmanager").create_secret(Name=name, SecretString="{}")
    assert keys.kept(account, "prod") == []
    keys.put(account, "prod", "github", key=CANARY, encrypt_with=key_arn)
    assert keys.kept(account, "prod") == [keys.KeptKey(name=name, encrypted_with=key_arn)]
    assert key_in(aws, name) == CANARY


def test_secret_that_waits_for_its_deletion_is_taken_back(
    aws: Aws, account: Account, key_arn: str
) -> None:
    keys.put(account, "prod", "weather_api", key="first", encrypt_with=key_arn)
    aws.client("secretsmanager").delete_secret(SecretId=NAME, RecoveryWindowInDays=7)
    keys.put(account, "prod", "weather_api", key="second", encrypt_with=key_arn)
    assert key_in(aws) == "second"


@pytest.mark.usefixtures("key_arn")
@pytest.mark.parametrize("typed", ["", "\n", f"{CANARY}\nmore\n", f" {CANARY}\n"])
def test_what_can_be_no_key_changes_nothing_and_is_shown_nowhere(
    aws: Aws, environment: dict[str, str], typed: str
) -> None:
    done = make(environment, "NAME=weather_api", typed=typed)
    assert done.returncode != 0
    assert done.stderr.startswith("secret: ")
    assert CANARY not in done.stdout + done.stderr
    assert names(aws) == []


@pytest.mark.usefixtures("aws", "key_arn")
def test_key_that_aws_refuses_is_not_in_the_error(environment: dict[str, str]) -> None:
    environment["AWS_ENDPOINT_URL_SECRETS_MANAGER"] = "http://127.0.0.1:9"
    environment["AWS_MAX_ATTEMPTS"] = "1"
    done = make(environment, "NAME=weather_api", typed=f"{CANARY}\n")
    assert done.returncode != 0
    assert "Could not connect" in done.stderr
    assert CANARY not in done.stdout + done.stderr


@pytest.mark.usefixtures("key_arn")
def test_other_accounts_secrets_are_left_alone(aws: Aws, environment: dict[str, str]) -> None:
    done = make(environment, "NAME=weather_api", "ACCOUNT=111111111111", typed=f"{CANARY}\n")
    assert "ACCOUNT says 111111111111" in done.stderr
    assert names(aws) == []


@pytest.mark.usefixtures("key_arn")
@pytest.mark.parametrize("name", ["", "sluice_warehouse", "aws_default", "weather_apis"])
def test_only_what_a_dataset_declares_is_taken(
    aws: Aws, environment: dict[str, str], name: str
) -> None:
    done = make(environment, f"NAME={name}", typed=f"{CANARY}\n")
    assert "NAME is one of github, payments_api, weather_api" in done.stderr
    assert CANARY not in done.stdout + done.stderr
    assert names(aws) == []


def test_environment_that_is_not_deployed_is_told_before_a_key_is_asked_for(
    aws: Aws, environment: dict[str, str]
) -> None:
    done = make(environment, "NAME=weather_api", typed=f"{CANARY}\n")
    assert f"{PLATFORM} has no output ConnectionsKeyArn" in done.stderr
    assert names(aws) == []


def test_removed_secret_is_gone_at_once_and_can_be_made_again(
    aws: Aws, environment: dict[str, str], account: Account, key_arn: str
) -> None:
    keys.put(account, "prod", "weather_api", key=CANARY, encrypt_with=key_arn)
    done = make(environment, "NAME=weather_api", "REMOVE=yes")
    assert (done.returncode, names(aws)) == (0, [])
    assert f"deleted {NAME}" in done.stdout
    again = make(environment, "NAME=weather_api", "REMOVE=yes")
    assert (again.returncode, f"there is no {NAME}" in again.stdout) == (0, True)
    keys.put(account, "prod", "weather_api", key=CANARY, encrypt_with=key_arn)
    assert key_in(aws) == CANARY


@pytest.mark.parametrize(
    ("words", "go"),
    [
        ([], None),
        (["--confirm", "prod"], False),
        (["--secrets", "keep"], False),
        (["--confirm", "prod", "--secrets", "keep"], False),
        (["--secrets", "delete"], True),
        (["--confirm", "prod", "--secrets", "delete"], True),
    ],
)
def test_secrets_go_only_if_that_was_said_of_them(words: list[str], *, go: bool | None) -> None:
    given = command.parse(["destroy", "prod", *words])
    if go is None:  # nobody is there to be asked
        with pytest.raises(DeployError, match="no terminal"):
            command.keys_go(given)
    else:
        assert command.keys_go(given) is go


def end(account: Account, tmp_path: Path, *, keys_go: bool) -> None:
    destroy(
        "prod",
        account=account,
        cdk=ByApi(account=account, environment="prod", assembly=tmp_path),
        confirm=lambda: True,
        confirm_keys=lambda: keys_go,
    )


def test_kept_secret_is_named_and_readable_without_the_key_that_goes(
    aws: Aws,
    account: Account,
    key_arn: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    keys.put(account, "prod", "weather_api", key=CANARY, encrypt_with=key_arn)
    end(account, tmp_path, keys_go=False)
    told = capsys.readouterr().out
    before, after = told.split("what stays")
    assert f"kept, unless you say otherwise: secret {NAME}" in before
    assert f"secret {NAME}" in after
    assert "make secret NAME=weather_api ENV=prod REMOVE=yes" in after
    assert CANARY not in told
    assert key_in(aws) == CANARY
    assert keys.kept(account, "prod") == [
        keys.KeptKey(name=NAME, encrypted_with="alias/aws/secretsmanager")
    ]


@pytest.mark.usefixtures("key_arn")
def test_secret_whose_key_stays_is_left_as_it_is(
    aws: Aws, account: Account, tmp_path: Path
) -> None:
    another = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    keys.put(account, "prod", "weather_api", key=CANARY, encrypt_with=another)
    end(account, tmp_path, keys_go=False)
    assert keys.kept(account, "prod") == [keys.KeptKey(name=NAME, encrypted_with=another)]


def test_secrets_that_were_confirmed_go_and_others_stay(
    aws: Aws, account: Account, key_arn: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    by_hand, of_dev = f"{OF_PROD}connections/sluice_theirs", NAME.replace("prod", "dev")
    aws.client("secretsmanager").create_secret(Name=by_hand, SecretString="{}")
    keys.put(account, "dev", "weather_api", key=CANARY, encrypt_with=key_arn)
    keys.put(account, "prod", "weather_api", key=CANARY, encrypt_with=key_arn)
    end(account, tmp_path, keys_go=True)
    assert names(aws) == [by_hand]
    assert key_in(aws, of_dev) == CANARY
    assert NAME not in capsys.readouterr().out.split("what stays")[1]
    keys.remove(account, "dev", "weather_api")


@pytest.mark.usefixtures("key_arn")
def test_nobody_is_asked_about_secrets_where_there_are_none(
    account: Account, tmp_path: Path
) -> None:
    def ask() -> bool:
        raise AssertionError

    cdk = ByApi(account=account, environment="prod", assembly=tmp_path)
    destroy("prod", account=account, cdk=cdk, confirm=lambda: True, confirm_keys=ask)

"""Who deploys, and where to: what is said when that is not clear."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from infra.deploy.account import sign_in
from infra.deploy.errors import DeployError
from infra.local import aws as emulators

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Aws


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing of the machine's own AWS settings is left."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def signed_in(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in emulators.environment(aws.endpoint).items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("signed_in")
def test_account_is_the_one_that_the_environment_leads_to() -> None:
    account = sign_in()
    assert (account.number, account.region) == ("000000000000", emulators.REGION)
    assert account.caller.startswith("arn:aws:iam::000000000000:")


@pytest.mark.usefixtures("signed_in")
def test_account_other_than_the_wanted_one_is_refused() -> None:
    assert sign_in(wanted="000000000000").number == "000000000000"
    with pytest.raises(DeployError, match="lead to account 000000000000, but ACCOUNT says 1234"):
        sign_in(wanted="1234")


def test_without_credentials_the_error_says_how_to_sign_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    with pytest.raises(DeployError, match="no AWS credentials were found; sign in"):
        sign_in()


def test_region_that_is_not_set_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with pytest.raises(DeployError, match="no AWS region is set; export AWS_REGION"):
        sign_in()


def test_region_is_taken_from_either_variable(
    signed_in: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert signed_in is None
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    assert sign_in().region == "eu-central-1"


def test_profile_that_does_not_exist_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "payroll")
    with pytest.raises(DeployError, match=r"payroll.*list-profiles"):
        sign_in()


@pytest.mark.usefixtures("signed_in")
def test_aws_that_does_not_answer_is_told_with_what_it_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(DeployError, match="did not accept the credentials"):
        sign_in()

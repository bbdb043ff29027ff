"""The AWS account that is deployed to, as the usual AWS environment names it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    ProfileNotFound,
)

from infra.deploy.errors import DeployError

_CONFIG = Config(retries={"mode": "standard", "max_attempts": 5}, connect_timeout=10)
# Who waits for an answer about a wrong address does not want it five times.
_FIRST = Config(retries={"mode": "standard", "max_attempts": 2}, connect_timeout=10)
_SIGN_IN = (
    "sign in as you do for the aws command: set AWS_PROFILE, or run `aws sso login`, or export "
    "AWS_ACCESS_KEY_ID and its secret"
)


@dataclass(frozen=True, kw_only=True)
class Account:
    """An AWS account in one region, and who we are in it.

    Attributes:
        number: of the account, twelve digits.
        region: where all of Sluice goes.
        caller: ARN of the user or role that asks.
        session: signs the calls.
    """

    number: str
    region: str
    caller: str
    session: boto3.Session

    def client(self, service: str) -> Any:
        """A client of one service that tries again when AWS asks it to."""
        # The stubs list the services that other parts of Sluice use.
        return self.session.client(service, config=_CONFIG)  # type: ignore[call-overload,unused-ignore]


def sign_in(*, wanted: str | None = None) -> Account:
    """Find out which account and region the environment leads to.

    Arguments:
        wanted: number of the only account that will do; any when None.

    Raises:
        DeployError: there are no credentials or no region, they are not valid, or they lead to
            another account.
    """
    try:
        # boto3 itself knows AWS_DEFAULT_REGION only; other tools of AWS read this one.
        session = boto3.Session(region_name=os.environ.get("AWS_REGION"))
        if session.region_name is None:
            raise DeployError("no AWS region is set; export AWS_REGION, such as eu-central-1")
        identity = session.client("sts", config=_FIRST).get_caller_identity()
    except ProfileNotFound as error:
        raise DeployError(f"{error}; `aws configure list-profiles` lists those there are") from None
    except NoCredentialsError:
        raise DeployError(f"no AWS credentials were found; {_SIGN_IN}") from None
    except (BotoCoreError, ClientError) as error:
        raise DeployError(f"AWS did not accept the credentials: {error}; {_SIGN_IN}") from None
    number, region = str(identity["Account"]), session.region_name
    if wanted is not None and number != wanted:
        raise DeployError(
            f"the credentials lead to account {number}, but ACCOUNT says {wanted}; {_SIGN_IN}"
        )
    return Account(number=number, region=region, caller=str(identity["Arn"]), session=session)

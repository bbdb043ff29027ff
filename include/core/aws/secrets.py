"""A password in Secrets Manager that is renewed, in steps that any later try can finish.

The new password is kept as AWSPENDING before anybody has it, and becomes AWSCURRENT once it opens
the door: https://docs.aws.amazon.com/secretsmanager/latest/userguide/whats-in-a-secret.html
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from include.core.aws.batches import error_code

if TYPE_CHECKING:
    from collections.abc import Callable

_CURRENT, _PENDING, _PREVIOUS = "AWSCURRENT", "AWSPENDING", "AWSPREVIOUS"
_MOVED = "InvalidParameterException"  # the stage is not at the version that it is taken from
_LASTS = timedelta(days=7)  # as the owner's, which RDS renews
_BYTES = 32  # of chance in a password


@dataclass(frozen=True, kw_only=True)
class Login:
    """Who logs in with what.

    Attributes:
        user, password: both.
        version: of the secret that has them.
    """

    user: str
    password: str
    version: str


def _now() -> datetime:
    return datetime.now(timezone.utc)


@dataclass(frozen=True, kw_only=True)
class RenewedSecret:
    """A secret of a user name and a password, as JSON.

    Attributes:
        client: a boto3 client of Secrets Manager.
        name: of the secret.
        clock: says what time it is.
    """

    client: Any
    name: str
    clock: Callable[[], datetime] = _now

    def is_due(self) -> bool:
        """Whether the password is a week old, was never renewed, or its renewal has not ended."""
        found = self.client.describe_secret(SecretId=self.name)
        stages = _stages(found)
        begun = stages.get(_PENDING, stages[_CURRENT]) != stages[_CURRENT]
        old = self.clock() - found["LastChangedDate"] >= _LASTS
        return old or begun or _PREVIOUS not in stages

    def pending(self) -> Login:
        """The login that is to come; that of a renewal that did not end, if there is one."""
        stages = _stages(self.client.describe_secret(SecretId=self.name))
        version = stages.get(_PENDING)
        if version is None or version == stages[_CURRENT]:
            value = self._value(stages[_CURRENT]) | {"password": secrets.token_urlsafe(_BYTES)}
            put = self.client.put_secret_value(
                SecretId=self.name, SecretString=json.dumps(value), VersionStages=[_PENDING]
            )
            version = str(put["VersionId"])
        else:
            value = self._value(version)
        return Login(user=value["username"], password=value["password"], version=version)

    def promote(self, login: Login) -> None:
        """Make a pending login the current one; nothing happens where it is."""
        current = self._current()
        if current == login.version:
            return
        try:
            self.client.update_secret_version_stage(
                SecretId=self.name,
                VersionStage=_CURRENT,
                MoveToVersionId=login.version,
                RemoveFromVersionId=current,
            )
        except ClientError as error:
            # Another one that has finished the same renewal may have come first.
            if error_code(error) != _MOVED or self._current() != login.version:
                raise

    def _current(self) -> str:
        return _stages(self.client.describe_secret(SecretId=self.name))[_CURRENT]

    def _value(self, version: str) -> dict[str, str]:
        found = self.client.get_secret_value(SecretId=self.name, VersionId=version)
        value: dict[str, str] = json.loads(found["SecretString"])
        return value


def _stages(found: Any) -> dict[str, str]:
    """The version that each stage is at."""
    return {
        stage: version
        for version, stages in found["VersionIdsToStages"].items()
        for stage in stages
    }

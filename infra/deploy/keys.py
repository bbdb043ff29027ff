"""Keys of APIs in Secrets Manager: put there, put anew, taken away.

A key is the password of one of Airflow's connections. It is never an argument of a program, and no
message or error has it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from infra.deploy.stacks import output, stack_name

if TYPE_CHECKING:
    from infra.deploy.account import Account

ACCOUNT_KEY = "alias/aws/secretsmanager"
"""The key that every account has for Secrets Manager; who may read a secret may use it."""
_MADE = {"Key": "sluice:made-by", "Value": "make secret"}


@dataclass(frozen=True, kw_only=True)
class KeptKey:
    """A secret with a key that somebody gave.

    Attributes:
        name: of the secret, such as sluice/dev/connections/weather_api.
        encrypted_with: ARN, id or alias of a key of KMS; None where nothing is said, which is
            ACCOUNT_KEY.
    """

    name: str
    encrypted_with: str | None

    @property
    def connection(self) -> str:
        """The connection's name in Airflow."""
        return self.name.rpartition("/")[2]


def secret_name(environment: str, connection: str) -> str:
    """The name of the secret that Airflow looks up for a connection."""
    return f"{_prefix(environment)}{connection}"


def key_of(account: Account, environment: str) -> str:
    """ARN of what an environment's connections are encrypted with.

    Raises:
        DeployError: its platform is not deployed.
    """
    cloudformation = account.client("cloudformation")
    return output(cloudformation, stack_name(environment, "platform"), "ConnectionsKeyArn")


def put(account: Account, environment: str, connection: str, *, key: str, encrypt_with: str) -> str:
    """Make the secret of a connection, or give the one that is there a new version.

    Arguments:
        account: where it goes.
        environment: whose Airflow looks it up.
        connection: Airflow's name of it.
        key: becomes its password.
        encrypt_with: ARN of a key of KMS.

    Returns:
        What was done, without the key.
    """
    client, name = account.client("secretsmanager"), secret_name(environment, connection)
    value = {"SecretString": json.dumps({"conn_type": "http", "password": key})}
    tags = [
        _MADE,
        {"Key": "Project", "Value": "sluice"},
        {"Key": "Environment", "Value": environment},
    ]
    found = _find(client, name)
    if found is None:
        about = f"Sluice: the key of {connection}, which somebody gave."
        client.create_secret(
            Name=name, Description=about, KmsKeyId=encrypt_with, Tags=tags, **value
        )
        return f"made {name}"
    if "DeletedDate" in found:
        client.restore_secret(SecretId=name)
    client.update_secret(SecretId=name, KmsKeyId=encrypt_with, **value)
    client.tag_resource(SecretId=name, Tags=tags)
    return f"gave {name} a new version; the one before it is its AWSPREVIOUS"


def remove(account: Account, environment: str, connection: str) -> str:
    """Delete the secret of a connection at once and for good; returns what was done."""
    client, name = account.client("secretsmanager"), secret_name(environment, connection)
    if _find(client, name) is None:
        return f"there is no {name}"
    _delete(client, name)
    return f"deleted {name}, every version"


def kept(account: Account, environment: str) -> list[KeptKey]:
    """The secrets that `put` made for an environment, in order of their names."""
    prefix = _prefix(environment)
    client = account.client("secretsmanager")
    pages = client.get_paginator("list_secrets")
    made = sorted(
        secret["Name"]
        for page in pages.paginate(Filters=[{"Key": "name", "Values": [prefix]}])
        for secret in page["SecretList"]
        if secret["Name"].startswith(prefix) and _MADE in secret.get("Tags", [])
    )
    described = [client.describe_secret(SecretId=name) for name in made]
    return [KeptKey(name=s["Name"], encrypted_with=s.get("KmsKeyId")) for s in described]


def take_away(account: Account, secrets: list[KeptKey]) -> None:
    """Delete secrets at once and for good."""
    client = account.client("secretsmanager")
    for secret in secrets:
        _delete(client, secret.name)


def hand_over(account: Account, secrets: list[KeptKey]) -> None:
    """Encrypt secrets with the account's own key, so that they outlive the key that they have."""
    client = account.client("secretsmanager")
    for secret in secrets:
        client.update_secret(SecretId=secret.name, KmsKeyId=ACCOUNT_KEY)


def _prefix(environment: str) -> str:
    return f"sluice/{environment}/connections/"


def _find(client: Any, name: str) -> dict[str, Any] | None:
    try:
        return dict(client.describe_secret(SecretId=name))
    except client.exceptions.ResourceNotFoundException:
        return None


def _delete(client: Any, name: str) -> None:
    # A secret that waits for its deletion keeps its name, and its key readable.
    client.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)

"""What Airflow finds in Secrets Manager: where the warehouse is, and never a password."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from infra.aws.environment import ENVIRONMENTS
from tests.unit.infra_aws.network.networks import the_only
from tests.unit.infra_aws.templates import Template, of_type

if TYPE_CHECKING:
    from pathlib import Path

HOST = "AWS::RDS::DBInstance Endpoint.Address"
PASSWORD = "AWS::RDS::DBInstance MasterUserSecret.SecretArn"  # noqa: S105 -- where, not what
TLS = {"sslmode": "verify-full", "sslrootcert": "/usr/local/airflow/rds-global-bundle.pem"}
TELLING = re.compile("password|passwd|passphrase|secretstring|accesskey|privatekey", re.IGNORECASE)
COMMON = {"conn_type": "postgres", "host": HOST, "port": 5432, "schema": "warehouse"}


def filled(template: Template, value: Any) -> str:
    """Return a text with the type and attribute of resources in the place of what they will be."""
    if isinstance(value, str):
        return value
    ((function, argument),) = value.items()
    if function == "Fn::GetAtt":
        return f"{template['Resources'][argument[0]]['Type']} {argument[1]}"
    assert function == "Fn::Join"
    separator, parts = argument
    return str(separator).join(filled(template, part) for part in parts)


def names(value: Any) -> set[str]:
    """Return every name in a template at any depth."""
    if isinstance(value, dict):
        return set(value).union(*map(names, value.values()))
    return set().union(*map(names, value)) if isinstance(value, list) else set()


def connections(template: Template) -> dict[str, Any]:
    """Return what Airflow parses, by the name of the secret."""
    return {
        secret["Name"]: json.loads(filled(template, secret["SecretString"]))
        for secret in of_type(template, "AWS::SecretsManager::Secret").values()
    }


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_loader_logs_in_by_iam_and_owner_by_the_password_that_rds_keeps(
    environment: str, request: pytest.FixtureRequest
) -> None:
    assert connections(request.getfixturevalue(f"{environment}_platform")) == {
        f"sluice/{environment}/connections/sluice_warehouse": {
            **COMMON,
            "login": "sluice_loader",
            "extra": {"iam": True, **TLS},
        },
        f"sluice/{environment}/connections/sluice_migrations": {
            **COMMON,
            "login": "sluice_migrations",
            "extra": {"password_secret": PASSWORD, **TLS},
        },
    }


def test_owner_of_the_connection_is_the_one_that_rds_makes(platform: Template) -> None:
    (owner,) = (
        connection
        for name, connection in connections(platform).items()
        if name.endswith("/sluice_migrations")
    )
    instance = the_only(platform, "AWS::RDS::DBInstance")
    assert owner["login"] == instance["MasterUsername"]
    assert owner["schema"] == instance["DBName"]


def test_connections_are_under_the_key_of_the_warehouse(platform: Template) -> None:
    key = the_only(platform, "AWS::RDS::DBInstance")["KmsKeyId"]
    for secret in of_type(platform, "AWS::SecretsManager::Secret").values():
        assert secret["KmsKeyId"] == key


def test_no_template_of_any_stack_has_a_password_or_has_cloudformation_make_one(
    templates_folder: Path,
) -> None:
    found = set()
    for path in templates_folder.glob("*/*.template.json"):
        text = path.read_text()
        assert "{{resolve:" not in text
        found |= {(name, path.stem) for name in names(json.loads(text)) if TELLING.search(name)}
    # That RDS is to make one; and texts of which the other tests here tell what they say.
    assert {name for name, _ in found} == {"ManageMasterUserPassword", "SecretString"}
    assert {stack for _, stack in found} == {"platform.template"}


def test_no_parameter_of_a_template_could_carry_a_secret(platform: Template) -> None:
    assert set(platform["Parameters"]) == {
        "PluginsVersion",
        "RequirementsVersion",
        "StartupScriptVersion",
    }


def test_connections_go_with_their_stack_so_that_the_next_can_have_their_names(
    platform: Template,
) -> None:
    for logical_id in of_type(platform, "AWS::SecretsManager::Secret"):
        removal = platform["Resources"][logical_id]
        assert (removal["DeletionPolicy"], removal["UpdateReplacePolicy"]) == ("Delete", "Delete")

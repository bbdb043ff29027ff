"""Templates under test."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from infra.common.paths import REPOSITORY
from tests.unit.infra_aws.templates import Template, read, templates_of

if TYPE_CHECKING:
    from pathlib import Path

COMMITTED = REPOSITORY / "infra" / "aws" / "templates" / "pipelines.template.json"


@pytest.fixture(scope="session")
def prod_text(templates_folder: Path) -> str:
    """Synthesize the template of prod's pipelines, which is not committed."""
    return (templates_folder / "prod" / "pipelines.template.json").read_text()


@pytest.fixture(scope="session")
def dev_text() -> str:
    """Read the template of dev's pipelines as it is committed."""
    return COMMITTED.read_text()


@pytest.fixture(params=["dev", "prod"])
def template(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Each environment's pipelines in turn: what is promised holds in both."""
    parsed: dict[str, Any] = json.loads(request.getfixturevalue(f"{request.param}_text"))
    return parsed


@pytest.fixture(params=["dev", "prod"])
def platform(request: pytest.FixtureRequest, templates_folder: Path) -> dict[str, Any]:
    """Each environment's platform in turn."""
    return read(templates_folder, request.param, "platform")


@pytest.fixture(params=["dev", "prod"])
def code(request: pytest.FixtureRequest, templates_folder: Path) -> dict[str, Any]:
    """Each environment's bucket of code in turn."""
    return read(templates_folder, request.param, "code")


@pytest.fixture(scope="session")
def dev_platform(templates_folder: Path) -> dict[str, Any]:
    """The platform of dev, for what differs by environment."""
    return read(templates_folder, "dev", "platform")


@pytest.fixture(scope="session")
def prod_platform(templates_folder: Path) -> dict[str, Any]:
    """The platform of prod, for what differs by environment."""
    return read(templates_folder, "prod", "platform")


@pytest.fixture(params=["dev", "prod"])
def made(request: pytest.FixtureRequest, templates_folder: Path) -> list[Template]:
    """The templates of all stacks of each environment in turn."""
    return templates_of(templates_folder, request.param)

"""Templates under test, and the way into the environment that holds CDK."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[3]
COMMITTED = ROOT / "infra" / "aws" / "templates" / "pipelines.template.json"


@pytest.fixture(scope="session")
def run_cdk() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a program of the CDK environment, which is not the one that Airflow and tests live in."""
    python = os.environ.get("SLUICE_CDK_PYTHON")
    if not python:
        pytest.fail("SLUICE_CDK_PYTHON names no Python with CDK: use make test, which sets it")

    def run(program: str, *arguments: str, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
        command = [str(Path(python).parent / program), *arguments]
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)

    return run


@pytest.fixture(scope="session")
def templates_folder(
    run_cdk: Callable[..., subprocess.CompletedProcess[str]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """Every template of every environment, in <environment>/<stack>.template.json.

    Synthesizing takes long: the workers of one test run share what the first of them has made.
    """
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder = shared / "templates"
    with (shared / "templates.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for environment in ("dev", "prod"):
            if (folder / environment / "platform.template.json").exists():
                continue
            synth = run_cdk(
                *("python", "-m", "infra.aws.synth"),
                *("--environment", environment, "--folder", str(folder)),
            )
            assert synth.returncode == 0, synth.stderr
    return folder


def read(folder: Path, environment: str, stack: str) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(
        (folder / environment / f"{stack}.template.json").read_text()
    )
    return parsed


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

"""Templates under test, and the way into the environment that holds CDK."""

from __future__ import annotations

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
def prod_text(run_cdk: Callable[..., subprocess.CompletedProcess[str]]) -> str:
    """Synthesize prod's template, which is not committed."""
    synth = run_cdk("python", "-m", "infra.aws.synth", "--environment", "prod", "--stdout")
    assert synth.returncode == 0, synth.stderr
    return synth.stdout


@pytest.fixture(scope="session")
def dev_text() -> str:
    """Read dev's template as it is committed."""
    return COMMITTED.read_text()


@pytest.fixture(params=["dev", "prod"])
def template(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Each environment's template in turn: what is promised holds in both."""
    parsed: dict[str, Any] = json.loads(request.getfixturevalue(f"{request.param}_text"))
    return parsed

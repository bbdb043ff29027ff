"""The committed template is what the CDK app gives, and CloudFormation would accept them all."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.common.paths import REPOSITORY

TEMPLATE = Path("infra", "aws", "templates", "pipelines.template.json")

RunCdk = Callable[..., subprocess.CompletedProcess[str]]


def test_committed_template_is_what_the_app_synthesizes(run_cdk: RunCdk) -> None:
    check = run_cdk("-m", "infra.aws.synth", "--check")
    assert (check.returncode, check.stdout, check.stderr) == (0, "", "")


def test_check_fails_and_shows_the_line_when_the_committed_template_differs(
    run_cdk: RunCdk, tmp_path: Path
) -> None:
    for room in ("dags", "include", "infra/aws"):
        shutil.copytree(REPOSITORY / room, tmp_path / room)
    copy = tmp_path / TEMPLATE
    text = copy.read_text()
    copy.write_text(text.replace('"ExpirationInDays": 7,', '"ExpirationInDays": 8,', 1))
    check = run_cdk("-m", "infra.aws.synth", "--check", folder=tmp_path)
    assert check.returncode == 1
    changed = [line for line in check.stdout.splitlines()[2:] if line[0] in "+-"]
    assert [line.split() for line in changed] == [
        ["-", '"ExpirationInDays":', "8,"],
        ["+", '"ExpirationInDays":', "7,"],
    ]


# That of dev's pipelines is the committed one, which make check lints.
@pytest.mark.thorough(usual=1)
@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_cfn_lint_finds_nothing_in_the_templates_of_an_environment(
    cdk_programs: Path, templates_folder: Path, environment: str
) -> None:
    templates = sorted(map(str, (templates_folder / environment).glob("*.template.json")))
    assert len(templates) == 3
    command = [str(cdk_programs / "cfn-lint"), *templates]
    lint = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert (lint.returncode, lint.stdout, lint.stderr) == (0, "", "")

"""GitHub's workflows: they do what the README says, with no secret and few rights."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # its stubs are not worth a package

from infra.aws.environment import ENVIRONMENTS
from infra.common.paths import REPOSITORY

FOLDER = REPOSITORY / ".github" / "workflows"
NAMES = ("deploy", "mutants", "test")
Workflow = dict[str, Any]


def read(name: str) -> Workflow:
    parsed: dict[Any, Any] = yaml.safe_load((FOLDER / f"{name}.yml").read_text())
    # YAML 1.1 reads the word `on` as a truth value.
    return {**parsed, "on": parsed[True]}


@pytest.fixture(params=NAMES)
def workflow(request: pytest.FixtureRequest) -> Workflow:
    return read(request.param)


def steps(workflow: Workflow) -> list[dict[str, Any]]:
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


def commands(workflow: Workflow) -> list[str]:
    return [step["run"] for step in steps(workflow) if "run" in step]


def test_there_are_no_other_workflows() -> None:
    assert sorted(path.stem for path in FOLDER.iterdir()) == sorted(NAMES)


def test_commands_of_the_readme_are_run_as_they_stand_there() -> None:
    readme = (REPOSITORY / "README.md").read_text()
    section = readme.split("## Two commands")[1].split("\n## ")[0]
    shown = re.findall(r"```sh\n(make \w+)\n```", section)
    assert shown[:2] == ["make run", "make test"]
    assert {*shown[:2], "make check", "make package"} <= set(commands(read("test")))


def test_every_python_that_sluice_names_at_its_ends_is_tried_and_taken() -> None:
    (job,) = read("test")["jobs"].values()
    assert sorted(job["strategy"]["matrix"]["python"]) == ["3.10", "3.12", "3.13"]
    assert job["env"]["SLUICE_PYTHON"] == "${{ matrix.python }}"
    (run,) = (step for step in job["steps"] if step.get("run") == "make run")
    assert "if" not in run


def test_rights_are_the_least(workflow: Workflow) -> None:
    more = {"id-token": "write"} if workflow["name"] == "deploy" else {}
    assert workflow["permissions"] == {"contents": "read", **more}
    assert all("permissions" not in job for job in workflow["jobs"].values())
    checkouts = [step for step in steps(workflow) if "checkout" in step.get("uses", "")]
    assert [step["with"]["persist-credentials"] for step in checkouts] == [False] * len(
        workflow["jobs"]
    )


@pytest.mark.parametrize("name", NAMES)
def test_no_workflow_has_a_secret(name: str) -> None:
    text = (FOLDER / f"{name}.yml").read_text()
    assert not re.search(r"secrets\.|AKIA|aws_(secret_)?access_key|\b\d{12}\b", text, re.IGNORECASE)


def test_text_that_others_can_write_never_becomes_part_of_a_command(workflow: Workflow) -> None:
    assert not [command for command in commands(workflow) if "${{" in command]


def test_pull_requests_of_forks_get_no_rights_of_the_repository(workflow: Workflow) -> None:
    assert "pull_request_target" not in workflow["on"]


@pytest.mark.parametrize("name", NAMES)
def test_every_action_is_of_github_or_aws_and_pinned_by_commit_with_its_release_beside_it(
    name: str,
) -> None:
    uses = [line for line in (FOLDER / f"{name}.yml").read_text().splitlines() if "uses:" in line]
    assert len(uses) == len([step for step in steps(read(name)) if "uses" in step]) > 0
    pinned = r" +- uses: (actions|aws-actions)/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+"
    assert [line for line in uses if not re.fullmatch(pinned, line)] == []


def test_newer_releases_of_the_actions_are_proposed_each_week() -> None:
    (update,) = yaml.safe_load((FOLDER.parent / "dependabot.yml").read_text())["updates"]
    assert (update["package-ecosystem"], update["directory"]) == ("github-actions", "/")
    assert update["schedule"] == {"interval": "weekly"}


def test_every_job_has_an_end(workflow: Workflow) -> None:
    for job in workflow["jobs"].values():
        assert job["timeout-minutes"] <= 120


def test_deployment_is_of_a_known_environment_and_guarded_by_it() -> None:
    workflow = read("deploy")
    asked = workflow["on"]["workflow_dispatch"]["inputs"]["environment"]
    assert set(asked["options"]) == set(ENVIRONMENTS)
    assert (asked["type"], asked["default"]) == ("choice", "dev")
    assert workflow["on"]["push"] == {"branches": ["main"]}
    (job,) = workflow["jobs"].values()
    assert job["environment"] == "${{ inputs.environment || 'dev' }}"
    assert commands(workflow) == ['make deploy ENV="$ENV" ACCOUNT="$ACCOUNT" CONFIRM=yes']


def test_deployments_of_an_environment_follow_each_other_and_are_not_cut_off() -> None:
    workflow = read("deploy")
    assert workflow["concurrency"] == {
        "group": "deploy-${{ inputs.environment || 'dev' }}",
        "cancel-in-progress": False,
    }


def test_credentials_come_from_githubs_token_and_last_as_long_as_the_role_allows() -> None:
    (sign_in,) = (s for s in steps(read("deploy")) if "configure-aws" in s.get("uses", ""))
    given = sign_in["with"]
    assert given["role-to-assume"] == "${{ vars.AWS_ROLE_ARN }}"
    assert given["role-duration-seconds"] == 2 * 3600
    assert not {"aws-access-key-id", "aws-secret-access-key"} & given.keys()

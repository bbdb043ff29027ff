"""What a workflow may do: deploy one environment, from one place, and nothing beside."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from infra.aws.github import GitHub
from tests.unit.infra_aws.templates import Template, of_type

RunCdk = Callable[..., subprocess.CompletedProcess[str]]

SYNTHESIZE = """
import json, sys
import infra.aws
from aws_cdk import App, Stack, aws_s3
from infra.aws.environment import DEV
from infra.aws.github import GitHub
from infra.aws.resources.deploy_role import DeployRole
app = App(analytics_reporting=False)
for name, exists in (("First", False), ("Second", True)):
    stack = Stack(app, name)
    github = GitHub(repository="example-org/sluice", provider_exists=exists)
    bucket = aws_s3.Bucket(stack, "Code")
    DeployRole(stack, "Deploy", environment=DEV, github=github, bucket=bucket)
assembly = app.synth()
print(json.dumps([assembly.get_stack_by_name(n).template for n in ("First", "Second")]))
"""
ISSUER = "token.actions.githubusercontent.com"


@pytest.fixture(scope="module")
def templates(run_cdk: RunCdk) -> list[Template]:
    """Two stacks: one that makes the account trust GitHub, one where it does already."""
    done = run_cdk("-c", SYNTHESIZE)
    assert done.returncode == 0, done.stderr
    parsed: list[Template] = json.loads(done.stdout)
    return parsed


@pytest.fixture
def allowed(templates: list[Template]) -> dict[str, Any]:
    """The statements of the role's policy by their purpose."""
    (policy,) = of_type(templates[0], "AWS::IAM::ManagedPolicy").values()
    return {each["Sid"]: each for each in policy["PolicyDocument"]["Statement"]}


def test_role_trusts_jobs_of_one_environment_of_one_repository_and_no_others(
    templates: list[Template],
) -> None:
    for template in templates:
        (role,) = of_type(template, "AWS::IAM::Role").values()
        (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
        assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
        assert statement["Condition"] == {
            "StringEquals": {
                f"{ISSUER}:aud": "sts.amazonaws.com",
                f"{ISSUER}:sub": "repo:example-org/sluice:environment:dev",
            }
        }


def test_provider_is_made_unless_the_account_has_it(templates: list[Template]) -> None:
    first, second = templates
    (provider,) = of_type(first, "AWS::IAM::OIDCProvider").values()
    assert provider == {"Url": f"https://{ISSUER}", "ClientIdList": ["sts.amazonaws.com"]}
    assert "OIDCProvider" not in json.dumps(second)
    (role,) = of_type(second, "AWS::IAM::Role").values()
    (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
    named = json.dumps(statement["Principal"]["Federated"])
    assert f":oidc-provider/{ISSUER}" in named


def test_role_lasts_as_long_as_making_an_environment_takes(templates: list[Template]) -> None:
    (role,) = of_type(templates[0], "AWS::IAM::Role").values()
    assert role["MaxSessionDuration"] == 2 * 3600


def test_role_does_what_deploying_takes_and_no_more(allowed: dict[str, Any]) -> None:
    assert {sid: each["Action"] for sid, each in allowed.items()} == {
        "DeployByCdk": "sts:AssumeRole",
        "ReadOutputs": "cloudformation:DescribeStacks",
        "LookForBootstrap": "ssm:GetParameter",
        "ListFiles": "s3:ListBucket",
        "PutFiles": ["s3:GetObject", "s3:PutObject"],
        "DeleteDags": "s3:DeleteObject",
        "WaitForAirflow": "airflow:GetEnvironment",
        "SetPoolsAndRun": "airflow:InvokeRestApi",
    }
    assert {each["Effect"] for each in allowed.values()} == {"Allow"}


def test_no_resource_is_open_but_dag_files_and_the_ids_that_cloudformation_makes_up(
    allowed: dict[str, Any],
) -> None:
    wide = {sid for sid, each in allowed.items() if "*" in json.dumps(each["Resource"])}
    assert wide == {"ReadOutputs", "PutFiles", "DeleteDags"}
    deletable = allowed["DeleteDags"]["Resource"]["Fn::Join"][1]
    assert deletable[-1] == "/dags/*"
    for stack in allowed["ReadOutputs"]["Resource"]:
        assert ":stack/sluice-dev-" in json.dumps(stack)


def test_role_asks_airflow_of_its_own_environment_only(allowed: dict[str, Any]) -> None:
    assert json.dumps(allowed["SetPoolsAndRun"]["Resource"]).endswith(':role/sluice-dev/Op"]]}')
    environment = json.dumps(allowed["WaitForAirflow"]["Resource"])
    assert environment.endswith(':environment/sluice-dev"]]}')


@pytest.mark.parametrize("wrong", ["sluice", "example-org/*", "a/b/c", "example-org/sluice:ref"])
def test_repository_that_could_mean_several_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="not a repository"):
        GitHub(repository=wrong)

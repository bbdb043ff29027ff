"""A whole deployment by the real cdk command, into the AWS emulator and before an MWAA."""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING, Any

import pytest

from infra.common.paths import POOLS
from infra.deploy import stacks
from infra.deploy.account import sign_in
from infra.deploy.deploying import Deployment, deploy
from infra.deploy.destroying import destroy
from infra.deploy.errors import DeployError
from infra.deploy.waiting import Patience
from infra.local import aws as emulators
from tests.support.emulated_cdk import EmulatedCdk
from tests.support.mwaa_stand_in import MwaaStandIn
from tests.support.scripted_airflow import ScriptedAirflow

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import Aws

pytestmark = pytest.mark.xdist_group("deploy")
STEPS = [
    "synthesize the templates",
    "compare them with what is deployed",
    "deploy sluice-dev-code",
    "upload plugins, requirements and startup script",
    "deploy sluice-dev-pipelines",
    "put the DAG files where MWAA will look for them when it is made",
    "deploy sluice-dev-platform",
    "bring the DAG files up to date",
    "wait for Airflow",
    "set the pools",
    "run migrate_warehouse",
    "run covid_us_daily",
]
FILES = {"migrate_warehouse": "migrate_warehouse.py", "covid_us_daily": "covid_us_daily.py"}
RUNNING = ("PluginsS3ObjectVersion", "RequirementsS3ObjectVersion", "StartupScriptS3ObjectVersion")
QUICK = Patience(environment=5, sync=0, dags=5, run=5, poll=0.01)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    folder = tmp_path / "package"
    (folder / "dags" / "include").mkdir(parents=True)
    for name in (*FILES.values(), "include/core.py"):
        (folder / "dags" / name).write_text("x = 1")
    for name in ("plugins.zip", "requirements.txt", "startup.sh"):
        (folder / name).write_text(name)
    return folder


@pytest.fixture
def airflow() -> ScriptedAirflow:
    return ScriptedAirflow(dict(FILES))


@pytest.fixture
def mwaa(aws: Aws, airflow: ScriptedAirflow) -> Iterator[MwaaStandIn]:
    """An environment that runs the versions that the platform's stack was given."""

    def versions() -> dict[str, Any]:
        stack = stacks.find(aws.client("cloudformation"), "sluice-dev-platform")
        if stack is None:
            return {"Name": "not yet"}
        noted = aws.client("ssm").get_parameter(Name=stack.outputs["Noted"])
        return dict(zip(RUNNING, noted["Parameter"]["Value"].split(), strict=True))

    environment = {"Name": "sluice-dev", "WebserverUrl": "ui.example.com"}
    states = ("UPDATING", "AVAILABLE")
    with MwaaStandIn(environment, airflow, states=states, also=versions) as stand_in:
        yield stand_in


@pytest.fixture
def to(
    aws: Aws, mwaa: MwaaStandIn, package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Deployment:
    """A deployment of dev by whoever the environment variables name, as make deploy has it."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in emulators.environment(aws.endpoint).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL_MWAA", mwaa.url)
    monkeypatch.setenv("AWS_DISABLE_HOST_PREFIX_INJECTION", "true")
    account = sign_in(wanted="000000000000")
    cdk = EmulatedCdk(account=account, environment="dev", assembly=tmp_path / "assembly")
    return Deployment(environment="dev", account=account, cdk=cdk, package=package, patience=QUICK)


def objects(aws: Aws, bucket: str) -> dict[str, str]:
    """Every version in a bucket, by its id."""
    found = aws.client("s3").list_object_versions(Bucket=bucket)
    assert not found.get("DeleteMarkers")
    return {each["VersionId"]: each["Key"] for each in found.get("Versions", [])}


def statuses(aws: Aws) -> dict[str, str]:
    cloudformation = aws.client("cloudformation")
    names = [stacks.stack_name("dev", part) for part in stacks.PARTS]
    found = {name: stacks.find(cloudformation, name) for name in names}
    return {name: stack.status for name, stack in found.items() if stack is not None}


def end(to: Deployment, *, confirmed: bool) -> None:
    answers = {"confirm": lambda: confirmed, "confirm_keys": lambda: False}
    destroy("dev", account=to.account, cdk=to.cdk, **answers)


def test_environment_comes_up_stays_as_it_is_when_deployed_again_and_goes_away(
    to: Deployment, aws: Aws, airflow: ScriptedAirflow, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(DeployError, match="nothing was changed"):
        deploy(to, confirm=lambda: False)
    assert statuses(aws) == {}
    # What a security team looks for stands in what was shown.
    assert "IAM Statement Changes" in capfd.readouterr().out

    deploy(to, confirm=lambda: True)
    assert set(statuses(aws).values()) == {"CREATE_COMPLETE"}
    bucket = stacks.output(aws.client("cloudformation"), "sluice-dev-code", "CodeBucket")
    first = objects(aws, bucket)
    assert len(first) == 3 + len(FILES) + 1
    assert airflow.pools.keys() == json.loads(POOLS.read_text()).keys()
    assert {dag: len(runs) for dag, runs in airflow.runs.items()} == dict.fromkeys(FILES, 1)
    told = capfd.readouterr().out
    steps = [line.removeprefix("==> ") for line in told.splitlines() if line.startswith("==> ")]
    assert [step.split(" (")[0] for step in steps if "bootstrap" not in step] == STEPS
    assert len(re.findall(r"^    \d+\.\d s$", told, re.MULTILINE)) >= len(steps)

    deploy(to, confirm=lambda: True)
    assert objects(aws, bucket) == first
    assert "all there already" in capfd.readouterr().out
    landing = stacks.output(aws.client("cloudformation"), "sluice-dev-pipelines", "LandingBucket")
    aws.client("s3").put_object(Bucket=landing, Key="uploads/sqs/a.csv", Body=b"a")

    with pytest.raises(DeployError, match="nothing was deleted"):
        end(to, confirmed=False)
    assert objects(aws, bucket) == first
    end(to, confirmed=True)
    assert statuses(aws) == {}
    left = {each["Name"] for each in aws.client("s3").list_buckets()["Buckets"]}
    assert not {bucket, landing} & left
    told = capfd.readouterr().out
    assert f"emptying {landing}" in told
    assert "what stays, and may cost money" in told

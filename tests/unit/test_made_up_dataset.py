"""What is only declared is parsed, watched, waited for and packaged: no list has to name it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from include.datasets import github_datasets
from infra.aws.declared_dags import declared_dags
from infra.package.build import build
from infra.package.verify import Verified, verify
from tests.unit.infra_aws.alarms import alarms
from tests.unit.infra_aws.templates import read

if TYPE_CHECKING:
    from collections.abc import Callable

# The tree is made once, by the worker that has CDK loaded.
pytestmark = pytest.mark.xdist_group("cdk")

REPOSITORY = Path(__file__).parents[2]
DATASET, DAG, UPLOAD = "covid_by_county", "check_tables", "csv_upload_to_bus"
# Hours until somebody looks: a run on weekdays may be 72 hours after the last, and one more every
# six hours.
QUIET_HOURS = {DATASET: 72 + 2, DAG: 6 + 2}
WAITED_FOR = """
import json, pathlib, sys
from infra.deploy.known_dags import dags_of
print(json.dumps(sorted(dags_of(pathlib.Path(sys.argv[1])))))
"""


def write(source: Path, target: Path, *changes: tuple[str, str]) -> None:
    text = source.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    target.write_text(text)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the tree with a dataset more, a DAG file and an upload pipeline; nothing else."""
    copy = tmp_path_factory.mktemp("tree") / "project"
    for room in ("dags", "include", "infra", "plugins"):
        ignored = shutil.ignore_patterns("__pycache__", "node_modules")
        shutil.copytree(REPOSITORY / room, copy / room, ignore=ignored)
    shutil.copy(REPOSITORY / "requirements.txt", copy)
    (like,) = (each for each in github_datasets() if each.name == "covid_us_states_daily")
    datasets = copy / "include" / "datasets"
    write(
        datasets / f"{like.name}.py",
        datasets / f"{DATASET}.py",
        (f'name="{like.name}"', f'name="{DATASET}"'),
        (f'schedule="{like.schedule}"', 'schedule="15 6 * * MON-FRI"'),
    )
    statements = copy / "include" / "sql" / "github_csv_to_postgres"
    write(statements / f"clean_{like.name}.sql", statements / f"clean_{DATASET}.sql")
    write(
        copy / "dags" / "migrate_warehouse.py",
        copy / "dags" / f"{DAG}.py",
        ('NAME = "migrate_warehouse"', f'NAME = "{DAG}"'),
        ("schedule=None", 'schedule="0 */6 * * *"'),
    )
    landing = copy / "include" / "pipelines" / "landing.py"
    write(landing, landing, ("Final = {", f'Final = {{\n    "{UPLOAD}": "uploads/bus/",'))
    return copy


@pytest.fixture(scope="module")
def platform(
    tree: Path, run_cdk: Callable[..., subprocess.CompletedProcess[str]]
) -> dict[str, dict[str, Any]]:
    """The templates that the copy synthesizes for dev, by stack."""
    folder = tree.parent / "templates"
    arguments = ("--environment", "dev", "--folder", str(folder))
    done = run_cdk("-m", "infra.aws.synth", *arguments, folder=tree)
    assert done.returncode == 0, done.stderr
    return {stack: read(folder, "dev", stack) for stack in ("pipelines", "platform")}


@pytest.fixture(scope="module")
def package(tree: Path) -> Path:
    return build(tree, tree.parent / "package").folder


@pytest.fixture(scope="module")
def verified(tree: Path, package: Path) -> Verified:
    """What Airflow reads of the package, and of the copy, which must be the same."""
    return verify(package, tree, Path(sys.executable), tree.parent / "layout")


@pytest.fixture
def expected() -> set[str]:
    return {dag.dag_id for dag in declared_dags()} | {DATASET, DAG}


def test_airflow_reads_its_dag_from_the_tree_and_from_the_package(
    tree: Path, verified: Verified, expected: set[str]
) -> None:
    assert set(verified.dag_ids) == expected
    modules = [path for room in ("include", "dags/wiring") for path in (tree / room).rglob("*.py")]
    assert 0 < verified.modules <= len(modules)


def test_package_has_its_declaration_and_statement(package: Path) -> None:
    include = package / "dags" / "include"
    assert (include / "datasets" / f"{DATASET}.py").is_file()
    assert (include / "sql" / "github_csv_to_postgres" / f"clean_{DATASET}.sql").is_file()


def test_deployment_waits_for_its_dag(tree: Path, package: Path, expected: set[str]) -> None:
    command = [sys.executable, "-c", WAITED_FOR, str(package)]
    done = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=True)
    assert set(json.loads(done.stdout)) == expected


def test_its_runs_are_on_the_dashboard(
    platform: dict[str, dict[str, Any]], expected: set[str]
) -> None:
    (body,) = (
        json.dumps(resource["Properties"]["DashboardBody"])
        for resource in platform["platform"]["Resources"].values()
        if resource["Type"] == "AWS::CloudWatch::Dashboard"
    )
    for dag_id in expected:
        for metric in ("DAGDurationSuccess", "DAGDurationFailed"):
            assert json.dumps(f'"{metric}","DAG","{dag_id}"')[1:-1] in body


def test_silence_of_its_dag_is_an_alarm_after_the_longest_pause_of_its_schedule(
    platform: dict[str, dict[str, Any]],
) -> None:
    found = alarms(platform["platform"])
    for dag_id, hours in QUIET_HOURS.items():
        assert found[f"{dag_id}-quiet"]["EvaluationPeriods"] == hours


def test_upload_pipeline_has_its_queues_with_alarms_outputs_and_place_on_the_dashboard(
    platform: dict[str, dict[str, Any]],
) -> None:
    outputs = platform["pipelines"]["Outputs"]
    assert {"CsvUploadToBusQueueUrl", "CsvUploadToBusDeadLetterQueueUrl"} <= set(outputs)
    found = alarms(platform["pipelines"])
    assert {f"{UPLOAD}-dead-letters", f"{UPLOAD}-oldest-message"} <= set(found)
    dashboard = json.dumps(platform["platform"])
    assert "CsvUploadToBusQueueUrl" in dashboard
    assert "CsvUploadToBusDeadLetterQueueUrl" in dashboard

"""What every DAG of the project promises, read from the DAG files as Airflow reads them."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from include.datasets import github_datasets

REPOSITORY = Path(__file__).parents[3]
TASKS = {"resolve_as_of", "download", "clean_and_merge", "upsert", "announce"}


@pytest.fixture(scope="module")
def bag() -> Any:
    from airflow.dag_processing.dagbag import DagBag  # noqa: PLC0415 -- after the environment is set

    def refuse(*_: Any) -> None:
        raise AssertionError("parsing a DAG file opened a connection")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", refuse)
        started = time.monotonic()
        found: Any = DagBag(str(REPOSITORY / "dags"), include_examples=False)
        found.seconds = time.monotonic() - started
    return found


@pytest.fixture(params=["covid_us_daily", "covid_us_states_daily"])
def dag(bag: Any, request: pytest.FixtureRequest) -> Any:
    return bag.dags[request.param]


def test_every_dag_file_is_imported_and_no_connection_is_opened(
    bag: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bag.import_errors == {}
    with capsys.disabled():
        print(f" [DAG files parsed in {bag.seconds:.2f} s] ", end="")  # noqa: T201 -- to be read


def test_there_is_one_dag_a_dataset_and_no_other(bag: Any) -> None:
    files = {path.stem for path in (REPOSITORY / "include" / "datasets").glob("[a-z]*.py")}
    assert set(bag.dags) == files
    assert files >= {"covid_us_daily", "covid_us_states_daily"}


def test_every_dag_has_its_tasks_in_order(dag: Any) -> None:
    assert {task.task_id for task in dag.tasks} == TASKS
    assert dag.get_task("download").upstream_task_ids == {"resolve_as_of"}
    assert dag.get_task("clean_and_merge").upstream_task_ids == {"resolve_as_of", "download"}
    assert dag.get_task("upsert").upstream_task_ids == {"resolve_as_of", "clean_and_merge"}
    assert dag.get_task("announce").upstream_task_ids == {"upsert"}


def test_every_dag_is_its_runbook(dag: Any) -> None:
    for heading in ("**Reads**", "**Writes**", "**Runs**", "**Safe to rerun", "**If it fails**"):
        assert heading in dag.doc_md
    assert dag.description


def test_every_dag_has_tags_and_an_owner_who_is_not_airflow(dag: Any) -> None:
    assert {"github", "postgres"} <= set(dag.tags)
    assert {task.owner for task in dag.tasks} == {"data-platform"}


def test_every_task_is_tried_again_with_back_off_within_a_time_limit(dag: Any) -> None:
    for task in dag.tasks:
        assert task.retries >= 2
        assert task.retry_exponential_backoff
        assert timedelta() < task.execution_timeout <= timedelta(hours=1)
    assert dag.dagrun_timeout


def test_failures_are_told_by_the_dag_and_not_by_its_tasks(dag: Any) -> None:
    assert dag.on_failure_callback is not None
    for task in dag.tasks:
        assert not task.on_failure_callback


def test_runs_daily_and_does_not_catch_up(dag: Any) -> None:
    assert dag.schedule == "30 8 * * *"
    assert not dag.catchup


def test_form_has_three_fields_with_defaults_that_load_now(dag: Any) -> None:
    assert dict(dag.params) == {"as_of": None, "refetch": False, "dry_run": False}


def test_dag_files_hold_no_logic() -> None:
    for path in (REPOSITORY / "dags").glob("*.py"):
        assert len(path.read_text().splitlines()) <= 120, path.name


def test_new_dataset_costs_one_python_file_and_two_statements(tmp_path: Path) -> None:
    copy = tmp_path / "project"
    for folder in ("dags", "include"):
        shutil.copytree(REPOSITORY / folder, copy / folder)
    found = {dataset.name for dataset in github_datasets()}
    made = (copy / "include" / "datasets" / "covid_us_states_daily.py").read_text()
    (copy / "include" / "datasets" / "covid_by_state.py").write_text(
        made.replace('name="covid_us_states_daily"', 'name="covid_by_state"')
    )
    script = (
        "from airflow.dag_processing.dagbag import DagBag;"
        "bag = DagBag('dags', include_examples=False);"
        "assert not bag.import_errors, bag.import_errors;"
        f"assert set(bag.dags) == {found | {'covid_by_state'}}, bag.dags"
    )
    environment = os.environ | {"PYTHONPATH": f"{copy}:{copy / 'dags'}"}
    subprocess.run([sys.executable, "-c", script], cwd=copy, env=environment, check=True)


def test_every_dataset_has_its_cleaning_statement() -> None:
    folder = REPOSITORY / "include" / "sql" / "github_csv_to_postgres"
    names = {f"clean_{dataset.name}.sql" for dataset in github_datasets()}
    assert {path.name for path in folder.glob("*.sql")} == names

"""The tasks of QuickSight: there where the settings name it, and unable to fail a load."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowSkipException, AirflowTaskTimeout

from include.contracts import Column, Table
from include.datasets import covid_us_daily
from infra.aws.airflow.options import airflow_options
from infra.aws.charts.choices import QuickSight
from infra.aws.charts.declared import charted
from infra.aws.environment import DEV

TASKS = {"prepare_charts", "refresh_charts"}


@pytest.fixture
def build(monkeypatch: pytest.MonkeyPatch) -> Any:
    """What builds a dataset's DAG where QuickSight is, with the options that MWAA is given."""
    environment = replace(DEV, quicksight=QuickSight(authors="analysts"))
    options = airflow_options(environment=environment, prefix="sluice/dev", output=str)
    for name, value in options.items():
        if name.startswith("sluice.quicksight"):
            monkeypatch.setenv(f"AIRFLOW__{name.replace('.', '__').upper()}", value)
    import github_csv_to_postgres  # noqa: PLC0415 -- after the environment is set

    return github_csv_to_postgres.build


def test_refresh_follows_the_end_of_the_load_and_names_the_data_set_of_the_template(
    build: Any,
) -> None:
    for data_set in charted():
        dag = build(data_set.dataset)
        assert {task.task_id for task in dag.tasks} >= TASKS
        assert dag.get_task("announce").downstream_task_ids == {"prepare_charts"}
        refresh = dag.get_task("refresh_charts")
        assert refresh.upstream_task_ids == {"prepare_charts"}
        assert refresh.data_set_id == data_set.id_after(DEV.charts_prefix)
        assert refresh.ingestion_type == "FULL_REFRESH"


def test_table_without_a_chart_has_nothing_to_refresh(build: Any) -> None:
    columns = (Column(name="code", type="text", nullable=False),)
    table = Table(schema="covid", name="codes", columns=columns, key=("code",))
    dag = build(replace(covid_us_daily.DATASET, name="codes", table=table, rules=()))
    assert not TASKS & {task.task_id for task in dag.tasks}


def test_without_quicksight_no_dag_has_a_task_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AIRFLOW__SLUICE__QUICKSIGHT_DATASETS", raising=False)
    from airflow.dag_processing.dagbag import DagBag  # noqa: PLC0415 -- after the environment is set

    dags = DagBag(include_examples=False).dags
    assert {"covid_us_daily", "migrate_warehouse"} <= dags.keys()
    found = {task.task_id for dag in dags.values() for task in dag.tasks}
    assert not {*TASKS, "make_charts_login"} & found


@pytest.mark.parametrize("error", [ValueError("as AWS said"), AirflowTaskTimeout("too long")])
@pytest.mark.parametrize(("tries", "last"), [(1, False), (2, False), (3, True)])
def test_last_try_that_fails_is_skipped_and_each_before_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, error: BaseException, tries: int, *, last: bool
) -> None:
    from wiring import charts  # noqa: PLC0415 -- after the environment is set

    ti = SimpleNamespace(try_number=tries, max_tries=2)
    monkeypatch.setattr(charts, "get_current_context", lambda: {"ti": ti})
    with pytest.raises(AirflowSkipException if last else type(error)), charts.skipped_at_last():
        raise error

"""Where the log of a failed task is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from infra.common.airflow_rest import AirflowRest, Json
from infra.local.airflow.task_logs import failed_logs
from infra.local.layout import Layout

if TYPE_CHECKING:
    from pathlib import Path

RUN = {"dag_id": "table", "dag_run_id": "run", "map_index": -1}


class OneRun(AirflowRest):
    """A run whose second try of one task failed."""

    def ask(self, *_: Any, **__: Any) -> Json | None:
        states = {"load": "failed", "extract": "success"}
        tasks = [
            {**RUN, "task_id": task, "state": state, "try_number": 2}
            for task, state in states.items()
        ]
        return {"task_instances": tasks}


@pytest.mark.parametrize("folder", ["airflow", "worker-1", "worker-12"])
def test_log_of_a_failed_task_is_found_with_the_worker_that_ran_the_try(
    tmp_path: Path, folder: str
) -> None:
    place = tmp_path / "logs" / folder / "dag_id=table" / "run_id=run" / "task_id=load"
    earlier = tmp_path / "logs" / "worker-3" / place.relative_to(tmp_path / "logs" / folder)
    for log in (place / "attempt=2.log", earlier / "attempt=1.log"):
        log.parent.mkdir(parents=True)
        log.touch()
    assert failed_logs(OneRun(), Layout(tmp_path), "table", "run") == [place / "attempt=2.log"]


def test_log_of_a_try_that_never_began_is_named_where_it_would_be(tmp_path: Path) -> None:
    (log,) = failed_logs(OneRun(), Layout(tmp_path), "table", "run")
    assert log.is_relative_to(tmp_path / "logs" / "airflow")

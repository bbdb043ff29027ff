"""DAGs of teams that are no part of the project, on a stack under test."""

from __future__ import annotations

import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support.document_blocks import ALL
from tests.support.scheduled_runs import PATIENCE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.scheduled_runs import ScheduledRuns

FOLDER = "dags of teams"


@contextmanager
def team_dag(runs: ScheduledRuns, page: str) -> Iterator[str]:
    """Have Airflow know the DAG whose file a page prints, while the context lasts; its id."""
    (block,) = (b for b in ALL[page] if b.marks.get("file", "").startswith("dags/"))
    path = runs.stack.layout.root / FOLDER / Path(block.marks["file"]).name
    path.write_text(block.text)
    try:
        wait_until(lambda: runs.stack.api.dag(path.stem) is not None)
        yield path.stem
    finally:
        path.unlink()
        runs.stack.api.set_paused(path.stem, paused=True)


def wait_for_run(runs: ScheduledRuns, dag_id: str, last: int) -> Any:
    """Wait for the one run of a DAG since one run of any; what its task has returned."""

    def started() -> list[str]:
        return [run_id for dag, run_id, _ in runs.since(last) if dag == dag_id]

    wait_until(lambda: bool(started()))
    (run_id,) = started()
    assert runs.wait(dag_id, run_id) == "success"
    ((task,),) = [runs.stack.api.tasks(dag_id)]
    tried = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task}"
    return runs.stack.api.call("GET", f"{tried}/xcomEntries/return_value")["value"]


def wait_until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.2)

"""The logs of tasks, which the laptop's Airflow writes into folders, one a worker."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from infra.common.airflow_rest import AirflowRest, TaskInstance
    from infra.local.layout import Layout


def failed_logs(api: AirflowRest, layout: Layout, dag_id: str, run_id: str) -> list[Path]:
    """The log files of the last attempts of a run's failed tasks."""
    failed = [i for i in api.task_instances(dag_id, run_id) if i["state"] == "failed"]
    return [_log(layout, instance) for instance in failed]


def _log(layout: Layout, instance: TaskInstance) -> Path:
    place = Path(f"dag_id={instance['dag_id']}", f"run_id={instance['dag_run_id']}")
    place /= f"task_id={instance['task_id']}"
    if instance["map_index"] >= 0:
        place /= f"map_index={instance['map_index']}"
    place /= f"attempt={instance['try_number']}.log"
    # Each try is in the folder of the one worker that ran it.
    found = (folder / place for folder in layout.every_task_logs())
    return next((log for log in found if log.exists()), layout.task_logs / place)


def last_events(log: Path, lines: int = 8) -> list[str]:
    """The last lines of a task's log, without the JSON around them."""
    if not log.exists():
        return []
    return [_event(line) for line in log.read_text(errors="replace").splitlines()[-lines:]]


def _event(line: str) -> str:
    try:
        entry = json.loads(line)
    except ValueError:
        return line
    details = [f"{e['exc_type']}: {e['exc_value']}" for e in entry.get("error_detail", [])]
    return " ".join([str(entry.get("event", "")), *details])

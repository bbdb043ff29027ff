"""Runs a DAG once through the scheduler of a stack and tells what happens, as it happens."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from infra.local.airflow_api import moment
from infra.local.errors import StackError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from infra.local.airflow_api import AirflowApi
    from infra.local.layout import Layout

_TOLD = {"running", "success", "failed", "skipped", "upstream_failed", "up_for_retry", "deferred"}
_POLL_SECONDS = 0.3


def wait_for_dag(
    api: AirflowApi, dag_id: str, since: datetime | None, *, seconds: float = 120
) -> dict[str, Any]:
    """Wait until Airflow knows a DAG; returns its details.

    Arguments:
        api: of the stack.
        dag_id: which DAG.
        since: it must have been read after this moment; None if any time will do.
        seconds: how long to wait.

    Raises:
        StackError: its file cannot be read, or seconds went by.
    """
    deadline = time.monotonic() + seconds
    while True:
        dag = api.dag(dag_id)
        if dag is not None and (since is None or moment(dag["last_parsed_time"]) > since):
            return dag
        if time.monotonic() > deadline:
            raise StackError(f"Airflow found no DAG {dag_id} within {seconds:.0f} s")
        if errors := api.import_errors():
            raise StackError("Airflow cannot read DAG files:\n" + "\n".join(errors))
        time.sleep(_POLL_SECONDS)


def run_once(
    api: AirflowApi, dag: dict[str, Any], conf: dict[str, Any], tell: Callable[[str], None]
) -> tuple[str, bool]:
    """Trigger one run and follow it to its end; returns its id and whether it succeeded.

    A DAG that was paused is paused again.
    """
    dag_id = dag["dag_id"]
    api.set_paused(dag_id, paused=False)
    try:
        run_id = api.trigger(dag_id, conf)
        tell(f"{dag_id}, run {run_id}")
        return run_id, _follow(api, dag_id, run_id, tell)
    finally:
        if dag["is_paused"]:
            api.set_paused(dag_id, paused=True)


def _follow(api: AirflowApi, dag_id: str, run_id: str, tell: Callable[[str], None]) -> bool:
    order = {task: place for place, task in enumerate(api.tasks(dag_id))}
    told: dict[tuple[str, int], str] = {}
    while True:
        state = api.run(dag_id, run_id)["state"]
        instances = api.task_instances(dag_id, run_id)
        instances.sort(key=lambda i: (order.get(i["task_id"], 0), i["map_index"]))
        for instance in instances:
            which, now = (instance["task_id"], instance["map_index"]), instance["state"]
            if now in _TOLD and told.get(which) != now:
                told[which] = now
                tell(f"  {_label(instance):<32} {now:<12}{_duration(instance)}".rstrip())
        if state in ("success", "failed"):
            return bool(state == "success")
        time.sleep(_POLL_SECONDS)


def _label(instance: dict[str, Any]) -> str:
    name = str(instance["task_display_name"])
    if instance["map_index"] < 0:
        return name
    return f"{name} [{instance['rendered_map_index'] or instance['map_index']}]"


def _duration(instance: dict[str, Any]) -> str:
    if instance["state"] == "running" or not instance["duration"]:
        return ""
    return f"{instance['duration']:6.1f} s"


def failed_logs(api: AirflowApi, layout: Layout, dag_id: str, run_id: str) -> list[Path]:
    """The log files of the last attempts of a run's failed tasks."""
    failed = [i for i in api.task_instances(dag_id, run_id) if i["state"] == "failed"]
    return [_log(layout, instance) for instance in failed]


def _log(layout: Layout, instance: dict[str, Any]) -> Path:
    folder = layout.logs / "airflow" / f"dag_id={instance['dag_id']}"
    folder = folder / f"run_id={instance['dag_run_id']}" / f"task_id={instance['task_id']}"
    if instance["map_index"] >= 0:
        folder = folder / f"map_index={instance['map_index']}"
    return folder / f"attempt={instance['try_number']}.log"


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

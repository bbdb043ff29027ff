"""Runs a DAG once through the scheduler and tells what happens, as it happens."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from infra.common.airflow_rest import moment
from infra.common.errors import StackError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from infra.common.airflow_rest import AirflowRest

_TOLD = {"running", "success", "failed", "skipped", "upstream_failed", "up_for_retry", "deferred"}
_POLL_SECONDS = 0.3


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How a run is followed.

    Attributes:
        poll: seconds between two looks at it.
        limit: seconds after which it should have ended.
    """

    poll: float = _POLL_SECONDS
    limit: float = math.inf


_LAPTOP = Pace()


def wait_for_dag(
    api: AirflowRest, dag_id: str, since: datetime | None, *, seconds: float = 120
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
    api: AirflowRest,
    dag: dict[str, Any],
    conf: dict[str, Any],
    tell: Callable[[str], None],
    *,
    run_id: str | None = None,
    pace: Pace = _LAPTOP,
) -> tuple[str, bool]:
    """Trigger one run and follow it to its end; returns its id and whether it succeeded.

    A DAG that was paused is paused again. Airflow chooses the run's id unless it is given.

    Raises:
        StackError: Airflow refused a call, or the run did not end within its limit.
    """
    dag_id = dag["dag_id"]
    api.set_paused(dag_id, paused=False)
    try:
        made = api.trigger(dag_id, conf, run_id=run_id)
        tell(f"{dag_id}, run {made}")
        return made, _follow(api, (dag_id, made), tell, pace)
    finally:
        if dag["is_paused"]:
            api.set_paused(dag_id, paused=True)


def _follow(
    api: AirflowRest, run: tuple[str, str], tell: Callable[[str], None], pace: Pace
) -> bool:
    dag_id, run_id = run
    deadline = time.monotonic() + pace.limit
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
        if time.monotonic() > deadline:
            raise StackError(f"{dag_id}, run {run_id} is still {state} after {pace.limit:.0f} s")
        time.sleep(pace.poll)


def _label(instance: dict[str, Any]) -> str:
    name = str(instance["task_display_name"])
    if instance["map_index"] < 0:
        return name
    return f"{name} [{instance['rendered_map_index'] or instance['map_index']}]"


def _duration(instance: dict[str, Any]) -> str:
    if instance["state"] == "running" or not instance["duration"]:
        return ""
    return f"{instance['duration']:6.1f} s"

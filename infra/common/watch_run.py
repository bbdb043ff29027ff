"""Runs a DAG once, and says what happens as it happens."""

from __future__ import annotations

import math
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.common.airflow_rest import is_after
from infra.common.errors import StackError
from infra.common.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from infra.common.airflow_rest import AirflowRest, TaskInstance

_SHOWN = {"running", "success", "failed", "skipped", "upstream_failed", "up_for_retry", "deferred"}
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
) -> None:
    """Wait until Airflow knows a DAG.

    Arguments:
        api: where it runs.
        dag_id: which DAG.
        since: it must have been read after this moment; None if any time will do.
        seconds: how long to wait.

    Raises:
        StackError: its file cannot be read, or seconds went by.
    """

    def look() -> bool:
        dag = api.dag(dag_id)
        if dag is not None and is_after(dag["last_parsed_time"], since):
            return True
        # Airflow keeps what it last read of a file until it has read it again.
        faults = [fault for fault in api.import_faults() if is_after(fault["timestamp"], since)]
        if faults:
            texts = [f"{fault['filename']}: {fault['stack_trace']}" for fault in faults]
            raise StackError("\n".join(["Airflow cannot read DAG files:", *texts]))
        return False

    if not until(look, seconds=seconds, poll=_POLL_SECONDS):
        raise StackError(f"Airflow found no DAG {dag_id} within {seconds:.0f} s")


@contextmanager
def unpaused(api: AirflowRest, dag_id: str) -> Iterator[None]:
    """Let a DAG run for as long as the context lasts; pauses it again if it was paused.

    Raises:
        StackError: Airflow refused a call, or knows no such DAG.
    """
    was_paused = api.call("GET", f"/dags/{dag_id}")["is_paused"]
    api.set_paused(dag_id, paused=False)
    try:
        yield
    finally:
        if was_paused:
            api.set_paused(dag_id, paused=True)


def follow(
    api: AirflowRest, dag_id: str, run_id: str, say: Callable[[str], None], pace: Pace = _LAPTOP
) -> bool:
    """Follow a run to its end; returns whether it succeeded.

    Arguments:
        api: where it runs.
        dag_id: which DAG.
        run_id: which run of it.
        say: receives a line about each task that starts or ends.
        pace: how often to look, and for how long.

    Raises:
        StackError: Airflow refused a call, or the run did not end within its limit.
    """
    say(f"{dag_id}, run {run_id}")
    deadline = time.monotonic() + pace.limit
    # The API lists tasks by their names.
    order = {task: place for place, task in enumerate(api.tasks(dag_id))}
    shown: dict[tuple[str, int], str] = {}
    while True:
        state = api.run_state(dag_id, run_id)
        instances = api.task_instances(dag_id, run_id)
        instances.sort(key=lambda i: (order.get(i["task_id"], 0), i["map_index"]))
        for instance in instances:
            which, now = (instance["task_id"], instance["map_index"]), instance["state"]
            if now in _SHOWN and shown.get(which) != now:
                shown[which] = now
                say(f"  {_label(instance):<32} {now:<12}{_duration(instance)}".rstrip())
        if state in ("success", "failed"):
            return state == "success"
        if time.monotonic() > deadline:
            raise StackError(f"{dag_id}, run {run_id} is still {state} after {pace.limit:.0f} s")
        time.sleep(pace.poll)


def _label(instance: TaskInstance) -> str:
    name = instance["task_display_name"]
    if instance["map_index"] < 0:
        return name
    return f"{name} [{instance['rendered_map_index'] or instance['map_index']}]"


def _duration(instance: TaskInstance) -> str:
    if instance["state"] == "running" or not instance["duration"]:
        return ""
    return f"{instance['duration']:6.1f} s"

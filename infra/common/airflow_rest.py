"""The few calls to Airflow's REST API that starting and watching a run take."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, TypedDict

from infra.common.errors import StackError

if TYPE_CHECKING:
    from collections.abc import Mapping

Json = dict[str, Any]
_PAGE = 100  # the most that the API gives at once


class Dag(TypedDict):
    """A DAG's details, as far as they are used here."""

    dag_id: str
    fileloc: str
    is_paused: bool
    last_parsed_time: str | None
    next_dagrun_run_after: str | None


class TaskInstance(TypedDict):
    """One task of a run, as far as it is used here; map_index is -1 for one that is not mapped."""

    dag_id: str
    dag_run_id: str
    task_id: str
    task_display_name: str
    map_index: int
    rendered_map_index: str | None
    state: str | None
    try_number: int
    duration: float | None


class ImportFault(TypedDict):
    """A DAG file that could not be read."""

    filename: str
    stack_trace: str
    timestamp: str


def now() -> datetime:
    """This moment, in UTC."""
    return datetime.now(timezone.utc)


def moment(text: str) -> datetime:
    """A moment as the API writes it, which Python 3.10 cannot read by itself."""
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def is_after(text: str | None, since: datetime | None) -> bool:
    """Check whether the API's moment is later than another; always true without another."""
    return since is None or (text is not None and moment(text) > since)


class AirflowRest(ABC):
    """Airflow's public REST API, over any connection.

    https://airflow.apache.org/docs/apache-airflow/3.2.1/stable-rest-api-ref.html
    """

    @abstractmethod
    def ask(
        self, method: str, path: str, *, query: Json | None = None, body: Any = None
    ) -> Json | None:
        """Send one call, and return its answer; None if the thing does not exist (404).

        Arguments:
            method: of HTTP.
            path: below /api/v2.
            query: parameters after the path.
            body: sent as JSON.

        Raises:
            StackError: Airflow refused the call, or did not answer.
        """

    def call(self, method: str, path: str, *, query: Json | None = None, body: Any = None) -> Json:
        """Send one call about something that has to exist.

        Raises:
            StackError: Airflow refused the call, did not answer, or knows no such thing.
        """
        answer = self.ask(method, path, query=query, body=body)
        if answer is None:
            raise StackError(f"Airflow knows nothing of {method} {path}")
        return answer

    def dag(self, dag_id: str) -> Dag | None:
        """A DAG's details, or None while Airflow does not know it."""
        return self.ask("GET", f"/dags/{dag_id}")  # type: ignore[return-value] # the API's promise

    def dags(self) -> list[Dag]:
        """Details of all DAGs that Airflow has read from files that still exist."""
        found: list[Dag] = []
        while True:
            page = self.call("GET", "/dags", query={"limit": _PAGE, "offset": len(found)})
            found += page["dags"]
            if len(page["dags"]) < _PAGE:
                return found

    def import_faults(self) -> list[ImportFault]:
        """Which DAG files could not be read, when and why."""
        return list(self.call("GET", "/importErrors", query={"limit": _PAGE})["import_errors"])

    def set_paused(self, dag_id: str, *, paused: bool) -> None:
        self.call("PATCH", f"/dags/{dag_id}", body={"is_paused": paused})

    def set_pools(self, pools: Mapping[str, Mapping[str, object]]) -> None:
        """Create pools, or overwrite them.

        Arguments:
            pools: name to slots, description and include_deferred, as `airflow pools import`
                reads them.

        Raises:
            StackError: Airflow did not take one of them.
        """
        entities = [{"name": name, **traits} for name, traits in pools.items()]
        create = {"action": "create", "action_on_existence": "overwrite", "entities": entities}
        done = self.call("PATCH", "/pools", body={"actions": [create]})
        if errors := (done["create"] or {}).get("errors"):
            raise StackError(f"Airflow did not take the pools: {errors}")

    def trigger(self, dag_id: str, conf: Mapping[str, object], *, run_id: str | None = None) -> str:
        """Ask for a run by hand, without a logical date; returns its id, Airflow's unless given."""
        body: Json = {"logical_date": None, "conf": conf}
        if run_id is not None:
            body["dag_run_id"] = run_id
        return str(self.call("POST", f"/dags/{dag_id}/dagRuns", body=body)["dag_run_id"])

    def run_state(self, dag_id: str, run_id: str) -> str:
        """The state of a run: queued, running, success or failed."""
        return str(self.call("GET", f"/dags/{dag_id}/dagRuns/{run_id}")["state"])

    def tasks(self, dag_id: str) -> list[str]:
        """The ids of a DAG's tasks, each after those that it waits for."""
        found = self.call("GET", f"/dags/{dag_id}/tasks")["tasks"]
        downstream = {task["task_id"]: set(task["downstream_task_ids"]) for task in found}
        ordered: list[str] = []
        while downstream:
            waiting = set().union(*downstream.values())
            ordered += sorted(downstream.keys() - waiting)
            downstream = {task: later for task, later in downstream.items() if task in waiting}
        return ordered

    def task_instances(self, dag_id: str, run_id: str) -> list[TaskInstance]:
        """A run's tasks, mapped ones once for each index; asked for in a body, as ids are long."""
        found: list[TaskInstance] = []
        # MWAA takes paths of 64 characters at most.
        wanted = {"dag_ids": [dag_id], "dag_run_ids": [run_id], "page_limit": _PAGE}
        while True:
            body = {**wanted, "page_offset": len(found)}
            page = self.call("POST", "/dags/~/dagRuns/~/taskInstances/list", body=body)
            found += page["task_instances"]
            if len(page["task_instances"]) < _PAGE:
                return found

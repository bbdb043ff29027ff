"""The few calls to Airflow's REST API that starting and watching a run take."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import datetime
from typing import Any

from infra.common.errors import StackError

_PAGE = 100  # the most that the API gives at once


def moment(text: str) -> datetime:
    """A moment as the API writes it, which Python 3.10 cannot read by itself."""
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


class AirflowRest(ABC):
    """Airflow's public REST API, whatever carries the calls.

    https://airflow.apache.org/docs/apache-airflow/3.2.1/stable-rest-api-ref.html
    """

    @abstractmethod
    def ask(
        self, method: str, path: str, *, query: dict[str, Any] | None = None, body: Any = None
    ) -> dict[str, Any] | None:
        """Carry one call, and return its answer; None when there is no such thing (404).

        Arguments:
            method: of HTTP.
            path: below /api/v2.
            query: parameters after the path.
            body: what is sent as JSON.

        Raises:
            StackError: Airflow refused the call, or did not answer.
        """

    def call(
        self, method: str, path: str, *, query: dict[str, Any] | None = None, body: Any = None
    ) -> dict[str, Any]:
        """Carry one call about something that has to be there.

        Raises:
            StackError: Airflow refused the call, did not answer, or knows no such thing.
        """
        answer = self.ask(method, path, query=query, body=body)
        if answer is None:
            raise StackError(f"Airflow knows nothing of {method} {path}")
        return answer

    def dag(self, dag_id: str) -> dict[str, Any] | None:
        """A DAG's details, or None while Airflow does not know it."""
        return self.ask("GET", f"/dags/{dag_id}")

    def dags(self) -> list[dict[str, Any]]:
        """Details of all DAGs that Airflow has read from files that are still there."""
        found: list[dict[str, Any]] = []
        while True:
            page = self.call("GET", "/dags", query={"limit": _PAGE, "offset": len(found)})
            found += page["dags"]
            if len(page["dags"]) < _PAGE:
                return found

    def import_faults(self) -> list[dict[str, Any]]:
        """Which DAG files could not be read, when and why."""
        return list(self.call("GET", "/importErrors", query={"limit": _PAGE})["import_errors"])

    def import_errors(self) -> list[str]:
        """Why DAG files could not be read, one text each."""
        return [f"{e['filename']}: {e['stack_trace']}" for e in self.import_faults()]

    def set_paused(self, dag_id: str, *, paused: bool) -> None:
        self.call("PATCH", f"/dags/{dag_id}", body={"is_paused": paused})

    def set_pools(self, pools: dict[str, dict[str, Any]]) -> None:
        """Make pools, or make them what they should be.

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

    def trigger(self, dag_id: str, conf: dict[str, Any], *, run_id: str | None = None) -> str:
        """Ask for a run by hand, without a logical date; returns its id, Airflow's unless given."""
        body: dict[str, Any] = {"logical_date": None, "conf": conf}
        if run_id is not None:
            body["dag_run_id"] = run_id
        return str(self.call("POST", f"/dags/{dag_id}/dagRuns", body=body)["dag_run_id"])

    def run(self, dag_id: str, run_id: str) -> dict[str, Any]:
        return self.call("GET", f"/dags/{dag_id}/dagRuns/{run_id}")

    def tasks(self, dag_id: str) -> list[str]:
        """The ids of a DAG's tasks, each after those that it waits for."""
        found = self.call("GET", f"/dags/{dag_id}/tasks")["tasks"]
        after = {t["task_id"]: set(t["downstream_task_ids"]) for t in found}
        ordered: list[str] = []
        while after:
            waiting = set().union(*after.values())
            ordered += sorted(after.keys() - waiting)
            after = {task: then for task, then in after.items() if task in waiting}
        return ordered

    def task_instances(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """A run's tasks, mapped ones once for each index; asked for in a body, as ids are long."""
        found: list[dict[str, Any]] = []
        wanted = {"dag_ids": [dag_id], "dag_run_ids": [run_id], "page_limit": _PAGE}
        while True:
            body = {**wanted, "page_offset": len(found)}
            page = self.call("POST", "/dags/~/dagRuns/~/taskInstances/list", body=body)
            found += page["task_instances"]
            if len(page["task_instances"]) < _PAGE:
                return found

"""The few calls to Airflow's REST API that starting and watching a run take."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import requests

from infra.local.errors import StackError

_SECONDS = 30


def moment(text: str) -> datetime:
    """A moment as the API writes it, which Python 3.10 cannot read by itself."""
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


class AirflowApi:
    """Airflow's public REST API of one stack, as administrator.

    Arguments:
        url: where the API server answers.

    https://airflow.apache.org/docs/apache-airflow/3.2.1/stable-rest-api-ref.html
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._session = requests.Session()
        # Proxies of the user's environment have no business with 127.0.0.1.
        self._session.trust_env = False

    def health(self) -> dict[str, Any]:
        """Each part's status and last heartbeat; empty while the server does not answer."""
        try:
            answer = self._session.get(f"{self.url}/api/v2/monitor/health", timeout=_SECONDS)
        except requests.ConnectionError:
            return {}
        return dict(answer.json()) if answer.ok else {}

    def warm_up(self) -> None:
        """Have the server build the API that tasks use, which takes longer than a task waits."""
        self._session.get(f"{self.url}/execution/health", timeout=120)

    def dag(self, dag_id: str) -> dict[str, Any] | None:
        """A DAG's details, or None while Airflow does not know it."""
        answer = self._call("GET", f"/dags/{dag_id}", accept=(200, 404))
        return dict(answer.json()) if answer.ok else None

    def import_errors(self) -> list[str]:
        """Why DAG files could not be read, one text each."""
        errors = self._call("GET", "/importErrors").json()["import_errors"]
        return [f"{error['filename']}: {error['stack_trace']}" for error in errors]

    def set_paused(self, dag_id: str, *, paused: bool) -> None:
        self._call("PATCH", f"/dags/{dag_id}", json={"is_paused": paused})

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
        done = self._call("PATCH", "/pools", json={"actions": [create]}).json()
        if errors := (done["create"] or {}).get("errors"):
            raise StackError(f"Airflow did not take the pools: {errors}")

    def trigger(self, dag_id: str, conf: dict[str, Any]) -> str:
        """Ask for a run by hand, without a logical date; returns its id."""
        body = {"logical_date": None, "conf": conf}
        return str(self._call("POST", f"/dags/{dag_id}/dagRuns", json=body).json()["dag_run_id"])

    def run(self, dag_id: str, run_id: str) -> dict[str, Any]:
        return dict(self._call("GET", f"/dags/{dag_id}/dagRuns/{run_id}").json())

    def tasks(self, dag_id: str) -> list[str]:
        """The ids of a DAG's tasks, each after those that it waits for."""
        found = self._call("GET", f"/dags/{dag_id}/tasks").json()["tasks"]
        after = {t["task_id"]: set(t["downstream_task_ids"]) for t in found}
        ordered: list[str] = []
        while after:
            waiting = set().union(*after.values())
            ordered += sorted(after.keys() - waiting)
            after = {task: then for task, then in after.items() if task in waiting}
        return ordered

    def task_instances(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances"
        return list(self._call("GET", path).json()["task_instances"])

    def _call(
        self, method: str, path: str, *, accept: tuple[int, ...] = (), json: Any = None
    ) -> requests.Response:
        if "Authorization" not in self._session.headers:
            token = self._session.get(f"{self.url}/auth/token", timeout=_SECONDS)
            token.raise_for_status()
            bearer = token.json()["access_token"]
            self._session.headers["Authorization"] = f"Bearer {bearer}"
        url = f"{self.url}/api/v2{path}"
        answer = self._session.request(method, url, json=json, timeout=_SECONDS)
        if not answer.ok and answer.status_code not in accept:
            raise StackError(f"Airflow refused {method} {path}: {answer.text[:500]}")
        return answer

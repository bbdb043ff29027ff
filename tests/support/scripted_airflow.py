"""Airflow's REST API as far as deploying asks it, answered as a test prescribes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

_NOT_FOUND = (404, {"detail": "Not Found"})


def iso_now() -> str:
    return datetime.now(timezone.utc).isoformat().replace("+00:00", "Z")


@dataclass
class ScriptedAirflow:
    """Answers as Airflow does, with the states of runs that a test prescribes.

    Attributes:
        files: DAG id to the name of its file; each look finds them read this moment.
        unknown_for: how many looks at the DAGs find none.
        errors: what each look at the import errors finds; the last for ever.
        states: of runs of a DAG, one for each look; the last for ever.
        failing: calls that Airflow fails to answer, oldest first.
        pools: as they were set.
        runs: ids of the runs that were asked for, by DAG.
    """

    files: dict[str, str]
    unknown_for: int = 0
    errors: list[list[dict[str, Any]]] = field(default_factory=lambda: [[]])
    states: dict[str, list[str]] = field(default_factory=dict)
    failing: list[int] = field(default_factory=list)
    pools: dict[str, Any] = field(default_factory=dict)
    runs: dict[str, list[str]] = field(default_factory=dict)

    def __call__(
        self, method: str, path: str, query: dict[str, Any] | None, body: Any
    ) -> tuple[int, Any]:
        if self.failing:
            return self.failing.pop(0), {"detail": "Internal Server Error"}
        routes = {
            r"GET /dags": self._dags,
            r"GET /importErrors": self._errors,
            r"PATCH /pools": self._pools,
            r"(?:GET|PATCH) /dags/([^/~]+)": self._dag,
            r"GET /dags/([^/]+)/tasks": self._tasks,
            r"POST /dags/([^/]+)/dagRuns": self._trigger,
            r"GET /dags/([^/]+)/dagRuns/([^/]+)": self._run,
            r"POST /dags/~/dagRuns/~/taskInstances/list": self._instances,
        }
        for route, answer in routes.items():
            if found := re.fullmatch(route, f"{method} {path}"):
                return answer(query or {}, body, *found.groups())
        return _NOT_FOUND

    def _dags(self, query: dict[str, Any], _: Any) -> tuple[int, Any]:
        if self.unknown_for:
            self.unknown_for -= 1
            return 200, {"dags": []}
        start = int(query["offset"])
        dags = [self._details(dag_id) for dag_id in self.files]
        return 200, {"dags": dags[start : start + int(query["limit"])]}

    def _details(self, dag_id: str) -> dict[str, Any]:
        return {
            "dag_id": dag_id,
            "fileloc": f"/usr/local/airflow/dags/{self.files[dag_id]}",
            "last_parsed_time": iso_now(),
            "is_paused": False,
        }

    def _errors(self, *_: Any) -> tuple[int, Any]:
        return 200, {"import_errors": self.errors.pop(0) if self.errors[1:] else self.errors[0]}

    def _pools(self, _: Any, body: Any) -> tuple[int, Any]:
        (action,) = body["actions"]
        self.pools |= {pool["name"]: pool for pool in action["entities"]}
        return 200, {"create": {"success": list(self.pools), "errors": []}}

    def _dag(self, _: Any, __: Any, dag_id: str) -> tuple[int, Any]:
        return (200, self._details(dag_id)) if dag_id in self.files else _NOT_FOUND

    def _tasks(self, *_: Any) -> tuple[int, Any]:
        first, then = {"task_id": "extract"}, {"task_id": "load", "downstream_task_ids": []}
        return 200, {"tasks": [{**first, "downstream_task_ids": ["load"]}, then]}

    def _trigger(self, _: Any, body: Any, dag_id: str) -> tuple[int, Any]:
        self.runs.setdefault(dag_id, []).append(body["dag_run_id"])
        return 200, {"dag_run_id": body["dag_run_id"]}

    def _run(self, _: Any, __: Any, dag_id: str, run_id: str) -> tuple[int, Any]:
        if run_id not in self.runs.get(dag_id, []):
            return _NOT_FOUND
        states = self.states.setdefault(dag_id, ["queued", "running", "success"])
        return 200, {"state": states.pop(0) if states[1:] else states[0]}

    def _instances(self, _: Any, body: Any) -> tuple[int, Any]:
        (dag_id,) = body["dag_ids"]
        ended = self.states[dag_id][0]
        states = {"extract": "success", "load": ended}
        instances = [
            {
                "task_id": task,
                "task_display_name": task,
                "map_index": -1,
                "state": state,
                "try_number": 1,
                "duration": 1.5,
            }
            for task, state in states.items()
        ]
        return 200, {"task_instances": instances}

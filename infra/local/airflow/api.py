"""Airflow's REST API as the laptop's stack serves it."""

from __future__ import annotations

from typing import Any

import requests

from infra.common.airflow_rest import AirflowRest, Json
from infra.common.errors import StackError

_SECONDS = 30  # for one answer
_NOT_FOUND = 404
_PARTS = ("scheduler", "dag_processor", "triggerer")


class AirflowApi(AirflowRest):
    """Airflow's public REST API of one stack, as administrator.

    Arguments:
        url: where the API server answers.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._session = requests.Session()
        # A proxy of the user's environment does not reach 127.0.0.1.
        self._session.trust_env = False

    def heartbeats(self) -> dict[str, str | None]:
        """The last heartbeat of each part; empty while the server does not answer."""
        try:
            answer = self._session.get(f"{self.url}/api/v2/monitor/health", timeout=_SECONDS)
        except requests.ConnectionError:
            return {}
        health = answer.json() if answer.ok else {}
        return {part: health[part][f"latest_{part}_heartbeat"] for part in _PARTS if health}

    def warm_up(self) -> None:
        """Have the server build the API that tasks use, which takes longer than a task waits."""
        self._session.get(f"{self.url}/execution/health", timeout=120)

    def ask(
        self, method: str, path: str, *, query: Json | None = None, body: Any = None
    ) -> Json | None:
        # The simple auth manager gives a token to anyone when all are admins.
        if "Authorization" not in self._session.headers:
            token = self._session.get(f"{self.url}/auth/token", timeout=_SECONDS)
            token.raise_for_status()
            bearer = token.json()["access_token"]
            self._session.headers["Authorization"] = f"Bearer {bearer}"
        url = f"{self.url}/api/v2{path}"
        answer = self._session.request(method, url, params=query, json=body, timeout=_SECONDS)
        if answer.status_code == _NOT_FOUND:
            return None
        if not answer.ok:
            raise StackError(f"Airflow refused {method} {path}: {answer.text[:500]}")
        return dict(answer.json() or {})

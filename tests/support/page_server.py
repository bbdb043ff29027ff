"""Airflow's own API server with the plugins of this project, and users with rights on some DAGs.

    python -m tests.support.page_server PORT TOKENS

It makes the metadata database, writes a token a user to the file TOKENS, and serves.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import uvicorn
from airflow.api_fastapi.app import cached_app, get_auth_manager
from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager
from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
from airflow.models.dag import DagModel
from airflow.models.dagbundle import DagBundleModel
from airflow.utils.db import initdb
from airflow.utils.session import create_session

from infra.local import ports

ONE, OTHER = "covid_us_daily", "weather_hourly"
# By user: the methods that a user has on each DAG.
RIGHTS: dict[str, dict[str, set[str]]] = {
    "nobody": {},
    "reads_one": {ONE: {"GET"}},
    "runs_one": {ONE: {"GET", "POST"}},
    "reads_both": {ONE: {"GET"}, OTHER: {"GET"}},
}


class ByDag(SimpleAuthManager):
    """Grants DAGs one by one, as the auth managers of companies do."""

    def is_authorized_dag(
        self,
        *,
        method: Any,
        user: SimpleAuthManagerUser,
        access_entity: Any = None,  # noqa: ARG002 -- all of a DAG has one right here
        details: Any = None,
    ) -> bool:
        granted = RIGHTS[user.username].get(details.id if details else "", set())
        return method in granted


def serve(port: int, tokens: Path) -> None:
    """Serve until the process ends."""
    initdb()
    row_of: Any = DagModel  # it has no types
    with create_session() as session:
        session.merge(DagBundleModel(name="b"))
        session.flush()
        for dag_id in (ONE, OTHER):
            session.merge(row_of(dag_id=dag_id, bundle_name="b", fileloc="", is_stale=False))
    app = cached_app()
    manager: Any = get_auth_manager()
    users = {name: SimpleAuthManagerUser(username=name, role=None) for name in RIGHTS}
    made = {name: manager.generate_jwt(user) for name, user in users.items()}
    tokens.write_text(json.dumps(made))
    uvicorn.run(app, host=ports.HOST, port=port, log_level="warning")


if __name__ == "__main__":
    serve(int(sys.argv[1]), Path(sys.argv[2]))

"""Who may see what of the page, as Airflow's auth manager says."""

from __future__ import annotations

from typing import Annotated

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
from airflow.api_fastapi.core_api.security import GetUserDep, requires_access_dag
from fastapi import Depends


def _readable_dags(user: GetUserDep) -> set[str]:
    return get_auth_manager().get_authorized_dag_ids(user=user, method="GET")


ReadableDags = Annotated[set[str], Depends(_readable_dags)]
"""The ids of the DAGs that the viewer may read."""

READS_DAG = Depends(requires_access_dag("GET"))
"""Refuses who may not read the DAG that the path names."""

SEES_VALUES = Depends(requires_access_dag("POST", DagAccessEntity.RUN))
"""Refuses who may not start runs of the DAG that the path names: those alone see values of rows."""

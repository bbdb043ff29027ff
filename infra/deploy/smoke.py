"""Runs that show that a deployed environment works."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from infra.common.airflow_rest import now
from infra.common.watch_run import Pace, follow, unpaused
from infra.deploy.errors import DeployError

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.common.airflow_rest import AirflowRest
    from infra.deploy.waiting import Patience

# The tables first: what loads may not make them.
DAGS = ("migrate_warehouse", "covid_us_daily")


def run(
    api: AirflowRest,
    dag_id: str,
    *,
    url: str,
    report: Callable[[str], None],
    patience: Patience,
) -> None:
    """Run a DAG once, to its end, and report its tasks.

    Arguments:
        api: of the environment.
        dag_id: what to run.
        url: of the Airflow UI, for links.
        report: receives each line.
        patience: how long the run may take.

    Raises:
        DeployError: the run failed; says where to see why.
        StackError: Airflow does not know the DAG, or the run did not end.
    """
    # Airflow's own ids would make paths longer than MWAA takes.
    run_id = f"deploy-{now():%Y%m%dT%H%M%SZ}"
    pace = Pace(poll=patience.poll, limit=patience.run)
    with unpaused(api, dag_id):
        api.trigger(dag_id, {}, run_id=run_id)
        succeeded = follow(api, dag_id, run_id, report, pace)
    page = f"{url}/dags/{dag_id}/runs/{quote(run_id, safe='')}"
    if not succeeded:
        failed = [i for i in api.task_instances(dag_id, run_id) if i["state"] == "failed"]
        lines = [
            f"  {i['task_id']}, try {i['try_number']}: {page}/tasks/{i['task_id']}" for i in failed
        ]
        raise DeployError("\n".join([f"{dag_id} failed: {page}", *lines]))
    report(f"{dag_id} succeeded: {page}")

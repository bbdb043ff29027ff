"""Airflow's scheduler, but the clock alone starts no run.

    python -m infra.local.airflow.scheduler_on_demand scheduler --skip-serve-logs

Runs asked for by hand, backfills, and runs that an asset's event asks for go on as ever. The
setting [scheduler] use_job_schedule cannot do this: without it Airflow makes no run for an
asset's event either. So the one step that makes the runs of time schedules is another one here.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from airflow.__main__ import main
from airflow.jobs.scheduler_job_runner import SchedulerJobRunner

if TYPE_CHECKING:
    from collections.abc import Iterable

STEP = "_create_dag_runs"


def ask_for_none(_runner: SchedulerJobRunner, dag_models: Iterable[Any], session: Any) -> None:
    """Say of each DAG whose time has come that no run of it is due, until its file is read again.

    A DAG that stayed due would take a place in each round of the scheduler from those that have
    an event waiting.
    """
    for dag_model in dag_models:
        dag_model.next_dagrun_create_after = None
    session.flush()


def start() -> None:
    """Run the scheduler until a signal ends it.

    Raises:
        SystemExit: this Airflow has no such step, so the clock would start runs.
    """
    if not callable(getattr(SchedulerJobRunner, STEP, None)):
        advice = "see infra/local/airflow/scheduler_on_demand.py"
        sys.exit(f"this Airflow's scheduler has no {STEP}: {advice}")
    setattr(SchedulerJobRunner, STEP, ask_for_none)
    main()  # type: ignore[no-untyped-call] # Airflow's own has no types


if __name__ == "__main__":
    start()

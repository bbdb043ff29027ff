"""The scheduler whose clock starts nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from infra.common.paths import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path

OTHER_AIRFLOW = """
from infra.local.airflow import scheduler_on_demand as program
delattr(program.SchedulerJobRunner, program.STEP)
program.start()
"""


def test_airflow_without_the_step_that_is_replaced_does_not_start(tmp_path: Path) -> None:
    # Another Airflow might let the clock start runs by another step.
    done = subprocess.run(
        [sys.executable, "-c", OTHER_AIRFLOW],
        env={**os.environ, "AIRFLOW_HOME": str(tmp_path), "PYTHONPATH": str(REPOSITORY)},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "this Airflow's scheduler has no _create_dag_runs" in done.stderr

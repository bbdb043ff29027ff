"""What Airflow loads before it forks, so that tasks need not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

from infra.common.paths import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path

# Prints what the DAG files load after the libraries, and what of ours those have loaded.
PROGRAM = """
import importlib, json, sys
from pathlib import Path
import airflow.jobs.scheduler_job_runner
from infra.local.airflow import preloaded
preloaded.load()
before = set(sys.modules)
for path in sorted(Path("dags").glob("*.py")):
    importlib.import_module(path.stem)
loaded = sorted(set(sys.modules) - before)
print(json.dumps({"before": sorted(before), "loaded": loaded}))
"""
OURS = {"include", "wiring", *(path.stem for path in (REPOSITORY / "dags").glob("*.py"))}


def test_dag_files_load_only_what_is_ours_and_nothing_of_ours_is_loaded_before(
    tmp_path: Path,
) -> None:
    paths = os.pathsep.join(map(str, (REPOSITORY, REPOSITORY / "dags")))
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, "AIRFLOW_HOME": str(tmp_path), "PYTHONPATH": paths},
        cwd=REPOSITORY,
        check=True,
        capture_output=True,
        text=True,
    )
    found = json.loads(done.stdout.splitlines()[-1])
    assert [name for name in found["before"] if name.split(".")[0] in OURS] == []
    foreign = [name for name in found["loaded"] if name.split(".")[0] not in OURS]
    assert foreign == []
    assert len(found["loaded"]) > len(OURS)

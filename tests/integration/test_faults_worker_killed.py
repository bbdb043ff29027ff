"""A worker dies by SIGKILL before or after each side effect; its task is tried again."""

from __future__ import annotations

import os
import re
import signal
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.pipeline_runs import moment
from tests.support.tcp_proxy import Fate, Proxy, Seen
from tests.support.worker_processes import failpoints_of

if TYPE_CHECKING:
    from tests.support.invariants import Trial
    from tests.support.resumable_runs import Worker

INCLUDE = Path(__file__).parents[2] / "include"
ANY_CALL = re.compile(r"(?<!def )\bfailpoint\(")

# Reached only where a table has rows already, and only where it has newer ones.
WITH_ROWS = {"upsert.compared", "upsert.updated", "upsert.inserted"}
NEWEST = WITH_ROWS | {"upsert.remembered"}
STAGING = NEWEST | {"upsert.opened", "upsert.copied", "upsert.stamped"}
OLDER = WITH_ROWS | {"upsert.stamped"}

SOME_PACKETS_BYTES = 500_000
V1, V2, V3 = moment("2020-12-01"), moment("2020-12-02"), moment("2020-12-03")


ALL = list(INCLUDE.rglob("*.py"))
# The other pipelines, and finish, which ends runs of uploads only, have their own tests.
UPLOADS = ("deliver", "extract.", "transform.", "load.", "observe.", "tally.", "finish.")
# Reached only where a person decides; test_shrunken_snapshots.py has them.
QUESTIONS = ("ask.", "decide.")
CHANGES = ("read_shard.", "target.", "apply.", "rebuild.", "snapshots.")
# test_faults_table_export_to_kinesis.py and test_athena.py try these.
EXPORTS = ("register.", "compute.", "athena.", "publish.", "settle.")
# test_faults_api_to_lake.py tries these.
LAKE = ("fetch.", "store_raw.", "convert.", "lake.")
# test_repair.py and test_summaries.py try these.
PAGE = ("repair.", "summary.")
ELSEWHERE = (*UPLOADS, *QUESTIONS, *CHANGES, *EXPORTS, *LAKE, *PAGE)
FAILPOINTS = sorted(name for name in failpoints_of(ALL) if not name.startswith(ELSEWHERE))
LOADING = [name for name in FAILPOINTS if name.startswith("upsert.")]


def test_every_failpoint_has_a_name_that_a_search_finds_and_no_other_has() -> None:
    names = failpoints_of(ALL)
    calls = [call for file in ALL for call in ANY_CALL.findall(file.read_text("utf-8"))]
    assert len(names) == len(calls) == len(set(names)) > 20
    assert set(names) > NEWEST | OLDER


def kill(trial: Trial, failpoint: str) -> None:
    """Kill a load of the second version at a failpoint, then let Airflow try the task again."""
    assert trial.worker(V2, "killed", armed=failpoint).end() == "killed"
    trial.check_all_or_nothing()
    trial.run(V2, "killed")
    trial.check_healed()


@pytest.mark.thorough(usual=6)
@pytest.mark.parametrize("failpoint", [name for name in FAILPOINTS if name not in NEWEST | OLDER])
def test_first_load_survives_the_death_of_its_worker(trial: Trial, failpoint: str) -> None:
    kill(trial, failpoint)


@pytest.mark.thorough(usual=4)
@pytest.mark.parametrize("failpoint", [name for name in LOADING if name not in OLDER - NEWEST])
def test_update_survives_the_death_of_its_worker(trial: Trial, failpoint: str) -> None:
    trial.run(V1, "before")
    kill(trial, failpoint)


@pytest.mark.thorough(usual=2)
@pytest.mark.parametrize("failpoint", [name for name in LOADING if name not in STAGING])
def test_load_of_the_same_snapshot_survives_the_death_of_its_worker(
    trial: Trial, failpoint: str
) -> None:
    trial.run(V1, "before")
    later = V1 + timedelta(hours=1)
    assert trial.worker(later, "killed", armed=failpoint).end() == "killed"
    trial.check_all_or_nothing()
    assert trial.run(later, "killed")["unchanged"] > 0
    trial.check_healed()


@pytest.mark.thorough(usual=1)
@pytest.mark.parametrize("failpoint", sorted(OLDER))
def test_older_snapshot_survives_the_death_of_its_worker(trial: Trial, failpoint: str) -> None:
    trial.run(V3, "newer")
    kill(trial, failpoint)


def test_first_load_survives_the_death_of_its_worker_within_copy(large: Trial) -> None:
    workers: list[Worker] = []

    def kill_half_way(seen: Seen) -> Fate:
        if seen.copied >= SOME_PACKETS_BYTES:
            os.kill(workers[0].pid, signal.SIGKILL)
            return Fate.CUT
        return Fate.PASS

    large.place.prepare(V1, "killed")
    with Proxy(large.place.warehouse_uri, kill_half_way) as proxy:
        through = replace(large.place, warehouse_uri=proxy.uri)
        workers.append(large.worker(V1, "killed", place=through))
        assert workers[0].end() == "killed"
    assert proxy.fired
    large.check_all_or_nothing()
    large.run(V1, "killed")
    large.check_healed()

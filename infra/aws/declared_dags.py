"""The DAGs that `dags/` and `include/datasets` declare, read without Airflow."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import cache
from pathlib import Path

from croniter import croniter

from include import datasets

DAGS = Path(__file__).resolve().parents[2] / "dags"
_HOUR = timedelta(hours=1)
# CloudWatch evaluates no more than seven days.
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
_MOST_HOURS = 7 * 24


@dataclass(frozen=True)
class DeclaredDag:
    """A DAG as its file declares it.

    Attributes:
        dag_id: Airflow's id of it.
        schedule: a cron expression, or a word such as @daily; None when it starts by hand or by an
            event.
    """

    dag_id: str
    schedule: str | None

    @property
    def quiet_hours(self) -> int | None:
        """Hours without a success after which an alarm starts.

        Two more than the longest time between two runs: one run may fail or be late, and of a
        daily one the next may take a while. None without a schedule, and with one that is rarer
        than CloudWatch can watch.
        """
        if self.schedule is None or not croniter.is_valid(self.schedule):
            return None  # such as @once
        hours = _longest_pause(self.schedule) // _HOUR + 2
        return hours if hours <= _MOST_HOURS else None


def declared_dags(folder: Path = DAGS) -> list[DeclaredDag]:
    """Return the DAGs of a folder of DAG files, in order of their ids.

    A file declares the DAG of its own name, or one for each dataset that it loops over at its top
    level: `for dataset in github_datasets()`.
    """
    found = [dag for path in folder.glob("*.py") for dag in _of_file(path)]
    return sorted(found, key=lambda dag: dag.dag_id)


def _of_file(path: Path) -> list[DeclaredDag]:
    tree = ast.parse(path.read_bytes())
    for node in tree.body:
        if isinstance(node, ast.For) and isinstance(node.iter, ast.Call):
            each = getattr(datasets, ast.unparse(node.iter.func))()
            return [DeclaredDag(dataset.name, dataset.schedule) for dataset in each]
    schedules = [
        node.value.value
        for node in ast.walk(tree)
        if isinstance(node, ast.keyword) and node.arg == "schedule"
        if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    ]
    return [DeclaredDag(path.stem, next(iter(schedules), None))]


@cache
def _longest_pause(schedule: str) -> timedelta:
    """Return the longest time between two runs, of those in a month and a week."""
    start = datetime(2024, 1, 1, tzinfo=timezone.utc)
    runs = croniter(schedule, start)
    last, longest = start, timedelta()
    while last < start + timedelta(days=40):
        following = runs.get_next(datetime)
        last, longest = following, max(longest, following - last)
    return longest

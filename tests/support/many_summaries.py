"""Summaries of many datasets, as their runs would leave them for the page."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from itertools import cycle
from typing import TYPE_CHECKING, Any

from include.core.summaries.summary import About, Told, write_summary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.core.aws.objects import ObjectStore

_NOW = datetime(2026, 11, 20, 8, 30, tzinfo=timezone.utc)


def write_many(
    store: ObjectStore, dag_ids: Sequence[str], *, datasets: int = 100, runs: int = 30
) -> list[str]:
    """Write summaries; returns their sinks.

    Arguments:
        store: the lake's bucket.
        dag_ids: of DAGs that Airflow knows, since the page shows no sink of another; they take
            turns.
        datasets: how many sinks.
        runs: of each sink.
    """
    sinks = [f"made_up.dataset_{number:03}" for number in range(datasets)]
    for number, (sink, dag_id) in enumerate(zip(sinks, cycle(dag_ids))):
        told = Told(runs=[_run(number, dag_id, age) for age in range(runs)], last_as_of=_NOW)
        about = About(
            sink=sink,
            dag_id=dag_id,
            pipeline="made_up",
            title=f"Made-up dataset {number}",
            description="Invented, to see how fast the page is with many.",
            schedule="30 8 * * *",
        )
        write_summary(store, about, lambda _, told=told: (told, None))  # type: ignore[misc] # its own
    return sinks


def _run(number: int, dag_id: str, age: int) -> dict[str, Any]:
    as_of = _NOW - timedelta(days=age)
    is_failed = (number + age) % 11 == 0
    rejected = 3 if (number + age) % 7 == 0 else 0
    counts = {"read": 20_000 + number, "inserted": 120 + age, "updated": 7, "rejected": rejected}
    counts["unchanged"] = counts["read"] - counts["inserted"] - counts["updated"] - rejected
    return {
        "dag_id": dag_id,
        "run_id": f"scheduled__{as_of.isoformat()}",
        "as_of": as_of,
        "status": "failed" if is_failed else "success",
        "started_at": as_of,
        "finished_at": as_of + timedelta(seconds=40),
        **dict.fromkeys(("duplicate", "superseded", "delivered", "deleted"), 0),
        **counts,
        "failed_task": "upsert" if is_failed else None,
        "cause": "the warehouse did not answer" if is_failed else None,
        "question": None,
        "rejects_by_code": {"too_few_columns": rejected} if rejected else {},
        "warnings": [],
    }

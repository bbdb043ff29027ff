"""What every DAG of Sluice has in common."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime, timedelta, timezone
from typing import Any

from airflow.configuration import conf

from include.settings import Settings

# Before the first version of any source, so that any past date can be backfilled.
START_DATE = datetime(2020, 1, 1, tzinfo=timezone.utc)


def settings() -> Settings:
    """This environment's settings, from Airflow's configuration section [sluice]."""
    values: dict[str, Any] = {
        field.name: conf.get("sluice", field.name, fallback=None) for field in fields(Settings)
    }
    values["ui_url"] = conf.get("api", "base_url", fallback="http://localhost:8080")
    given = {name: value for name, value in values.items() if value}
    numbers = {name: int(given[name]) for name in given if name.endswith("_seconds")}
    return Settings(**given | numbers)


def queue_name(url: str) -> str:
    """The name of a queue, which ends its URL."""
    return url.rsplit("/", 1)[-1]


def timed_tags(*tags: str, schedule: str | None = "") -> list[str]:
    """Tags of a DAG with a time schedule; one more says so where schedules are off.

    The list of DAGs shows them beside the name, and shows no next run there.

    Arguments:
        tags: its own.
        schedule: None where it has no schedule after all.
    """
    hint = settings().schedules_off if schedule is not None else None
    return [*tags, *([f"schedule off: {hint}"] if hint else [])]


def dag_defaults(*, owner: str) -> dict[str, Any]:
    """Arguments of @dag: no catching up, and tasks with retries, back-off and a time limit."""
    return {
        "start_date": START_DATE,
        "catchup": False,
        # Of a backfill; loads of one table wait for each other, downloads need not.
        "max_active_runs": 4,
        "dagrun_timeout": timedelta(hours=4),
        "default_args": {
            "owner": owner,
            "retries": 3,
            "retry_delay": timedelta(seconds=settings().retry_seconds),
            "retry_exponential_backoff": True,
            "max_retry_delay": timedelta(minutes=15),
            # As long as the lease on a table (include/core/warehouse/sink_lock.py).
            "execution_timeout": timedelta(minutes=30),
        },
    }

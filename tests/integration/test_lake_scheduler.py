"""Hours of keyed APIs through the real stack, to the rows that Athena answers; the key nowhere."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import requests

from infra.local import athena
from tests.support.scheduled_runs import ScheduledRuns

if TYPE_CHECKING:
    from pathlib import Path

    from infra.local.stack import Stack

DAY = "2020-12-05"
TASKS = "select task_id, map_index, state from task_instance where dag_id = %s and run_id = %s"
TABLES = """
    select table_schema, table_name from information_schema.tables
    where table_schema in ('ops', 'public') and table_type = 'BASE TABLE'
"""


@pytest.fixture
def runs(stack: Stack) -> ScheduledRuns:
    return ScheduledRuns(stack)


def tell(runs: ScheduledRuns, **state: Any) -> None:
    """Set the stand-in's clock and faults."""
    url = runs.stack.running.env["AIRFLOW__SLUICE__API_STAND_IN"]
    requests.post(f"{url}/_stand_in", json=state, timeout=10).raise_for_status()


def rows_by_hour(runs: ScheduledRuns, table: str, column: str) -> dict[str, int]:
    running = runs.stack.running
    query = (
        f'select cast({column} as varchar), count(*) from "{running.outputs["LakeDatabase"]}".'
        f"\"{table}\" where dt = '{DAY}' group by 1"
    )
    _, *found = athena.ask(query, endpoint=running.endpoint, outputs=running.outputs)
    return {str(hour): int(str(count)) for hour, count in found}


def states(runs: ScheduledRuns, dag_id: str, run_id: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for task, _, state in sorted(runs.query_metadata(TASKS, dag_id, run_id)):
        found.setdefault(task, []).append(state)
    return found


def test_hours_with_and_without_answers_end_as_they_should(runs: ScheduledRuns) -> None:
    faults = (
        {"kind": "status", "status": 503, "match": "2950159"},
        {"kind": "status", "status": 500},
        None,
    )
    ended = []
    for number, fault in enumerate(faults):
        moment = f"{DAY}T{8 + number:02}:07:00Z"
        tell(runs, now=moment, fault=fault)
        ended.append(runs.trigger("weather_hourly", as_of=moment))
    assert [state for _, state in ended] == ["success"] * 3
    partial, skipped, good = (states(runs, "weather_hourly", run_id) for run_id, _ in ended)
    assert sorted(partial["fetch"]) == ["skipped", *["success"] * 4]
    assert (skipped["fetch"], skipped["publish"]) == (["skipped"] * 5, ["skipped"])
    assert skipped["announce"] == good["announce"] == ["success"]
    assert rows_by_hour(runs, "weather_hourly", "as_of") == {
        f"{DAY} 08:00:00": 4,
        f"{DAY} 10:00:00": 5,
    }
    of_runs = "select status from ops.run where dag_id = 'weather_hourly' order by as_of"
    assert runs.query(of_runs) == [("success",), ("skipped",), ("success",)]
    updates = [len(runs.updates("weather_hourly", run_id)) for run_id, _ in ended]
    assert updates == [1, 0, 1]
    assert_key_is_nowhere(runs, "WEATHER_API")


def test_backfill_asks_an_api_for_hours_of_the_past(runs: ScheduledRuns) -> None:
    tell(runs, now=None, fault=None)
    run_id, state = runs.trigger("payments_hourly", as_of=f"{DAY}T12:30:00Z")
    assert state == "success"
    ((read,),) = runs.query("select read from ops.run where run_id = %s", run_id)
    assert read > 100
    assert rows_by_hour(runs, "payments_hourly", "hour") == {"12": read}
    assert_key_is_nowhere(runs, "PAYMENTS_API")


def assert_key_is_nowhere(runs: ScheduledRuns, name: str) -> None:
    """Look for an API's key in the databases, the lake, and all files."""
    key = json.loads(runs.stack.running.env[f"AIRFLOW_CONN_{name}"])["password"].encode()
    s3 = runs.stack.emulator.client("s3")
    bucket = runs.stack.running.outputs["LakeBucket"]
    listed = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    keys = [each["Key"] for page in listed for each in page.get("Contents", [])]
    assert any(each.startswith("raw/api/") for each in keys)
    for each in keys:
        assert key not in s3.get_object(Bucket=bucket, Key=each)["Body"].read(), each
    # Files of Postgres may be compressed.
    for ask in (runs.query, runs.query_metadata):
        for schema, table in ask(TABLES):
            counted = f"select count(*) from {schema}.{table} as t where strpos(t::text, %s) > 0"
            assert ask(counted, key.decode()) == [(0,)], table
    layout = runs.stack.layout
    searched = [path for path in layout.root.rglob("*") if path.is_file()]
    assert any(path.is_relative_to(layout.postgres) for path in searched)
    found = [path for path in searched if key in read(path)]
    # Who starts the stack keeps the keys that it has made in two files that are private.
    assert set(found) == {layout.secrets, layout.running}
    assert {path.stat().st_mode & 0o077 for path in found} == {0}


def read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:  # Airflow and Postgres delete files at any time
        return b""

"""A row traced through the real scheduler: its answer in the lake, and nothing of it elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from include.core.aws.objects import ObjectStore
from tests.support.scheduled_runs import ScheduledRuns

if TYPE_CHECKING:
    from infra.local.stack import Stack

TRACE, DATASET, SINK = "trace_row", "covid_us_states_daily", "covid.us_states_daily"
NEW_YORK = {"date": "2020-11-30", "fips": "36"}


@pytest.fixture
def runs(stack: Stack) -> ScheduledRuns:
    """A stack whose table is empty, and knows nothing of earlier runs."""
    scheduled = ScheduledRuns(stack)
    scheduled.forget(SINK, DATASET)
    return scheduled


def answer(runs: ScheduledRuns, run_id: str) -> dict[str, Any]:
    found = ObjectStore(
        client=runs.stack.emulator.client("s3"), bucket=runs.stack.running.outputs["LakeBucket"]
    ).get_json(f"page/v1/traces/{quote(run_id, safe='')}.json")
    assert isinstance(found, dict)
    return found


def test_answer_is_in_the_lake_and_no_raw_text_is_anywhere_else(runs: ScheduledRuns) -> None:
    loaded = [runs.trigger(DATASET, as_of=f"2020-12-0{day}T08:30:00Z") for day in (3, 5, 4)]
    assert {state for _, state in loaded} == {"success"}
    last = runs.last()
    refused = runs.stack.api.trigger(TRACE, {"sink": "no.table", "key": "unseenkey"})
    run_id, state = runs.trigger(TRACE, sink=SINK, key=NEW_YORK)
    assert state == "success"
    assert runs.wait(TRACE, refused) == "failed"

    found = answer(runs, run_id)
    assert {name: found[name] for name in ("version", "dag_id", "sink", "key", "cut", "notes")} == {
        "version": 1,
        "dag_id": DATASET,
        "sink": SINK,
        "key": NEW_YORK,
        "cut": None,
        "notes": [],
    }
    assert found["now"] == {**NEW_YORK, "state": "New York", "cases": 722601, "deaths": 14452}
    effects = [(one["run_id"], one["effect"]) for one in found["history"]]
    ids = [loaded_id for loaded_id, _ in loaded]
    assert effects == [*zip(ids, ("inserted", "updated", "superseded"), strict=True)]
    (line,) = found["history"][1]["sources"]
    assert (line["line"], line["raw"]) == (447, "2020-11-30,New York,36,722601,14452")

    # Neither a result nor a log nor a ledger row nor an asset has anything of it.
    path = f"/dags/{TRACE}/dagRuns/{run_id}/taskInstances/trace/xcomEntries/return_value"
    said = runs.stack.api.call("GET", path, query={"stringify": False})["value"]
    assert said.endswith(f"/page/v1/traces/{quote(run_id, safe='')}.json")
    assert runs.query("select 1 from ops.run where run_id = %s", run_id) == []
    assert runs.updates(TRACE, run_id) == []
    assert {dag for dag, _, _ in runs.since(last)} == {TRACE}
    logs = [
        path.read_text("utf-8")
        for path in runs.stack.layout.task_logs.rglob("*.log")
        if f"dag_id={TRACE}" in str(path)
    ]
    assert logs
    assert [text for text in logs if "New York" in text or "unseenkey" in text] == []

    (notice,) = runs.notices_of([refused])[refused]
    assert "Parameter sink is none whose rows can be traced" in notice["Message"]
    assert "unseenkey" not in notice["Message"]

"""Questions to a person through the real scheduler, answered over REST as the UI does."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import pytest

from include.core.runs.questions import run_that_asks
from tests.support.scheduled_runs import ScheduledRuns

if TYPE_CHECKING:
    from include.core.runs.questions import Question
    from infra.local.stack import Stack

DAG = "approve_shrinking"
PATIENCE_SECONDS = 120


@dataclass(frozen=True)
class Questions:
    """The required actions of a stack."""

    runs: ScheduledRuns

    def open(self, run_id: str) -> dict[str, Any]:
        """Wait until a run's question is shown; what Airflow shows of it."""
        query = {"response_received": False, "state": "deferred"}
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            path = f"/dags/{DAG}/dagRuns/~/hitlDetails"
            found = self.runs.stack.api.call("GET", path, query=query)["hitl_details"]
            for each in found:
                if each["task_instance"]["dag_run_id"] == run_id:
                    return dict(each)
            assert time.monotonic() < deadline, f"no question of {run_id}"
            time.sleep(0.5)

    def answer(self, run_id: str, option: str) -> None:
        """Choose an option, as the button in the UI does."""
        path = f"/dags/{DAG}/dagRuns/{run_id}/taskInstances/ask/-1/hitlDetails"
        body = {"chosen_options": [option], "params_input": {}}
        self.runs.stack.api.call("PATCH", path, body=body)


@pytest.fixture
def runs(stack: Stack) -> ScheduledRuns:
    return ScheduledRuns(stack)


def question(valid: str, **other: Any) -> Question:
    asked: Any = {
        "dag_id": "migrate_warehouse",
        "subject": f"{valid}: {{{{ 1/0 }}}}",
        "body": "{{ 1/0 }} of **all** rows",
        "approved_conf": {"said": "approved", "decided_by": None},
        "refused_conf": {"said": "refused", "decided_by": None},
        "valid": valid,
    }
    asked |= other
    return cast("Question", asked)


def ask(runs: ScheduledRuns, asked: Question) -> str:
    """Start the run of a question; its run id."""
    started = run_that_asks(asked)
    run_id = started["trigger_run_id"]
    body = {"dag_run_id": run_id, "conf": started["conf"], "logical_date": None}
    runs.stack.api.call("POST", f"/dags/{DAG}/dagRuns", body=body)
    return run_id


def test_question_shows_what_the_run_was_given_and_its_answer_starts_one_run(
    runs: ScheduledRuns,
) -> None:
    last = runs.last()
    approved, refused = ask(runs, question("one")), ask(runs, question("two"))
    silent = ask(runs, question("three", refused_conf=None))
    shown = Questions(runs).open(approved)
    assert shown["subject"] == "one: {{ 1/0 }}"
    assert shown["body"].startswith("{{ 1/0 }} of **all** rows\n\nWithout an answer within 3 days")
    assert shown["options"] == ["Approve", "Reject"]
    for run_id, option in ((approved, "Approve"), (refused, "Reject"), (silent, "Reject")):
        Questions(runs).open(run_id)
        Questions(runs).answer(run_id, option)
    for run_id in (approved, refused, silent):
        assert runs.wait(DAG, run_id) == "success"
    started = {run: dag for dag, run, _ in runs.since(last) if dag != DAG}
    assert started == {
        f"approved__{approved}": "migrate_warehouse",
        f"refused__{refused}": "migrate_warehouse",
    }
    for run_id in started:
        assert runs.conf("migrate_warehouse", run_id) == {
            "said": run_id.split("__")[0],
            "decided_by": "Anonymous",
        }

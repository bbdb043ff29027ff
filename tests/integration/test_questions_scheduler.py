"""Questions to a person through the real scheduler, answered over REST as the UI does."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

import pytest

from include.core.runs.questions import run_that_asks
from tests.support.other_github import other_github
from tests.support.required_actions import (
    QUESTIONS_DAG,
    TABLE,
    RequiredActions,
    asking_dag,
    morning,
    publish,
)
from tests.support.scheduled_runs import ScheduledRuns, backfilled

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from include.core.runs.questions import Question
    from infra.local.stack import Stack

STATES = "select state, times, missing, decided_by from ops.shrunken_snapshot order by asked_at"


@pytest.fixture
def runs(stack: Stack) -> ScheduledRuns:
    return ScheduledRuns(stack)


@pytest.fixture
def actions(runs: ScheduledRuns, unanswered: str) -> RequiredActions:
    return RequiredActions(runs, but=unanswered)


@pytest.fixture(scope="module", autouse=True)
def unanswered(stack: Stack) -> str:
    """The run of a question that nobody answers; its time passes while other tests go on."""
    return ask(ScheduledRuns(stack), question("nobody"))


@contextmanager
def asking(runs: ScheduledRuns, root: Path, first: int) -> Iterator[str]:
    """The DAG of a dataset that asks; its table has the ten rows of a day, the next has five."""
    publish(root, first)
    with other_github(runs.stack, root), asking_dag(runs) as dag_id:
        runs.forget(TABLE, dag_id)
        assert runs.trigger(dag_id, as_of=morning(first))[1] == "success"
        assert rows(runs) == 10
        yield dag_id


def statuses(runs: ScheduledRuns, run_id: str) -> list[str]:
    """What the notices of a run say of it."""
    return [notice["MessageAttributes"]["status"]["Value"] for notice in runs.notices(run_id)]


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
    runs.stack.api.call("POST", f"/dags/{QUESTIONS_DAG}/dagRuns", body=body)
    return run_id


def rows(runs: ScheduledRuns) -> int:
    ((found,),) = runs.query(f"select count(*) from {TABLE}")
    return int(found)


def test_run_by_hand_without_a_question_is_refused(runs: ScheduledRuns) -> None:
    with pytest.raises(Exception, match="Invalid input for param dag_id"):
        runs.stack.api.trigger(QUESTIONS_DAG, {})


def test_backfill_that_shrinks_waits_for_a_person_past_the_death_of_the_triggerer(
    runs: ScheduledRuns, actions: RequiredActions, tmp_path: Path
) -> None:
    with asking(runs, tmp_path, 1) as dag:
        runs.request_backfill(dag, days=["2020-12-02"])
        first = backfilled("2020-12-02")
        assert runs.wait(dag, first) == "success"
        asked, shown = actions.wait_for()
        assert '{"date": "2020-11-10"}' in shown["body"]
        (notice,) = runs.notices(first)
        assert notice["MessageAttributes"]["status"]["Value"] == "asked"
        assert asked in notice["Message"]
        assert rows(runs) == 10

        # The next day's run finds the question open, and asks no other.
        second, state = runs.trigger(dag, as_of=morning(3))
        assert state == "success"
        assert runs.tries(dag, second)["ask"] == [("skipped", 1)]
        assert statuses(runs, second) == ["skipped"]
        assert len(actions.all()) == 1

        runs.kill_triggerer()
        actions.answer(asked, "Approve")
        runs.start_triggerer()
        assert runs.wait(QUESTIONS_DAG, asked) == "success"
        answer = f"approved__{asked}"
        assert runs.wait(dag, answer) == "success"
        assert rows(runs) == 5
        assert runs.query(STATES) == [("loaded", 1, 5, "Anonymous")]
        assert statuses(runs, answer) == ["success"]
        # Whoever waits for the table hears of the load, and not of the question.
        assert runs.updates(dag, first) == []
        assert [update["deleted"] for update in runs.updates(dag, answer)] == [5]
        check_that_logs_show_no_key(runs)


@pytest.mark.thorough
def test_refusal_is_told_of_once_and_the_next_day_asks_nobody(
    runs: ScheduledRuns, actions: RequiredActions, tmp_path: Path
) -> None:
    with asking(runs, tmp_path, 11) as dag:
        assert runs.trigger(dag, as_of=morning(12))[1] == "success"
        asked, _ = actions.wait_for()
        actions.answer(asked, "Reject")
        assert runs.wait(QUESTIONS_DAG, asked) == "success"
        answer = f"refused__{asked}"
        assert runs.wait(dag, answer) == "success"
        (notice,) = runs.notices(answer)
        assert notice["MessageAttributes"]["status"]["Value"] == "refused"
        assert ", by Anonymous" in notice["Message"]
        later, state = runs.trigger(dag, as_of=morning(13))
        assert state == "success"
        assert statuses(runs, later) == ["skipped"]
        assert actions.all() == []
        assert rows(runs) == 10
        assert runs.query(STATES) == [("refused", 1, 5, "Anonymous")]
        ledger = "select status from ops.run where dag_id = %s and run_id = any(%s)"
        assert runs.query(ledger, dag, [answer, later]) == [("skipped",)] * 2


def test_question_shows_what_the_run_was_given_and_its_answer_starts_one_run(
    runs: ScheduledRuns, actions: RequiredActions, unanswered: str
) -> None:
    last = runs.last()
    approved, refused = ask(runs, question("one")), ask(runs, question("two"))
    untold = ask(runs, question("three", refused_conf=None))
    _, shown = actions.wait_for(approved)
    # What a source has written is no template.
    assert shown["subject"] == "one: {{ 1/0 }}"
    assert shown["body"].startswith("{{ 1/0 }} of **all** rows\n\nWithout an answer within 0:01:30")
    assert shown["options"] == ["Approve", "Reject"]
    for run_id, option in ((approved, "Approve"), (refused, "Reject"), (untold, "Reject")):
        actions.wait_for(run_id)
        actions.answer(run_id, option)
    for run_id in (approved, refused, untold, unanswered):
        assert runs.wait(QUESTIONS_DAG, run_id) == "success"
    started = {run: dag for dag, run, _ in runs.since(last) if dag != QUESTIONS_DAG}
    started |= {run: dag for dag, run, _ in runs.since(0) if unanswered in run}
    who = {
        f"approved__{approved}": {"said": "approved", "decided_by": "Anonymous"},
        f"refused__{refused}": {"said": "refused", "decided_by": "Anonymous"},
        f"refused__{unanswered}": {"said": "refused", "decided_by": None},
    }
    assert started == dict.fromkeys(who, "migrate_warehouse") | {unanswered: QUESTIONS_DAG}
    for run_id, conf in who.items():
        assert runs.conf("migrate_warehouse", run_id) == conf


def check_that_logs_show_no_key(runs: ScheduledRuns) -> None:
    logs = list(runs.stack.layout.task_logs.rglob("*.log"))
    assert [path for path in logs if f"dag_id={QUESTIONS_DAG}" in str(path)]
    assert [path for path in logs if "2020-11-10" in path.read_text("utf-8")] == []

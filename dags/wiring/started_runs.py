"""Runs that a run starts, those among them that ask a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import task

if TYPE_CHECKING:
    from include.core.runs.run import StartedRun


def start_runs(task_id: str, runs: Any) -> Any:
    """Start the runs that a task lists, each once, however often it is asked to.

    Arguments:
        task_id: of the task that starts them.
        runs: the StartedRuns that another task returns; run_that_asks gives that of a question.
    """
    return TriggerDagRunOperator.partial(
        task_id=task_id, skip_when_already_exists=True
    ).expand_kwargs(runs)


# Questions show keys, which the log must not.
@task(multiple_outputs=False, show_return_value_in_logs=False)
def list_questions(questions: list[StartedRun]) -> list[StartedRun]:
    """The runs that ask, as a result of their own: Airflow maps over no part of a result."""
    return questions


def start_questions(loaded: Any) -> Any:
    """Start the runs that ask what a task's result lists under questions, each once."""
    return start_runs("ask", list_questions(loaded["questions"]))

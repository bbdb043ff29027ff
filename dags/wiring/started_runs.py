"""Runs that a run starts."""

from __future__ import annotations

from typing import Any

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator


def start_runs(task_id: str, runs: Any) -> Any:
    """Start the runs that a task lists, each once, however often it is asked to.

    Arguments:
        task_id: of the task that starts them.
        runs: the StartedRuns that another task returns; run_that_asks gives that of a question.
    """
    return TriggerDagRunOperator.partial(
        task_id=task_id, skip_when_already_exists=True
    ).expand_kwargs(runs)

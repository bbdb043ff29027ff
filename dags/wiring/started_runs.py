"""Runs that a run starts and may wait for, those among them that ask a person."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.providers.standard.triggers.external_task import DagStateTrigger
from airflow.sdk import BaseOperator, TriggerRule, task
from airflow.utils.state import DagRunState

from wiring.failures import records_cause
from wiring.task_context import name_in_ui

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.sdk import Context

    from include.core.runs.run import StartedRun

_LOOK_SECONDS: Final = 2.0
LONGEST_WAIT: Final = timedelta(hours=12)
_ENDS: Final = [DagRunState.SUCCESS, DagRunState.FAILED]


def start_runs(task_id: str, runs: Any) -> Any:
    """Start the runs that a task lists, each once, however often it is asked to.

    Arguments:
        task_id: of the task that starts them.
        runs: the StartedRuns that another task returns; run_that_asks gives that of a question.
    """
    return TriggerDagRunOperator.partial(
        task_id=task_id, skip_when_already_exists=True
    ).expand_kwargs(runs)


class AwaitRun(BaseOperator):
    """Waits without a worker until a run has ended, and returns its state: success or failed.

    A run may be waited for any number of times, also after its end.

    Arguments:
        awaited: which run; start_runs has started it.
    """

    template_fields: Sequence[str] = ("awaited",)

    def __init__(self, *, awaited: StartedRun, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.awaited = awaited

    @records_cause
    def execute(self, context: Context) -> str:
        ti: Any = context["ti"]
        named = {
            "dag_id": self.awaited["trigger_dag_id"],
            "run_id": self.awaited["trigger_run_id"],
        }
        name_in_ui(awaited=f"{named['dag_id']} {named['run_id']}")
        state = ti.get_dagrun_state(**named)
        if state not in _ENDS:
            self.defer(
                trigger=DagStateTrigger(
                    dag_id=named["dag_id"],
                    run_ids=[named["run_id"]],
                    states=_ENDS,
                    poll_interval=_LOOK_SECONDS,
                ),
                method_name=self.take_up.__name__,
            )
        # Airflow gives a member of an enumeration, whose text is not its value.
        return str(getattr(state, "value", state))

    def take_up(self, context: Context, event: Any) -> str:  # noqa: ARG002 -- it is asked itself
        """Go on once the run has ended."""
        return self.execute(context)


def wait_for_runs(task_id: str, runs: Any) -> Any:
    """Wait until the runs have ended that a task lists; gives their states in the same order.

    Arguments:
        task_id: of the task that waits.
        runs: the StartedRuns that another task returns, which start_runs has started.
    """
    return AwaitRun.partial(
        task_id=task_id,
        map_index_template="{{ awaited }}",
        # A run that was started by an earlier try is not started again, which skips its task.
        trigger_rule=TriggerRule.NONE_FAILED,
    ).expand(awaited=runs)


# Questions show keys, which the log must not.
@task(multiple_outputs=False, show_return_value_in_logs=False)
def list_questions(questions: list[StartedRun]) -> list[StartedRun]:
    """The runs that ask, as a result of their own: Airflow maps over no part of a result."""
    return questions


def start_questions(loaded: Any) -> Any:
    """Start the runs that ask what a task's result lists under questions, each once."""
    return start_runs("ask", list_questions(loaded["questions"]))

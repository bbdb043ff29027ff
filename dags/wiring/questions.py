"""Questions to a person: what a run of approve_shrinking asks, and what the answer starts.

A run that cannot go on by itself hands a Question to approve_shrinking and ends. There a person
answers in the UI, under Required Actions, for as long as the setting answer_seconds allows.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import Param, get_current_context

from include.core.runs.questions import Answer, run_after_answer
from wiring.defaults import settings

if TYPE_CHECKING:
    from include.core.runs.run import StartedRun

ANSWER = "answer"
# The form of approve_shrinking, which runs fill in: Airflow refuses a run without these.
PARAMS = {
    "dag_id": Param(type="string", title="DAG", description="Which one the answer starts."),
    "subject": Param(type="string", title="Subject", description="One line."),
    "body": Param(type="string", title="Body", description="The question, in Markdown."),
    "approved_conf": Param(
        type="object", title="If approved", description="What the run is given that is started."
    ),
    "refused_conf": Param(
        None,
        type=["null", "object"],
        title="If refused",
        description="The same for a refusal, and for no answer in time. Empty: none is started.",
    ),
    "valid": Param(type="string", title="Valid for", description="Names what is approved."),
}


class Approval(ApprovalOperator):
    """Airflow's own, which also says who has refused: its refusal ends without a result."""

    def execute_complete(self, context: Any, event: dict[str, Any]) -> Any:
        if "error" not in event:
            answer = {name: event[name] for name in Answer.__annotations__}
            context["ti"].xcom_push(key=ANSWER, value=answer)
        return super().execute_complete(context, event)


def ask_person() -> ApprovalOperator:
    """Ask what the run was given, and wait without a worker; no answer in time refuses."""
    seconds = settings().answer_seconds
    wait = timedelta(seconds=seconds)
    until = f"Without an answer within {_in_words(wait)} it counts as **Reject**."
    return Approval(
        task_id="ask",
        subject="{{ dag_run.conf['subject'] }}",
        body="{{ dag_run.conf['body'] }}\n\n" + until,
        defaults=ApprovalOperator.REJECT,
        response_timeout=wait,
    )


def runs_after_answer() -> list[StartedRun]:
    """What the answer to this run's question starts."""
    context: Any = get_current_context()
    run, ti = context["dag_run"], context["ti"]
    return run_after_answer(run.conf, run.run_id, ti.xcom_pull(task_ids="ask", key=ANSWER))


def no_command(*_: object) -> dict[str, Any]:
    """What a run of approve_shrinking must be given to do the same again: nobody starts it."""
    return {}


def _in_words(wait: timedelta) -> str:
    """3 days; what is shorter than two days or has a rest, as hours, minutes and seconds."""
    if wait >= timedelta(days=2) and not wait % timedelta(days=1):
        return f"{wait.days} days"
    return f"{wait} (hours, minutes, seconds)"

"""The form of csv_upload_to_sqs: a run may send the rejected rows of a file alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import get_current_context, task

from wiring.failures import records_cause
from wiring.run_input import switch_param, switched
from wiring.uploads.defaults import upload_dag_defaults
from wiring.uploads.pipelines import CSV_UPLOAD_TO_SQS
from wiring.uploads.tasks import receive_files

if TYPE_CHECKING:
    from include.core.arrivals.claim import ReceivedFile

REJECTED = "rejected"
_PARAM = switch_param(
    title="Rejected rows alone",
    description=(
        "Of a file that was processed before: send only rows that wait in quarantine, and that the "
        "contract takes by now. replay_rejects fills this in."
    ),
)


def message_dag_defaults() -> dict[str, Any]:
    """Arguments of @dag: those of an upload pipeline, and one more parameter."""
    defaults = upload_dag_defaults(CSV_UPLOAD_TO_SQS)
    return {**defaults, "params": {**defaults["params"], REJECTED: _PARAM}}


@task(task_id="receive", multiple_outputs=False)
@records_cause
def receive_for_messages() -> list[ReceivedFile]:
    """Claim the files that this run works on; returns and raises what receive_files does."""
    rejected_of()
    return receive_files(REJECTED).files


def rejected_of() -> str | None:
    """The sink whose rejected rows alone are sent; None where all rows are.

    Raises:
        RunInputError: the switch is neither on nor off.
    """
    given = get_current_context()["params"][REJECTED]
    return CSV_UPLOAD_TO_SQS.sink if switched(REJECTED, given, default=False) else None

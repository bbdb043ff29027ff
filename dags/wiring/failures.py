"""How failures end: which are tried again, and the one notice of a run that failed.

A task that fails pushes the cause as an XCom, a RecordedCause. The callback of the DAG runs once,
when the whole run has failed, and reads it there. A callback of the task would send notices while
retries remain, and none when the worker was killed.
"""

from __future__ import annotations

import functools
import logging
import traceback
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, ParamSpec, TypedDict, TypeVar

from airflow.sdk import get_current_context
from airflow.sdk.exceptions import (
    AirflowException,
    AirflowFailException,
    AirflowTaskTimeout,
    DownstreamTasksSkipped,
)
from botocore.exceptions import BotoCoreError, ClientError

from include.core.aws.batches import error_code
from include.core.runs.ledger import RunOfSink, record_failure
from include.core.runs.notices import facts_of, failure_notice
from include.core.runs.outbox import announce, write_notice
from include.core.warehouse.connection import transaction
from include.errors import SluiceError, TerminalError
from wiring.clients import publish, warehouse
from wiring.defaults import settings
from wiring.page import refresh
from wiring.run_input import as_of_or_best_guess

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from psycopg2.extensions import cursor

    from include.core.runs.outbox import Notice

    Conf = dict[str, Any]

P = ParamSpec("P")
T = TypeVar("T")

FAILURE = "failure"
NO_CAUSE = "The task ended without a word: its worker was killed, or lost"

log = logging.getLogger(__name__)


class RecordedCause(TypedDict):
    """The XCom that a failed task leaves.

    Attributes:
        cause: one line, as cause_of makes it.
        in_file: the same where the file is named beside it.
        below: lines that people may copy; none of most errors.
        final: no retry helps.
        broken: rules of the dataset that were broken, as a BrokenRule each.
    """

    cause: str
    in_file: str
    below: str
    final: bool
    broken: list[Mapping[str, object]]


def records_cause(function: Callable[P, T]) -> Callable[P, T]:
    """Record why a task fails, for the notice; a terminal error fails it without a retry."""

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return function(*args, **kwargs)
        except DownstreamTasksSkipped:
            raise
        except TerminalError as error:
            _record(error)
            # Without its cause, whose words may quote rows, and without a retry.
            raise AirflowFailException(cause_of(error)) from None
        # AirflowTaskTimeout is a BaseException.
        except (Exception, AirflowTaskTimeout) as error:
            _record(error)
            raise

    return run


def cause_of(error: BaseException) -> str:
    """One line that says what went wrong, without row values or secrets.

    What Sluice raises is written to be read. Of other errors only the kind is named: their words
    can hold anything.
    """
    if isinstance(error, SluiceError):
        return _one_line(str(error))
    if isinstance(error, AirflowTaskTimeout):
        return "The task took longer than its time limit"
    if isinstance(error, ClientError):
        return f"AWS answered {error_code(error)} to {error.operation_name}"
    if isinstance(error, BotoCoreError):
        return f"AWS is out of reach: {type(error).__name__}"
    return f"{type(error).__name__}; the log has the rest"


def cause_in_file(error: BaseException) -> str:
    """As cause_of, for where the file that a task works on is named beside it."""
    return _one_line(error.of_file) if isinstance(error, SluiceError) else cause_of(error)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _record(error: BaseException) -> None:
    below = error.below if isinstance(error, SluiceError) else ""
    if below:
        log.error("What the cause tells to add:\n\n%s", below)
    value = RecordedCause(
        cause=cause_of(error),
        in_file=cause_in_file(error),
        below=below,
        final=isinstance(error, TerminalError),
        broken=[*error.broken] if isinstance(error, SluiceError) else [],
    )
    try:
        get_current_context()["ti"].xcom_push(key=FAILURE, value=value)
    except Exception:  # noqa: BLE001 -- Airflow may raise anything where it has no context
        # The task fails for its own reason; that the notice will know less must not hide it.
        log.warning("The cause could not be recorded for the notice:\n%s", traceback.format_exc())


def notify_failure(
    *,
    dataset: str,
    sink: str,
    on_record: Callable[[cursor, RunOfSink, str], Conf] | None = None,
    form: Collection[str] | None = None,
) -> Callable[[Any], None]:
    """A DAG-level callback: one ledger row and one notice for a run that failed.

    Arguments:
        dataset: what the notice is about.
        sink: as the ledger knows it.
        on_record: called in the transaction of the ledger row with the run and the cause; returns
            what a run must be given to do the same work again.
        form: names of parameters that say what to do, where the moment does not: what a run was
            given of them is what does the same work again.
    """

    def notify(context: Any) -> None:
        run = _run_of(context, sink)
        task, recorded, log_url = _what_failed(context, run)
        cause, below = recorded["cause"], recorded.get("below", "")
        broken = recorded.get("broken", [])
        asked = None if form is None else _given(context.get("dag_run"), form)

        def notice(conf: Conf | None) -> Notice:
            facts = facts_of(run, dataset=dataset, ui_url=settings().ui_url, conf=conf)
            return failure_notice(
                facts, task=task, cause=cause, log_url=log_url or facts.link, below=below
            )

        try:
            connect = warehouse()
            with transaction(connect, doing=f"record the failure of {run.dag_id}") as cursor:
                record_failure(cursor, run, task=task, cause=cause, broken=broken)
                conf = on_record(cursor, run, cause) if on_record else asked
                write_notice(cursor, notice(conf))
        # The warehouse may be what failed: the notice goes out without the outbox then.
        except (SluiceError, AirflowException) as error:
            log.warning("No ledger row for this failure: %s", cause_of(error))
            publish(notice({} if on_record else asked))
        else:
            refresh(sink)
            announce(connect, run, publish=publish)

    return notify


def _given(dag_run: Any, form: Collection[str]) -> Conf:
    """What a run was triggered with, as far as its form has it."""
    conf: Conf = (dag_run and dag_run.conf) or {}
    return {name: conf[name] for name in form if conf.get(name) is not None}


def _what_failed(context: Any, run: RunOfSink) -> tuple[str, RecordedCause, str | None]:
    """The failed task, its cause, and its log; a run that timed out has no task to blame."""
    ti = context.get("ti")
    if ti is None:
        return "none", _unrecorded(f"Airflow says {context.get('reason')}"), None
    recorded: RecordedCause | None = ti.xcom_pull(
        task_ids=ti.task_id, run_id=run.run_id, key=FAILURE, map_indexes=ti.map_index
    )
    is_mapped = ti.map_index is not None and ti.map_index >= 0
    task = f"{ti.task_id} [{ti.map_index}]" if is_mapped else ti.task_id
    return task, recorded or _unrecorded(NO_CAUSE), ti.log_url


def _unrecorded(cause: str) -> RecordedCause:
    return RecordedCause(cause=cause, in_file=cause, below="", final=False, broken=[])


def _run_of(context: Any, sink: str) -> RunOfSink:
    dag_run = context.get("dag_run")
    now = datetime.now(timezone.utc)
    return RunOfSink(
        dag_id=context["dag"].dag_id,
        run_id=context["run_id"],
        sink=sink,
        as_of=as_of_or_best_guess(dag_run) if dag_run else now,
        started_at=(dag_run and dag_run.start_date) or now,
    )

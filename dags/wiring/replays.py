"""The form of replay_rejects, and how each DAG is made to read a version again."""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING, Any, Final

from airflow.sdk import Param, get_current_context

from include.core.arrivals.versions import look_up
from include.core.runs.notices import facts_of
from include.core.runs.repair import Asked, end_repair
from include.datasets import api_datasets, github_datasets
from include.errors import ArrivalError, RunInputError
from include.pipelines.table_export_to_kinesis import find_objects
from wiring.changes import CHANGES, REREAD
from wiring.clients import lake, warehouse
from wiring.defaults import settings
from wiring.page import refresh
from wiring.run_input import moments_of, refuse_unknown
from wiring.task_context import run_of_sink
from wiring.uploads.pipelines import (
    CSV_UPLOAD_TO_DYNAMODB,
    CSV_UPLOAD_TO_SQS,
    TABLE_EXPORT_TO_KINESIS,
)
from wiring.uploads.rejected import REJECTED

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from include.core.arrivals.versions import Landing
    from include.core.aws.objects import ObjectStore
    from include.core.runs.repair import Planned, WaitingVersion, Way
    from include.core.warehouse.connection import Connect

    # What a run is given, or why there can be none.
    Conf = dict[str, Any] | str

SINK: Final = "quarantine"
ACTIONS: Final = ("replay", "set_aside")
_GONE: Final = "the archive has it no more"
_WHY_CHARACTERS: Final = 500
_SINKS: Final = [
    *sorted(
        [
            *(dataset.table.sink for dataset in github_datasets()),
            *(dataset.sink for dataset in api_datasets()),
        ]
    ),
    CSV_UPLOAD_TO_SQS.sink,
    CSV_UPLOAD_TO_DYNAMODB.sink,
    CHANGES.name,
]


def _text(title: str, description: str) -> Param:
    return Param(None, type=["null", "string"], title=title, description=description)


# The form in the UI; the API and the command line are held to the same schema.
PARAMS = {
    "sink": Param(
        type="string",
        minLength=1,
        title="Sink",
        description="Where the rows would have gone, as ops.rejected_row has it.",
        examples=_SINKS,
    ),
    "code": _text("Reason", "Rows of this code alone, such as too_few_columns. Empty: of any."),
    "file": _text("File", "Rows of this file alone, as ops.rejected_row has it. Empty: of any."),
    "version": _text("Version", "Rows of this version alone. Empty: of any."),
    "action": Param(
        "replay",
        type="string",
        enum=[*ACTIONS],
        title="Action",
        description=(
            "replay: read their versions again from the archive, under the contract of today. "
            "set_aside: give the rows up for good; nothing is loaded."
        ),
    ),
    "why": Param(
        None,
        type=["null", "string"],
        maxLength=_WHY_CHARACTERS,
        title="Why",
        description="A word for those who come after; set_aside needs it.",
    ),
}


def asked_for(*, params: Mapping[str, Any], run: Any) -> tuple[Asked, str | None]:
    """What a person wants done with which rows.

    Arguments:
        params: the run's parameters with their defaults.
        run: Airflow's dag_run; unknown names in what it was triggered with are refused.

    Returns:
        The rows, and why they are set aside: None where they are replayed.

    Raises:
        RunInputError: an unknown name, a wrong type, no sink, or no word why.
    """
    refuse_unknown(run.conf, PARAMS)
    given = {name: _given(name, params[name]) for name in PARAMS}
    action, why, sink = given.pop("action"), given.pop("why"), given.pop("sink")
    if sink is None:
        raise RunInputError("Parameter sink is missing")
    if action not in ACTIONS:
        raise RunInputError(f"Parameter action is one of {', '.join(ACTIONS)}")
    asked = Asked(sink=sink, **given)
    if action == "replay":
        return asked, None
    word = " ".join((why or "").split())[:_WHY_CHARACTERS]
    if not word:
        raise RunInputError("Parameter why is missing: who sets rows aside says why")
    return asked, word


def _given(name: str, value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise RunInputError(f"Parameter {name} must be text")
    return value or None


def settle_rows(planned: Planned, *, dataset: str, states: Any) -> dict[str, int]:
    """End this run: set rows aside if that is asked, and write the notice.

    Arguments:
        planned: what its first task came back with.
        dataset: what the notice is about.
        states: how the runs have ended that it has started.

    Raises:
        ReplayError: one has failed.
    """
    context = get_current_context()
    dag_run: Any = context["dag_run"]
    asked, why = asked_for(params=context["params"], run=dag_run)
    run = run_of_sink(SINK, moments_of(dag_run))
    conf = {name: value for name, value in context["params"].items() if value is not None}
    # Airflow gives one result as it is, and several as a list.
    ended = [states] if isinstance(states, str) else [*(states or ())]
    counts = end_repair(
        warehouse(),
        asked,
        planned,
        states=ended,
        facts=facts_of(run, dataset=dataset, ui_url=settings().ui_url, conf=conf),
        why=why,
    )
    refresh(asked.sink)  # runs that were started have done so, and setting aside starts none
    return counts


def ways() -> dict[str, Way]:
    """For each DAG that has a quarantine, how it is made to read a version again.

    Clients are opened with the first version that needs them.
    """
    timed = [each.name for each in github_datasets()] + [each.name for each in api_datasets()]
    messages, items, exports = (
        cache(each.landing)
        for each in (CSV_UPLOAD_TO_SQS, CSV_UPLOAD_TO_DYNAMODB, TABLE_EXPORT_TO_KINESIS)
    )
    return {
        **dict.fromkeys(timed, partial(_by_moment, cache(lake))),
        CSV_UPLOAD_TO_SQS.name: partial(_by_object, messages, {REJECTED: True}),
        CSV_UPLOAD_TO_DYNAMODB.name: partial(_by_object, items, {}),
        TABLE_EXPORT_TO_KINESIS.name: partial(_by_export, exports, cache(warehouse)),
        "kinesis_to_postgres": lambda _: {REREAD: True},
    }


def _by_moment(archive: Callable[[], ObjectStore], version: WaitingVersion) -> Conf:
    """A version that is found by the moment for which it was read."""
    if version["as_of"] is None:
        return "the ledger does not know for which moment it was read"
    # The file of an answer of an API is its place in the lake.
    if archive().head(version["archived"] or version["file"]) is None:
        return _GONE
    return {"as_of": version["as_of"]}


def _by_object(
    landing: Callable[[], Landing], more: dict[str, Any], version: WaitingVersion
) -> Conf:
    """A version of an object that landed."""
    if not _has_landed(landing(), version):
        return _GONE
    return {"key": version["file"], "version_id": version["version"], "again": True, **more}


def _by_export(
    landing: Callable[[], Landing], connect: Callable[[], Connect], version: WaitingVersion
) -> Conf:
    """A version of a file of an export, which is taken again with all of its files."""
    objects = find_objects(connect(), version["file"], version["version"])
    if not (objects and _has_landed(landing(), version)):
        return _GONE
    return {"objects": objects, "again": True}


def _has_landed(landing: Landing, version: WaitingVersion) -> bool:
    """Whether the landing bucket has a version, also one that was deleted since."""
    named = (landing.client, landing.bucket, version["file"], version["version"])
    try:
        look_up(*named, withdrawn=True)
    except ArrivalError:
        return False
    return True

"""Load, first half: enter in the raw zone which answers an hour has, or that it has none."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from include.core.runs.ledger import Counts, Details, record_run
from include.core.runs.notices import facts_of
from include.core.runs.outbox import write_notice
from include.core.statements import read_statement
from include.core.warehouse.connection import transaction
from include.pipelines.api_to_lake.notices import skip_notice
from include.pipelines.api_to_lake.raw_zone import add_to_index

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from psycopg2.extensions import cursor

    from include.contracts.apis import ApiDataset
    from include.core.runs.ledger import RunOfSink
    from include.pipelines.api_to_lake.task_values import (
        FetchedCall,
        LakeResources,
        RawAnswer,
        State,
        StoredHour,
    )


def store_raw(
    dataset: ApiDataset,
    fetched: Sequence[FetchedCall | None] | None,
    *,
    run: RunOfSink,
    refetch: bool,
    resources: LakeResources,
) -> StoredHour:
    """Enter the answers of an hour in its index; where it has none, end it as skipped.

    Arguments:
        dataset: the contract.
        fetched: what fetch returned of each call; None of those that have no answer.
        run: which run this is; its as_of is the hour.
        refetch: new answers take the place of old ones.
        resources: what the task has opened.

    Raises:
        ArchiveError: an answer is not what was put there, or others write to the index.
        WarehouseUnavailableError, WarehouseRefusedError: as Postgres says.
    """
    index = add_to_index(
        resources.hand_over.store,
        dataset,
        run.as_of,
        {each["call"]: _pages(each, resources) for each in fetched or () if each and each["pages"]},
        folder=resources.hand_over.folder,
        refetch=refetch,
    )
    there = [call.name for call in dataset.calls if call.name in index["calls"]]
    state: State = (
        "skipped" if not there else "complete" if len(there) == len(dataset.calls) else "partial"
    )
    with transaction(resources.connect, doing=f"enter an hour of {dataset.name}") as cursor:
        missing = _missing(cursor, dataset, run, there)
        _enter(cursor, dataset, run, state, missing)
        if state == "skipped":
            _end_as_skipped(cursor, dataset, run, missing, resources)
    return {"state": state, "missing": missing}


def _pages(fetched: FetchedCall, resources: LakeResources) -> list[RawAnswer]:
    pages = fetched["pages"]
    if pages is None:
        return []
    path = resources.hand_over.get(pages, f"{fetched['call']}.json")
    answers: list[RawAnswer] = json.loads(path.read_bytes())
    return answers


def _missing(
    cursor: cursor, dataset: ApiDataset, run: RunOfSink, there: Sequence[str]
) -> dict[str, str]:
    """The calls without an answer, and why."""
    values = {"dataset": dataset.name, "as_of": run.as_of}
    cursor.execute(read_statement("api_to_lake/count_requests.problems"), values)
    problems = dict(cursor.fetchall())
    return {
        call.name: problems.get(call.name, "it was not asked")
        for call in dataset.calls
        if call.name not in there
    }


def _enter(
    cursor: cursor, dataset: ApiDataset, run: RunOfSink, state: State, missing: Mapping[str, str]
) -> None:
    values: dict[str, Any] = {
        "dataset": dataset.name,
        "as_of": run.as_of,
        "state": state,
        "missing": list(missing),
        "problem": next(iter(missing.values()), None),
    }
    cursor.execute(read_statement("api_to_lake/keep_hour.stored"), values)


def _end_as_skipped(
    cursor: cursor,
    dataset: ApiDataset,
    run: RunOfSink,
    missing: Mapping[str, str],
    resources: LakeResources,
) -> None:
    """Ledger row and notice of an hour that has no answer."""
    values = {"dataset": dataset.name, "as_of": run.as_of}
    cursor.execute(read_statement("api_to_lake/keep_hour.skips"), values)
    (skips,) = cursor.fetchone() or (1,)
    failures = [{"file": call, "cause": problem} for call, problem in missing.items()]
    if record_run(cursor, run, Counts(read=0), Details(failures=failures), status="skipped"):
        facts = facts_of(run, dataset=dataset.name, ui_url=resources.ui_url)
        write_notice(cursor, skip_notice(facts, missing=missing, skips=skips))

"""Where a row of a table in the lake comes from: each run of its hour that wrote or refused it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from include.contracts import Column
from include.core.lake.answers import glob_of
from include.core.lake.cells import stored_type
from include.core.lake.records import AS_OF
from include.core.snapshot.database import connect_duckdb
from include.core.snapshot.files import columns_of
from include.core.statements import quote_identifier, quote_text, read_statement
from include.core.trace.effects import HourKey
from include.core.trace.history import (
    follow,
    is_left,
    left_out,
    newest_versions,
    put_together,
    unsuccessful,
)
from include.core.trace.keys import canonical_key
from include.core.trace.ledger import runs_of_sink
from include.core.trace.rows import row_of_cleaning
from include.core.warehouse.connection import transaction
from include.errors import RunInputError
from include.pipelines.api_to_lake.partition import partition_key
from include.pipelines.api_to_lake.traced_hours import TracedHours, index_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from include.contracts.apis import ApiDataset
    from include.core.trace.answer import History
    from include.core.trace.ledger import LedgerRun
    from include.pipelines.api_to_lake.task_values import LakeResources

_TRIES: Final = 5  # runs of other hours of the day replace the same file
_OPEN: Final = (
    "A run is putting this hour into the lake, or died while it did: what it has changed is not in "
    "the ledger yet"
)
# The lake has moments in UTC, without saying so.
_HOUR: Final = Column(name=AS_OF, type="timestamptz", nullable=False, zone="UTC")


def trace(
    dataset: ApiDataset, given: Any, *, resources: LakeResources
) -> tuple[dict[str, str], History]:
    """Read the answers of the runs of an hour again for one key.

    Arguments:
        dataset: the contract.
        given: the key, as canonical_key takes it: as_of, which is the hour, and row_key.
        resources: what the task has opened.

    Returns:
        The key in canonical texts, and what is found.

    Raises:
        RunInputError: the key is none of the table.
        WarehouseUnavailableError, WarehouseRefusedError: as Postgres says.
        WorkerExhaustedError: no disk or memory is left.
    """
    columns = [_HOUR, *map(_as_stored, dataset.columns)]
    key, as_of = _key(dataset, columns, given)
    hour = _look_up(dataset, as_of, resources)
    now = _row_in_file(columns, key, resources) if hour.has_file else None
    loads = [run for run in hour.runs if run.status == "success"]
    read, left = newest_versions(loads, versions=index_of)
    traced = TracedHours(
        dataset=dataset, as_of=as_of, columns=columns, key=key, resources=resources
    )
    readings = traced.read(dict.fromkeys(map(index_of, read)))
    state = HourKey(known=not (hour.more or left))
    entries = [follow(state, run, readings[index_of(run)]) for run in read]
    may_be_left = hour.is_open or not state.known or is_left(state.values, now)
    return key, put_together(
        dataset.name,
        entries,
        now=now,
        left=now if may_be_left else state.values,
        cut=left_out(more_runs=hour.more, of_versions=left),
        notes=[
            *unsuccessful(hour.runs, skipped="had no answer from the API"),
            *([_OPEN] if hour.is_open else []),
        ],
    )


def _as_stored(column: Column) -> Column:
    return replace(column, zone="UTC") if column.type == "timestamptz" else column


def _key(
    dataset: ApiDataset, columns: Sequence[Column], given: Any
) -> tuple[dict[str, str], datetime]:
    """The key in canonical texts, and its hour."""
    named = {column.name: column for column in columns}
    key = canonical_key(given, [named[name] for name in (AS_OF, *dataset.row_key)])
    as_of = datetime.fromisoformat(key[AS_OF])
    if as_of != as_of.replace(minute=0, second=0, microsecond=0):
        raise RunInputError(f"Parameter key: what it gives for {AS_OF} is no full hour")
    return key, as_of


class _Hour(NamedTuple):
    """What ledger and lake have of an hour at one moment.

    Attributes:
        runs, more: as runs_of_sink says.
        has_file: there is one, which is at _file now.
        is_open: the lake may have what the ledger has not.
    """

    runs: list[LedgerRun]
    more: bool
    has_file: bool
    is_open: bool


def _look_up(dataset: ApiDataset, as_of: datetime, resources: LakeResources) -> _Hour:
    """Look an hour up. A run plans, puts the file, and is in the ledger, in this order."""
    store, key = resources.hand_over.store, partition_key(dataset, as_of)
    for _ in range(_TRIES):
        etag = store.fetch_current(key, _file(resources))
        with transaction(resources.connect, doing=f"look up runs of {dataset.sink}") as cursor:
            runs, more = runs_of_sink(cursor, dataset.sink, as_of=as_of)
            values = {"dataset": dataset.name, "as_of": as_of}
            cursor.execute(read_statement("api_to_lake/keep_hour.planned"), values)
            (planned,) = cursor.fetchone() or (None,)
        is_replaced = store.tag_of(key) != etag
        if not is_replaced:
            break
    return _Hour(runs, more, etag is not None, is_replaced or planned is not None)


def _row_in_file(
    columns: Sequence[Column], key: Mapping[str, str], resources: LakeResources
) -> dict[str, Any] | None:
    """The row as the lake has it, in the columns that its file has; None where it has none."""
    glob = glob_of(_file(resources))
    with connect_duckdb(resources.hand_over.folder, memory=resources.memory) as connection:
        names = columns_of(connection, glob)
        if not key.keys() <= names:
            return None
        there = [column for column in columns if column.name in names]
        values = ", ".join(
            f"try_cast({name} as {stored_type(column)}) as {name}"
            for column, name in ((each, quote_identifier(each.name)) for each in there)
        )
        file = f"select {values} from read_parquet({quote_text(glob)})"
        return row_of_cleaning(connection, there, file, key)


def _file(resources: LakeResources) -> Path:
    return resources.hand_over.folder / "part.parquet"

"""Where an item comes from: each file that wrote, confirmed or refused it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.core.runs.notices import count_of
from include.core.trace.effects import ItemKey
from include.core.trace.history import follow, left_out, newest_versions, put_together
from include.core.trace.keys import canonical_key
from include.core.trace.ledger import files_of_sink
from include.core.warehouse.connection import transaction
from include.errors import RunInputError
from include.pipelines.csv_upload_to_dynamodb.extract import PIPELINE
from include.pipelines.csv_upload_to_dynamodb.item_reads import find_item
from include.pipelines.csv_upload_to_dynamodb.items import attribute_maker, key_column
from include.pipelines.csv_upload_to_dynamodb.traced_files import TracedFiles, as_json, version_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.contracts.columns import Column
    from include.contracts.uploads import ItemUpload
    from include.core.arrivals.resources import Resources
    from include.core.trace.answer import History


def trace(
    uploads: Sequence[ItemUpload],
    given: Any,
    *,
    sink: str,
    resources: Resources,
    table: Any,
    table_name: str,
) -> tuple[dict[str, str], History]:
    """Read the files that landed again for one key.

    Arguments:
        uploads: all contracts of items.
        given: the key, as canonical_key takes it.
        sink: as the ledger knows it.
        resources: what the task has opened.
        table: a boto3 client of DynamoDB.
        table_name: which table.

    Returns:
        The key in canonical text, and what is found.

    Raises:
        RunInputError: the key is none of items.
        DeliveryRefusedError, DeliveryUnavailableError: as DynamoDB says.
        WarehouseUnavailableError, WarehouseRefusedError: as Postgres says.
        WorkerExhaustedError: no disk or memory is left.
    """
    column, key = _key(uploads, given)
    name = column.name
    found = find_item(table, table_name, {name: attribute_maker(column)(key[name])})
    now = None if found is None else as_json(found)
    with transaction(resources.connect, doing=f"look up files of {sink}") as cursor:
        files, more = files_of_sink(cursor, sink, pipeline=PIPELINE)
    read, left = newest_versions(files, versions=version_of)
    readings = TracedFiles(uploads=uploads, key=key, resources=resources).read(read)
    state = ItemKey(known=not (more or left))
    entries = [
        follow(state, run, readings[version_of(run)], order=run.sources[0]["order"]) for run in read
    ]
    # A file is a part: one without the key says nothing of the item.
    having = [entry for entry in entries if entry["effect"] != "absent"]
    without = len(entries) - len(having)
    is_left = _is_left(state, now)
    return key, put_together(
        PIPELINE,
        having or entries,
        now=now,
        left=now if is_left else state.values,
        cut=left_out(more_runs=more, of_versions=left),
        notes=_not_shown(without) if having else [],
    )


def _not_shown(without: int) -> list[str]:
    return [f"Not shown: {count_of(without, 'file')} without the key"] if without else []


def _key(uploads: Sequence[ItemUpload], given: Any) -> tuple[Column, dict[str, str]]:
    """The key by the first contract that takes it: a table has one key column."""
    problem = RunInputError("No dataset declares items")
    for upload in uploads:
        column = key_column(upload.contract)
        try:
            return column, canonical_key(given, [column])
        except RunInputError as error:
            problem = error
    raise problem


def _is_left(state: ItemKey, now: dict[str, Any] | None) -> bool:
    """Whether an item is what the files have left, whatever it has beside their columns."""
    if state.values is None or now is None or not state.known:
        return not state.known or state.values is now
    return state.values.items() <= now.items()

"""Load, second half: convert an hour, put its file into the lake, and enter it in the ledger."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from psycopg2.extras import Json

from include.core.aws.objects import sha256_of
from include.core.failpoints import failpoint
from include.core.lake.changes import Changes
from include.core.lake.glue_columns import glue_columns
from include.core.lake.glue_table import keep_table, table_input
from include.core.lake.records import HourCounts
from include.core.runs.ledger import Counts, Details, record_run
from include.core.runs.notices import facts_of
from include.core.runs.outbox import write_notice
from include.core.runs.quarantine import quarantine_rows, read_rejected
from include.core.statements import read_statement
from include.core.warehouse.connection import transaction
from include.core.warehouse.sink_lock import lock_sink
from include.errors import ArchiveError
from include.pipelines.api_to_lake.notices import success_notice
from include.pipelines.api_to_lake.partition import Partition, make_partition, partition_key
from include.pipelines.api_to_lake.raw_zone import enter_published, keep_index

if TYPE_CHECKING:
    from psycopg2.extensions import cursor

    from include.contracts.apis import ApiDataset
    from include.core.aws.objects import Stored
    from include.core.runs.ledger import RunOfSink
    from include.core.runs.quarantine import Version
    from include.pipelines.api_to_lake.task_values import (
        ConvertedHour,
        LakeResources,
        PublishedHour,
        StoredHour,
    )

_TRIES: Final = 10  # who has lost reads again what the winner wrote
_SHOWN: Final = 10  # new fields in a warning


def convert(dataset: ApiDataset, *, run: RunOfSink, resources: LakeResources) -> ConvertedHour:
    """Make the file that has an hour's rows, and count what publishing it would change.

    Arguments:
        dataset: the contract.
        run: which run this is; its as_of is the hour.
        resources: what the task has opened.

    Raises:
        InputFileError: an answer of this hour is none, or a required field is gone.
        RejectLimitError: too many records of this hour were rejected.
        ArchiveError: an answer is not what was put there.
    """
    made = _make(dataset, run, resources, "0")
    hand_over = resources.hand_over
    index = hand_over.folder / "index.json"
    index.write_text(json.dumps(made.index))
    stored = hand_over.put("part.parquet", made.path)
    failpoint("convert.handed_over")
    return {
        "file": stored,
        "rejects": hand_over.put("rejects.jsonl", made.rejects),
        "index": hand_over.put("index.json", index),
        "base": made.base,
        "read": made.counts.read,
        "rejected": made.counts.rejected,
        "duplicate": made.counts.duplicate,
        "rejects_by_code": made.counts.rejects_by_code,
        "new_fields": made.counts.unknown,
        "inserted": made.changes.inserted,
        "updated": made.changes.updated,
        "unchanged": made.changes.unchanged,
        "deleted": made.changes.deleted,
    }


def publish(
    dataset: ApiDataset,
    converted: ConvertedHour,
    stored: StoredHour,
    *,
    run: RunOfSink,
    resources: LakeResources,
) -> PublishedHour:
    """Put the file into the lake, and enter the hour in the ledger, with rejects and notice.

    Readers see the file before it or this one. Where another run has replaced it since convert
    read it, the file is made again.

    Arguments:
        dataset: the contract.
        converted: what convert returned.
        stored: what store_raw returned.
        run: which run this is; its as_of is the hour.
        resources: what the task has opened.

    Raises:
        InputFileError, RejectLimitError, ArchiveError: as convert says.
        WarehouseUnavailableError, WarehouseRefusedError: as Postgres says.
    """
    lake = resources.hand_over.store
    table = table_input(dataset, bucket=lake.bucket, columns=glue_columns(dataset))
    keep_table(resources.glue, resources.database, table)
    with transaction(resources.connect, doing=f"publish an hour of {dataset.name}") as cursor:
        # One publisher a table: what is counted as changed is what this run has changed.
        lock_sink(cursor, run.sink)
        before = _planned(cursor, dataset, run)
        made = _Hour(dataset, run, resources).put(_received(converted, resources), before)
        failpoint("lake.put")
        kept = keep_index(lake, dataset, run.as_of, made.index)
        failpoint("lake.index_kept")
        counts = _counts(made)
        details = _details(cursor, dataset, run, made, stored, kept)
        facts = facts_of(run, dataset=dataset.name, ui_url=resources.ui_url)
        if record_run(cursor, run, counts, details):
            read = _versions(dataset, made)
            quarantine_rows(cursor, run, read_rejected(made.rejects), read=read)
            notice = success_notice(
                facts, counts=counts, details=details, missing=stored["missing"]
            )
            write_notice(cursor, notice)
        failpoint("lake.recorded")
    failpoint("lake.committed")
    return {
        "read": counts.read,
        "rejected": counts.rejected,
        "duplicate": counts.duplicate,
        "inserted": counts.inserted,
        "updated": counts.updated,
        "unchanged": counts.unchanged,
        "deleted": counts.deleted,
        "state": stored["state"],
    }


class _Hour:
    """An hour that takes its place in the lake; the caller holds the lock on the table."""

    def __init__(self, dataset: ApiDataset, run: RunOfSink, resources: LakeResources) -> None:
        self._dataset, self._run, self._resources = dataset, run, resources
        self._store, self._key = resources.hand_over.store, partition_key(dataset, run.as_of)
        self._named = {"dataset": dataset.name, "as_of": run.as_of}

    def put(self, made: Partition, planned: Changes | None) -> Partition:
        """Put a file in the place of the one that it was made beside.

        Arguments:
            made: the file.
            planned: what an earlier try of this run was about to change.

        Returns:
            What was put, with what this run has changed in all of its tries.

        Raises:
            ArchiveError: others replace the file again and again.
        """
        for number in range(1, _TRIES + 1):
            current = self._store.head(self._key)
            if (current and current.etag) == made.base:
                if current and current.metadata["sha256"] == sha256_of(made.path):
                    enter_published(self._store, self._dataset, self._run.as_of, made.index)
                    return _with_plan(made, planned)
                self._plan(made.changes)
                failpoint("lake.planned")
                # Before the file: an hour that is in the file must not be left out by another run.
                enter_published(self._store, self._dataset, self._run.as_of, made.index)
                failpoint("lake.entered")
                if self._store.replace_file(self._key, made.path, etag=made.base):
                    return made
            made = _make(self._dataset, self._run, self._resources, str(number))
        raise ArchiveError(f"{self._key} is replaced by others again and again")

    def _plan(self, changes: Changes) -> None:
        """Enter what will be changed, before it is: a worker may die in between."""
        planned = {**self._run.parameters, **asdict(changes)}
        doing = f"plan an hour of {self._dataset.name}"
        with transaction(self._resources.connect, doing=doing) as cursor:
            values = self._named | {"planned": Json(planned)}
            cursor.execute(read_statement("api_to_lake/keep_hour.plan"), values)


def _planned(cursor: cursor, dataset: ApiDataset, run: RunOfSink) -> Changes | None:
    """What an earlier try of this run was about to change; None where there was none."""
    values = {"dataset": dataset.name, "as_of": run.as_of}
    cursor.execute(read_statement("api_to_lake/keep_hour.planned"), values)
    (planned,) = cursor.fetchone() or (None,)
    if planned is None:
        return None
    mine = {name: planned.pop(name) for name in run.parameters} == run.parameters
    return Changes(**planned) if mine else None


def _with_plan(made: Partition, planned: Changes | None) -> Partition:
    """What is there already was put by an earlier try of this run, if that had planned it."""
    return replace(made, changes=planned) if planned else made


def _make(dataset: ApiDataset, run: RunOfSink, resources: LakeResources, name: str) -> Partition:
    folder = resources.hand_over.folder / name
    folder.mkdir()
    store, memory = resources.hand_over.store, resources.memory
    return make_partition(dataset, run.as_of, store=store, folder=folder, memory=memory)


def _received(converted: ConvertedHour, resources: LakeResources) -> Partition:
    counts = HourCounts(
        read=converted["read"],
        kept=converted["read"] - converted["rejected"] - converted["duplicate"],
        rejected=converted["rejected"],
        duplicate=converted["duplicate"],
        rejects_by_code=converted["rejects_by_code"],
        unknown=converted["new_fields"],
    )
    changes = Changes(
        inserted=converted["inserted"],
        updated=converted["updated"],
        unchanged=converted["unchanged"],
        deleted=converted["deleted"],
    )
    return Partition(
        path=resources.hand_over.get(converted["file"], "part.parquet"),
        rejects=resources.hand_over.get(converted["rejects"], "rejects.jsonl"),
        index=json.loads(resources.hand_over.get(converted["index"], "index.json").read_bytes()),
        base=converted["base"],
        counts=counts,
        changes=changes,
    )


def _counts(made: Partition) -> Counts:
    return Counts(
        read=made.counts.read,
        rejected=made.counts.rejected,
        duplicate=made.counts.duplicate,
        inserted=made.changes.inserted,
        updated=made.changes.updated,
        unchanged=made.changes.unchanged,
        deleted=made.changes.deleted,
    )


def _versions(dataset: ApiDataset, made: Partition) -> list[Version]:
    """The answers that were read, as rejected records name them."""
    calls = made.index["calls"]
    return [
        (answer["key"], answer["sha256"])
        for call in dataset.calls
        for answer in calls.get(call.name, ())
    ]


def _new_fields(dataset: ApiDataset, made: Partition) -> list[str]:
    return [
        path
        for path in made.counts.unknown
        if not any(fnmatchcase(path, pattern) for pattern in dataset.ignored)
    ]


def _details(
    cursor: cursor,
    dataset: ApiDataset,
    run: RunOfSink,
    made: Partition,
    stored: StoredHour,
    kept: Stored,
) -> Details:
    values = {
        "dataset": dataset.name,
        "as_of": run.as_of,
        "new_fields": _new_fields(dataset, made),
        **run.parameters,
    }
    cursor.execute(read_statement("api_to_lake/keep_hour.published"), values)
    (new,) = cursor.fetchone() or ([],)
    more = f" and {len(new) - _SHOWN} more" if len(new) > _SHOWN else ""
    warnings = (
        [f"the API gives fields that are not declared: {', '.join(new[:_SHOWN])}{more}"]
        if new
        else []
    )
    return Details(
        sources=[{"file": kept["key"], "sha256": kept["sha256"]}],
        rejects_by_code=made.counts.rejects_by_code,
        warnings=warnings,
        failures=[{"file": call, "cause": cause} for call, cause in stored["missing"].items()],
    )

"""One export against the last one that was published whole: what to publish, or what to ask."""

from __future__ import annotations

import time
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Final, cast

from include.core.aws.objects import sha256_of
from include.core.exports.names import shown
from include.core.exports.snapshots import snapshot_key
from include.core.failpoints import failpoint
from include.core.warehouse.connection import transaction
from include.pipelines.table_export_to_kinesis.athena import read_delta
from include.pipelines.table_export_to_kinesis.delta import compute_delta
from include.pipelines.table_export_to_kinesis.leases import Base, TableLease, acquire, release
from include.pipelines.table_export_to_kinesis.outcome import ended, go_on, keep
from include.pipelines.table_export_to_kinesis.reading import read_export
from include.pipelines.table_export_to_kinesis.states import (
    find_export,
    forget_progress,
    set_state,
)
from include.pipelines.table_export_to_kinesis.turn import Turn

if TYPE_CHECKING:
    from pathlib import Path

    from psycopg2.extensions import cursor

    from include.contracts.exports import TableExport
    from include.pipelines.table_export_to_kinesis.resources import ExportResources
    from include.pipelines.table_export_to_kinesis.snapshot import MadeSnapshot, Snapshot
    from include.pipelines.table_export_to_kinesis.states import Export
    from include.pipelines.table_export_to_kinesis.task_values import (
        Comparing,
        Computed,
        ExportWork,
        Taken,
    )

_SNAPSHOT_FILE: Final = "snapshot.parquet"
# Of these states an export does not come back; it is taken again under another name.
_ENDS: Final = ("refused", "published", "applied", "superseded")


def compute(dataset: TableExport, work: ExportWork, *, resources: ExportResources) -> Computed:
    """Work out what an export changes, and hold that to the dataset's limits.

    The base is found under the lease on the table: the last version that was published whole. An
    export that is no newer is superseded. One from which too many rows are gone waits for a person;
    older ones that wait are superseded then, since the same base is compared.

    Arguments:
        dataset: the declaration.
        work: which export.
        resources: what the task works with.

    Returns:
        Parts to be published, or what became of the export. It is left to the next run while
        another one holds the table. Where Athena finds what differs, what take_up needs once that
        has ended.

    Raises:
        ExportBusyError: another run has taken the table over.
        ArrivalError: a file is gone, or is not what its manifest says.
        InputFileError: a file breaks the contract.
        RejectLimitError: more rows were rejected than the dataset allows.
        WorkerExhaustedError: no disk or memory is left.
    """
    name = work["export"]
    with transaction(resources.connect, doing=f"take the lease on {shown(name)}") as cursor:
        acquired = acquire(cursor, name, resources.run)
        export = find_export(cursor, name)
        if acquired is None or export is None:
            return ended(work, "complete", "is left to the run that has the table")
        held, base = acquired
        if nothing := _nothing_to_do(cursor, export, base):
            release(cursor, held)
            return ended(work, "superseded", nothing)
    failpoint("compute.leased")
    turn = Turn(dataset, work, export, held, base, resources)
    return go_on(turn) if turn.is_approved else _run(turn)


def take_up(
    dataset: TableExport, work: ExportWork, comparing: Comparing, *, resources: ExportResources
) -> Computed:
    """Go on with an export once Athena has ended.

    Arguments:
        dataset: the declaration.
        work: which export.
        comparing: what compute came back with.
        resources: what the task works with.

    Raises:
        ComparisonError: Athena has failed.
        ExportBusyError: another run has taken the table over.
    """
    taken, held, athena = comparing["taken"], comparing["held"], resources.athena()
    TableLease(resources.connect, held).renew()
    try:
        paths = athena.fetch(comparing["query"], resources.folder)
    finally:
        athena.drop_tables(comparing["query"])
    failpoint("athena.fetched")
    delta = read_delta(
        dataset,
        paths,
        rows=taken["snapshot"]["rows"],
        folder=resources.folder,
        memory=resources.memory,
    )
    with transaction(resources.connect, doing=f"find {shown(work['export'])}") as cursor:
        export = cast("Export", find_export(cursor, work["export"]))
    base = Base(**comparing["base"])
    return keep(Turn(dataset, work, export, held, base, resources), taken, delta)


def _nothing_to_do(cursor: cursor, export: Export, base: Base) -> str | None:
    """Why an export is not worked on: it has come to its end, or a newer one is published."""
    name = export.name
    if export.state in _ENDS:
        return f"is {export.state}: nothing to do"
    if base.version is None or name["version"] > base.version:
        return None
    cause = f"Version {base.version} is published, which is newer"
    set_state(cursor, name, "superseded", cause=cause)
    forget_progress(cursor, name)
    return f"is no newer than {base.version}: nothing to do"


def _run(turn: Turn) -> Computed:
    """Read the export, and have the engine find what differs that its size calls for."""
    taken = _take(turn)
    if _is_for_athena(turn, taken["snapshot"]):
        return _compare(turn, taken)
    folder, memory = turn.resources.folder, turn.resources.memory
    snapshot_file, base_file = folder / _SNAPSHOT_FILE, _fetch_base(turn)
    delta = compute_delta(turn.dataset, base_file, snapshot_file, folder=folder, memory=memory)
    return keep(turn, taken, delta)


def _take(turn: Turn) -> Taken:
    """Read the files into a snapshot, and keep that in the lake."""
    began, folder = time.time(), turn.resources.folder
    lease = TableLease(turn.resources.connect, turn.held)
    snapshot_file, rejects = folder / _SNAPSHOT_FILE, folder / "rejects.jsonl"
    made = read_export(
        turn.dataset,
        turn.export,
        to=snapshot_file,
        base=partial(_fetch_base, turn),
        resources=turn.resources,
        outcome="Nothing was published",
    )
    lease.renew()
    snapshot = _store(turn, snapshot_file, made)
    failpoint("compute.stored")
    hand_over = turn.resources.hand_over(turn.work["index"])
    return {
        "began": began,
        "made": asdict(made),
        "snapshot": snapshot,
        "rejects": hand_over.put("rejects.jsonl", rejects) if made.rejected else None,
    }


def _is_for_athena(turn: Turn, snapshot: Snapshot) -> bool:
    """Whether Athena finds what differs: digests that were made in two ways it cannot compare.

    The first export differs in all that it has, which nobody has to find.
    """
    above, base = turn.dataset.athena_above, turn.base.snapshot
    return (
        above is not None
        and turn.export.size > above
        and base is not None
        and base["digest"] == snapshot["digest"]
    )


def _compare(turn: Turn, taken: Taken) -> Computed:
    query = turn.resources.athena().start(
        turn.dataset,
        turn.work["export"],
        cast("Snapshot", turn.base.snapshot),
        taken["snapshot"],
        token=turn.held["token"],
    )
    failpoint("athena.started")
    return {
        "index": turn.work["index"],
        "export": turn.work["export"],
        "comparing": {
            "query": query,
            "taken": taken,
            "held": turn.held,
            "base": asdict(turn.base),
        },
    }


def _store(turn: Turn, path: Path, made: MadeSnapshot) -> Snapshot:
    """Keep the rows in the lake: the next delta is worked out from them."""
    name, sha256 = turn.work["export"], sha256_of(path)
    key = snapshot_key(name, sha256=sha256)
    turn.resources.lake.put_file(key, path)
    return {
        "key": key,
        "sha256": sha256,
        "rows": made.rows,
        "digest": made.digest,
        "checksum": made.checksum,
    }


def _fetch_base(turn: Turn) -> Path | None:
    """The snapshot that was published last, as a local file."""
    kept = turn.base.snapshot
    if kept is None:
        return None
    path = turn.resources.folder / "base.parquet"
    if path.exists():
        return path
    turn.resources.lake.get_file(kept["key"], path, sha256=kept["sha256"])
    return path

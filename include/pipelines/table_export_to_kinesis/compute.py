"""One export against the last one that was published whole: what to publish, or what to ask."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from include.core.arrivals.results import without_rows
from include.core.aws.objects import sha256_of
from include.core.exports.names import shown
from include.core.exports.snapshots import snapshot_key
from include.core.failpoints import failpoint
from include.core.warehouse.connection import transaction
from include.errors import AccountingError
from include.pipelines.table_export_to_kinesis.athena import read_delta
from include.pipelines.table_export_to_kinesis.delta import compute_delta
from include.pipelines.table_export_to_kinesis.leases import (
    Base,
    HeldTable,
    TableLease,
    acquire,
    check,
    release,
)
from include.pipelines.table_export_to_kinesis.publication import hand_over_delta
from include.pipelines.table_export_to_kinesis.reading import read_export
from include.pipelines.table_export_to_kinesis.states import (
    Export,
    find_export,
    forget_progress,
    keep_delta,
    set_state,
    supersede_older,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from psycopg2.extensions import cursor

    from include.contracts.exports import TableExport
    from include.core.arrivals.results import FileResult
    from include.pipelines.table_export_to_kinesis.delta import Delta
    from include.pipelines.table_export_to_kinesis.resources import ExportResources
    from include.pipelines.table_export_to_kinesis.snapshot import MadeSnapshot, Snapshot
    from include.pipelines.table_export_to_kinesis.states import State
    from include.pipelines.table_export_to_kinesis.task_values import (
        Comparing,
        Computed,
        ExportWork,
        Made,
        Part,
        Publication,
        Question,
        Taken,
    )

SNAPSHOT_FILE: Final = "snapshot.parquet"
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
            return _ended(work, "complete", "is left to the run that has the table")
        held, base = acquired
        if nothing := _nothing_to_do(cursor, export, base):
            release(cursor, held)
            return _ended(work, "superseded", nothing)
    failpoint("compute.leased")
    computing = _Computing(dataset, work, export, held, base, resources)
    return computing.go_on() if computing.is_approved else computing.run()


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
    return _Computing(dataset, work, export, held, base, resources).finish(taken, delta)


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


def _ended(work: ExportWork, state: State, why: str) -> Computed:
    warning = f"{shown(work['export'])} {why}"
    return {
        "index": work["index"],
        "export": work["export"],
        "state": state,
        "result": without_rows(work["index"], warning=warning),
    }


@dataclass(frozen=True)
class _Computing:
    """The work on one export, the lease on its table held."""

    dataset: TableExport
    work: ExportWork
    export: Export
    held: HeldTable
    base: Base
    resources: ExportResources

    @property
    def is_approved(self) -> bool:
        """A person has approved of what was worked out, and it still stands."""
        export, delta = self.export, self.export.delta
        return (
            export.state == "approved"
            and export.base_version == self.base.version
            and delta is not None
            and all(self.resources.lake.has(part) for part in delta["parts"])
        )

    @property
    def _approved(self) -> int:
        """How many rows may go, since a person has seen that they would."""
        is_same_base = self.export.base_version == self.base.version
        return (self.export.delta or {}).get("gone", 0) if is_same_base else 0

    def go_on(self) -> Computed:
        """Go on from where the export waited for a person."""
        delta = cast("Any", self.export.delta)
        return self._to_publish(delta, delta["result"], time.time())

    def run(self) -> Computed:
        """Read the export, and have the engine find what differs that its size calls for."""
        taken = self._take()
        if self._is_for_athena(taken["snapshot"]):
            return self._compare(taken)
        folder, memory = self.resources.folder, self.resources.memory
        snapshot_file, base_file = folder / SNAPSHOT_FILE, self._fetch_base()
        delta = compute_delta(self.dataset, base_file, snapshot_file, folder=folder, memory=memory)
        return self.finish(taken, delta)

    def finish(self, taken: Taken, delta: Delta) -> Computed:
        """Keep the delta, for the tasks that publish it or for the person who is asked."""
        snapshot, made = taken["snapshot"], taken["made"]
        before = self.base.snapshot["rows"] if self.base.snapshot else 0
        if delta.inserts - delta.deletes != snapshot["rows"] - before:
            raise AccountingError(
                f"{shown(self.work['export'])}: {before} rows, {delta.inserts} inserts and "
                f"{delta.deletes} deletes do not make {snapshot['rows']} rows"
            )
        hand_over = self.resources.hand_over(self.work["index"])
        publication = hand_over_delta(self.work["export"], self.base, snapshot, delta, hand_over)
        failpoint("compute.parts_stored")
        gone = delta.deletes + made["carried"]
        question = self._question(snapshot, publication, delta, gone)
        kept = {
            **publication,
            "result": self._result(taken, delta),
            "gone": gone,
            "question": question,
        }
        return self._keep(snapshot, kept, taken["began"])

    def _take(self) -> Taken:
        """Read the files into a snapshot, and keep that in the lake."""
        began, folder = time.time(), self.resources.folder
        lease = TableLease(self.resources.connect, self.held)
        snapshot_file, rejects = folder / SNAPSHOT_FILE, folder / "rejects.jsonl"
        made = read_export(
            self.dataset,
            self.export,
            to=snapshot_file,
            base=self._fetch_base,
            resources=self.resources,
            outcome="Nothing was published",
        )
        lease.renew()
        snapshot = self._store(snapshot_file, made)
        failpoint("compute.stored")
        hand_over = self.resources.hand_over(self.work["index"])
        return {
            "began": began,
            "made": cast("Made", asdict(made)),
            "snapshot": snapshot,
            "rejects": hand_over.put("rejects.jsonl", rejects) if made.rejected else None,
        }

    def _is_for_athena(self, snapshot: Snapshot) -> bool:
        """Whether Athena finds what differs: digests that were made in two ways it cannot compare.

        The first export differs in all that it has, which nobody has to find.
        """
        above, base = self.dataset.athena_above, self.base.snapshot
        return (
            above is not None
            and self.export.size > above
            and base is not None
            and base["digest"] == snapshot["digest"]
        )

    def _compare(self, taken: Taken) -> Computed:
        query = self.resources.athena().start(
            self.dataset,
            self.work["export"],
            cast("Snapshot", self.base.snapshot),
            taken["snapshot"],
            token=self.held["token"],
        )
        failpoint("athena.started")
        return {
            "index": self.work["index"],
            "export": self.work["export"],
            "comparing": {
                "query": query,
                "taken": taken,
                "held": self.held,
                "base": asdict(self.base),
            },
        }

    def _store(self, path: Path, made: MadeSnapshot) -> Snapshot:
        """Keep the rows in the lake: the next delta is worked out from them."""
        name, sha256 = self.work["export"], sha256_of(path)
        key = snapshot_key(name, sha256=sha256)
        self.resources.lake.put_file(key, path)
        return {
            "key": key,
            "sha256": sha256,
            "rows": made.rows,
            "digest": made.digest,
            "checksum": made.checksum,
        }

    def _fetch_base(self) -> Path | None:
        """The snapshot that was published last, as a local file."""
        kept = self.base.snapshot
        if kept is None:
            return None
        path = self.resources.folder / "base.parquet"
        if path.exists():
            return path
        self.resources.lake.get_file(kept["key"], path, sha256=kept["sha256"])
        return path

    def _result(self, taken: Taken, delta: Delta) -> FileResult:
        made = taken["made"]
        result: FileResult = {
            "index": self.work["index"],
            "counts": {
                "read": made["read"],
                "rejected": made["rejected"],
                "duplicate": made["duplicate"],
                "unchanged": delta.unchanged - made["carried"],
                "delivered": delta.inserts + delta.updates,
                "deleted": delta.deletes,
            },
            "rejects": taken["rejects"],
            "rejects_by_code": made["rejects_by_code"],
            "seconds": time.time() - taken["began"],
        }
        if made["carried"]:
            result["warning"] = (
                f"{shown(self.work['export'])} lacks {made['carried']} rows of its base; they "
                f"stay, since they may be among the {made['rejected']} that were rejected"
            )
        return result

    def _keep(self, snapshot: Snapshot, delta: dict[str, Any], began: float) -> Computed:
        """Keep what was worked out; ask a person where the limits say so."""
        name, question = self.work["export"], delta["question"]
        with transaction(
            self.resources.connect, doing=f"keep the delta of {shown(name)}"
        ) as cursor:
            check(cursor, self.held)
            keep_delta(
                cursor,
                name,
                snapshot=snapshot,
                base_version=self.base.version,
                delta=delta,
                counts=delta["result"]["counts"],
            )
            supersede_older(cursor, name)
            if question is not None:
                set_state(cursor, name, "asked")
                release(cursor, self.held)
        failpoint("compute.kept")
        if question is None:
            return self._to_publish(cast("Any", delta), delta["result"], began)
        asked = _ended(self.work, "asked", f"waits for a person: {question['gone']} rows would go")
        return {**asked, "question": question}

    def _question(
        self, snapshot: Snapshot, publication: Publication, delta: Delta, gone: int
    ) -> Question | None:
        """What to ask, where more rows are gone than the dataset allows."""
        before = self.base.snapshot["rows"] if self.base.snapshot else 0
        limit = self.dataset.shrink
        if self.export.state == "approved" and gone <= self._approved:
            return None
        if not limit.is_suspicious(gone, before=before, left=snapshot["rows"]):
            return None
        return {
            "rows_before": before,
            "rows": snapshot["rows"],
            "gone": gone,
            "keys": delta.gone,
            "base": self.base.version,
            "publication": publication["publication"],
            "objects": self.export.objects,
        }

    def _to_publish(
        self, publication: Publication, result: Mapping[str, Any], began: float
    ) -> Computed:
        index, name = self.work["index"], self.work["export"]
        parts: list[Part] = [
            {
                **part,
                "index": index,
                "export": name,
                "publication": publication["publication"],
                "held": self.held,
            }
            for part in publication["parts"]
        ]
        return {
            "index": index,
            "export": name,
            "state": "complete",
            "held": self.held,
            "result": cast("FileResult", {**result, "index": index}),
            "parts": parts,
            "began": began,
        }

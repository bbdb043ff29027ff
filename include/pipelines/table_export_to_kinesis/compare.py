"""What turns any version of a table into any other: found out, shown, and not published.

It takes no lease, and enters nothing into ops.export: a run that publishes goes on beside it.
"""

from __future__ import annotations

import json
import logging
from dataclasses import asdict
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, TypedDict, cast

from include.core.exports.names import TableName, shown
from include.core.runs.notices import facts_of
from include.core.warehouse.changes import PREVIEW_ROWS
from include.core.warehouse.connection import transaction
from include.errors import RunInputError
from include.pipelines.table_export_to_kinesis.comparison_notice import comparison_notice
from include.pipelines.table_export_to_kinesis.delta import compute_delta
from include.pipelines.table_export_to_kinesis.records import read_records
from include.pipelines.table_export_to_kinesis.sides import read_base, read_newest
from include.pipelines.table_export_to_kinesis.states import find_versions, list_versions

if TYPE_CHECKING:
    from include.contracts.exports import TableExport
    from include.core.arrivals.resources import Resources
    from include.core.exports.names import ExportName
    from include.core.exports.records import Operation
    from include.core.runs.ledger import RunOfSink
    from include.core.runs.notices import RunFacts
    from include.pipelines.table_export_to_kinesis.delta import Delta
    from include.pipelines.table_export_to_kinesis.records import Record
    from include.pipelines.table_export_to_kinesis.sides import Side
    from include.pipelines.table_export_to_kinesis.states import Export
    from include.pipelines.table_export_to_kinesis.task_values import OfDelta

_CELL_CHARACTERS: Final = 500
_VERSIONS_NAMED: Final = 10

log = logging.getLogger(__name__)


class Comparison(TableName):
    """What a person wants compared.

    Attributes:
        from_version: as ops.export has it; None: every row counts as inserted.
        to_version: the same; it need not be the newer one.
    """

    from_version: str | None
    to_version: str


class ShownOperation(TypedDict):
    """An operation as its record would have it; long texts are cut."""

    operation: Operation
    key: dict[str, Any]
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class Compared(TypedDict):
    """What came of a comparison.

    Attributes:
        rows: of the version that is compared: inserted + updated + unchanged.
        deleted: rows that it lacks.
        rejected, duplicate: rows of its files beside these.
        preview: the first operations in the order that they would be published in.
        warnings: sentences that people must read.
        notice: the attributes of the run's Notice, which is in no outbox.
    """

    rows: int
    inserted: int
    updated: int
    unchanged: int
    deleted: int
    rejected: int
    duplicate: int
    preview: list[ShownOperation]
    warnings: list[str]
    notice: dict[str, Any]


def compare(
    dataset: TableExport,
    asked: Comparison,
    *,
    run: RunOfSink,
    resources: Resources,
    ui_url: str,
) -> Compared:
    """Find out what turns one version of a table into another, and publish nothing.

    The version that is compared is read from its files, as if it were taken now; if they are gone,
    what was kept of it counts. The version before is what was kept of it; if that is gone, or it
    was never worked out, it is read from its files.

    Arguments:
        dataset: the declaration.
        asked: which versions.
        run: which run this is.
        resources: what the task works with.
        ui_url: base address of the Airflow UI.

    Raises:
        RunInputError: there is no such version, or files of it are missing.
        ArrivalError: neither the files of a version nor what was kept of it are there.
        InputFileError: a file breaks the contract.
        RejectLimitError: more rows are rejected than the dataset allows.
        RuleError: the snapshots cannot be compared.
    """
    before, after = _find(asked, resources)
    base = None if before is None else read_base(dataset, before, resources)
    newest = read_newest(dataset, after, base, resources)
    delta = compute_delta(
        dataset,
        base and base.path,
        newest.path,
        folder=resources.folder,
        memory=resources.memory,
    )
    counts = {
        "rows": newest.rows,
        "inserted": delta.inserts,
        "updated": delta.updates,
        "unchanged": delta.unchanged,
        "deleted": delta.deletes,
        "rejected": newest.rejected,
        "duplicate": newest.duplicate,
    }
    log.info("Compared %s with %s: %s", shown(after.name), asked["from_version"], counts)
    warnings = _warnings(dataset, base, newest, delta)
    found = {
        **counts,
        "preview": _first_operations(dataset, after.name, delta, resources),
        "warnings": warnings,
        "notice": asdict(comparison_notice(_facts(run, asked, ui_url), run, counts, warnings)),
    }
    return cast("Compared", found)


def _find(asked: Comparison, resources: Resources) -> tuple[Export | None, Export]:
    """The exports that are compared; the first is None where every row counts as inserted."""
    table = f"{asked['tenant']}/{asked['table']}"
    with transaction(resources.connect, doing=f"find versions of {table}") as cursor:
        found = find_versions(cursor, asked, [asked["from_version"], asked["to_version"]])
        known = list_versions(cursor, asked, most=_VERSIONS_NAMED)

    def of(version: str) -> Export:
        export = found.get(version)
        if export is None:
            there = f"The newest are {', '.join(known)}" if known else "No export of it has landed"
            raise RunInputError(f"{table} has no version {version}. {there}")
        if export.state == "waiting":
            raise RunInputError(f"{table}/{version} waits for files: it cannot be compared yet")
        return export

    before = asked["from_version"]
    return None if before is None else of(before), of(asked["to_version"])


def _warnings(dataset: TableExport, base: Side | None, newest: Side, delta: Delta) -> list[str]:
    """What a run that publishes would say of it, or ask."""
    warnings, gone = [], delta.deletes + newest.carried
    if newest.carried:
        warnings.append(
            f"{newest.carried} rows that its files lack count as there, since they may be among "
            f"the {newest.rejected} that were rejected"
        )
    if base and dataset.shrink.is_suspicious(gone, before=base.rows, left=newest.rows):
        warnings.append(
            f"{gone} of {base.rows} rows are gone: a person would be asked before they are deleted"
        )
    return warnings


def _first_operations(
    dataset: TableExport, export: ExportName, delta: Delta, resources: Resources
) -> list[ShownOperation]:
    """The first operations, in the order in which they would be published."""
    found: list[ShownOperation] = []
    of: OfDelta = {"export": export, "publication": ""}
    folder, memory = resources.folder, resources.memory
    for part in delta.parts:
        with read_records(dataset, of, part.path, folder=folder, memory=memory) as records:
            found += map(_shown, islice(records, PREVIEW_ROWS - len(found)))
        if len(found) == PREVIEW_ROWS:
            break
    return found


def _shown(record: Record) -> ShownOperation:
    # A number that is no integer stays digit for digit as text.
    change = json.loads(record.data, parse_float=str)
    return ShownOperation(
        operation=change["operation"],
        key=_cut(change["key"]),
        before=_cut(change["before"]),
        after=_cut(change["after"]),
    )


def _cut(row: Any) -> Any:
    """A row whose long texts are cut, with how long they are: an XCom is no place for files."""
    if row is None:
        return None
    return {
        name: f"{value[:_CELL_CHARACTERS]}… ({len(value)} characters)"
        if isinstance(value, str) and len(value) > _CELL_CHARACTERS
        else value
        for name, value in row.items()
    }


def _facts(run: RunOfSink, asked: Comparison, ui_url: str) -> RunFacts:
    return facts_of(
        run,
        dataset=run.dag_id,
        ui_url=ui_url,
        conf={name: value for name, value in asked.items() if value is not None},
    )

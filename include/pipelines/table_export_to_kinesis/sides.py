"""The two sides of a comparison: the rows of a version that may have been taken long ago."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, cast

from include.core.exports.names import shown
from include.core.snapshot.database import connect_duckdb
from include.errors import ArrivalError
from include.pipelines.table_export_to_kinesis.reading import read_export
from include.pipelines.table_export_to_kinesis.snapshot import as_digested

if TYPE_CHECKING:
    from pathlib import Path

    from include.contracts.exports import TableExport
    from include.core.arrivals.resources import Resources
    from include.core.aws.objects import Stored
    from include.pipelines.table_export_to_kinesis.states import Export


class Side(NamedTuple):
    """The rows of a version as a snapshot, and what became of those of its files."""

    path: Path
    rows: int
    rejected: int
    duplicate: int
    carried: int


def read_base(dataset: TableExport, export: Export, resources: Resources) -> Side:
    """The version before: what was kept of it, else its files.

    Arguments:
        dataset: the declaration.
        export: which version.
        resources: what the task works with.

    Raises:
        ArrivalError, InputFileError, RejectLimitError, RuleError: as for compare.
    """
    aside = _aside("before", resources)
    return _kept(dataset, export, aside) or _read(dataset, export, None, aside)


def read_newest(
    dataset: TableExport, export: Export, base: Side | None, resources: Resources
) -> Side:
    """The version that is compared: its files, else what was kept of it.

    Arguments:
        dataset: the declaration.
        export: which version.
        base: what it is compared with; where rows are rejected, what it alone has stays.
        resources: what the task works with.

    Raises:
        ArrivalError, InputFileError, RejectLimitError, RuleError: as for compare.
    """
    aside = _aside("after", resources)
    try:
        return _read(dataset, export, base, aside)
    except ArrivalError:
        kept = _kept(dataset, export, aside)
        if kept is None:
            raise
        return kept


def _aside(name: str, resources: Resources) -> Resources:
    """The same with a folder of its own: both sides may have files and rejects."""
    folder = resources.folder / name
    folder.mkdir()
    return replace(resources, folder=folder)


def _kept(dataset: TableExport, export: Export, resources: Resources) -> Side | None:
    """What was made of an export when it was taken, if it is still in the lake."""
    kept, counts = export.snapshot, export.counts or {}
    if kept is None or not resources.lake.has(cast("Stored", kept)):
        return None
    path = resources.folder / "kept.parquet"
    resources.lake.get_file(kept["key"], path, sha256=kept["sha256"])
    with connect_duckdb(resources.folder, memory=resources.memory) as connection:
        path = as_digested(connection, dataset, path, to=resources.folder / "digested.parquet")
    rejected, duplicate = counts.get("rejected", 0), counts.get("duplicate", 0)
    return Side(
        path=path,
        rows=kept["rows"],
        rejected=rejected,
        duplicate=duplicate,
        carried=kept["rows"] + rejected + duplicate - counts["read"],
    )


def _read(dataset: TableExport, export: Export, base: Side | None, resources: Resources) -> Side:
    """What is made of the files of an export now."""
    path = resources.folder / "read.parquet"
    try:
        made = read_export(
            dataset,
            export,
            to=path,
            base=lambda: base and base.path,
            resources=resources,
            outcome="Nothing was compared",
        )
    except ArrivalError as error:
        raise ArrivalError(
            f"{shown(export.name)} cannot be compared: its files cannot be had ({error}), and its "
            "rows are not in the lake"
        ) from None
    return Side(path, made.rows, made.rejected, made.duplicate, made.carried)

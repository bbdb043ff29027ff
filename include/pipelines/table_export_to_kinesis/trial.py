"""What would become of a file as an export of a table: the checks that make a snapshot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.core.runs.trial import MEMORY, Trial, limit_causes
from include.core.snapshot.database import connect_duckdb
from include.core.snapshot.json_rows import read_json
from include.pipelines.table_export_to_kinesis.loading import EXPORT, ExportLoad, LocalFile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from include.contracts.exports import TableExport


def try_file(export: TableExport, path: Path, *, folder: Path) -> Trial:
    """Read and check a file as compute does with the only file of an export.

    Arguments:
        export: the contract.
        path: the file, under the name that it would be sent by.
        folder: an empty one for what comes of it; the trial's files are there.

    Raises:
        InputFileError: the whole file breaks its contract.
    """
    rejects = folder / "rejects.jsonl"
    files = [LocalFile(path=path, key=path.name, version_id="")]
    with connect_duckdb(folder, memory=MEMORY) as connection:
        loading = ExportLoad(connection, export, files, rejects=rejects, folder=folder)
        loading.load()
        loading.counts[0].duplicate = loading.leave_one_a_key()
    (counts,) = loading.counts

    def rows() -> Iterator[str]:
        columns = export.contract.columns
        with connect_duckdb(folder, memory=MEMORY) as connection:
            yield from read_json(connection, EXPORT, columns, [each.name for each in columns])

    return Trial(
        counts=counts,
        kept=counts.kept - counts.duplicate,
        rejects=rejects,
        rows=rows,
        causes=limit_causes(export.name, export.rejects, read=counts.read, rejects=rejects),
    )

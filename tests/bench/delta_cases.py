"""From two gzipped exports to their delta, and the floor: DuckDB counts the rows of both."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import duckdb

from include.contracts.columns import Column
from include.contracts.exports import TableExport
from include.contracts.files import CsvContract
from include.core.aws.objects import sha256_of
from include.core.scratch import scratch_folder
from include.core.snapshot.columns import duckdb_type
from include.core.snapshot.database import connect_duckdb
from include.pipelines.table_export_to_kinesis.delta import compute_delta
from include.pipelines.table_export_to_kinesis.loading import LocalFile
from include.pipelines.table_export_to_kinesis.snapshot import make_snapshot
from include.settings import Settings
from tests.bench import source
from tests.bench.clock import Clock

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

# One column in the place of the two of the key: csv-diff knows no other keys.
EXPORT: Final = TableExport(
    name="rows",
    title="Rows",
    description="Rows of the benchmarks.",
    owner="bench",
    tables="rows",
    contract=CsvContract(
        columns=(Column(name="id", type="text", nullable=False), *source.VALUES), key=("id",)
    ),
)
# Of either version one row in a thousand is missing: what one lacks the other has.
_LACKING: Final = {"base": 0, "changed": 1}
_LACK: Final = "hash(region, day) % 1000"
_WRITE: Final = """
copy (
    select region || '/' || day as id, {columns}
    from read_parquet($from)
    where {lack} <> $lacking
) to $to (format csv, header true, nullstr '', force_quote (id, note), compression gzip)
"""
_COUNT_CHANGES: Final = """
select
    count(*) filter (lack = 0) as inserts,
    count(*) filter (lack > 1 and base.cases <> changed.cases) as updates,
    count(*) filter (lack = 1) as deletes
from (select *, {lack} as lack from read_parquet($base)) as base
inner join read_parquet($changed) as changed using (region, day)
"""
_COUNT_ROWS: Final = """
select count(*)
from read_csv($path, header = true, auto_detect = false, columns = {types})
"""


def exports_made(*, folder: str) -> tuple[float, dict[str, int]]:
    """Two exports of the source's rows; comes back with the operations between them.

    Arguments:
        folder: of the source's files in one size.
    """
    here, clock = Path(folder), Clock()
    paths = {version: str(source.parquet(here, version)) for version in source.VERSIONS}
    columns = ", ".join(column.name for column in source.VALUES)
    with duckdb.connect() as connection:
        for version, path in paths.items():
            bound = {
                "from": path,
                "lacking": _LACKING[version],
                "to": str(_exported(here, version).path),
            }
            connection.execute(_WRITE.format(columns=columns, lack=_LACK), bound)
        counted = connection.execute(_COUNT_CHANGES.format(lack=_LACK), paths)
        names = [name for name, *_ in counted.description]
        (counts,) = counted.fetchall()
    return clock.stop(**dict(zip(names, counts, strict=True)))


def exports_counted(*, folder: str) -> tuple[float, dict[str, int]]:
    """The floor: the rows of both exports are counted, with all columns declared."""
    types = {column.name: duckdb_type(column) for column in EXPORT.contract.columns}
    with scratch_folder("bench", root=Path(folder)) as scratch:
        clock = Clock()
        with connect_duckdb(scratch, memory=Settings.duckdb_memory) as connection:
            rows = [
                _count(connection, str(_exported(Path(folder), version).path), types)
                for version in source.VERSIONS
            ]
        return clock.stop(base=rows[0], changed=rows[1])


def snapshot_made(*, folder: str, version: str) -> tuple[float, dict[str, int]]:
    """A fetched export into its checked, digested and named snapshot, as a task makes it."""
    path = _snapshot(Path(folder), version)
    with scratch_folder("bench", root=Path(folder)) as scratch:
        clock = Clock()
        made = make_snapshot(
            EXPORT,
            [_exported(Path(folder), version)],
            to=path,
            rejects=scratch / "rejects.jsonl",
            folder=scratch,
            memory=Settings.duckdb_memory,
        )
        sha256_of(path)
        return clock.stop(rows=made.rows)


def delta_computed(*, folder: str) -> tuple[float, dict[str, int]]:
    """Two snapshots into the operations between them, cut into the files of parts."""
    base, newest = (_snapshot(Path(folder), version) for version in source.VERSIONS)
    with scratch_folder("bench", root=Path(folder)) as scratch:
        clock = Clock()
        delta = compute_delta(EXPORT, base, newest, folder=scratch, memory=Settings.duckdb_memory)
        return clock.stop(inserts=delta.inserts, updates=delta.updates, deletes=delta.deletes)


def _count(connection: DuckDBPyConnection, path: str, types: dict[str, str]) -> int:
    statement = _COUNT_ROWS.format(types=types)
    (rows,) = connection.execute(statement, {"path": path}).fetchone() or (0,)
    return int(rows)


def _exported(folder: Path, version: str) -> LocalFile:
    path = source.exported(folder, version)
    return LocalFile(path=path, key=path.name, version_id="1")


def _snapshot(folder: Path, version: str) -> Path:
    return folder / f"{version}.snapshot.parquet"

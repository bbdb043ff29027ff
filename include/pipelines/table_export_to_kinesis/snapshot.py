"""The files of an export into one snapshot: checked rows, one a key, a digest beside each.

A snapshot is a Parquet file that has the declaration's columns by their names, DIGEST_COLUMNS, and
what stored_columns adds for Athena.
What its digest is called is in the file itself, so that two snapshots are never compared whose
digests were made in different ways.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypedDict

from include.core.exports.row_text import digest_name, digest_of, row_text_of
from include.core.snapshot.columns import duckdb_type
from include.core.snapshot.database import connect_duckdb
from include.core.statements import fill, quote_identifier, quote_identifiers, quote_text
from include.errors import RuleError
from include.pipelines.table_export_to_kinesis.loading import EXPORT, ExportLoad
from include.pipelines.table_export_to_kinesis.stored_columns import microseconds_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from duckdb import DuckDBPyConnection

    from include.contracts.columns import Column
    from include.contracts.exports import TableExport
    from include.pipelines.table_export_to_kinesis.loading import LocalFile


class Snapshot(TypedDict):
    """A snapshot in the lake, as tasks exchange it in JSON.

    digest is what its digest is called, checksum that of its rows.
    """

    key: str
    sha256: str
    rows: int
    digest: str
    checksum: str


@dataclass(frozen=True, kw_only=True)
class MadeSnapshot:
    """What became of the rows of an export: read + carried = rejected + duplicate + rows.

    Attributes:
        rows: those in the snapshot.
        carried: those among them that are the base's.
        read: rows of all files.
        rejected, duplicate: how many were set aside, and how many were exact copies.
        rejects_by_code: how many rows each code has.
        checksum: of the snapshot's rows, see row_text.
        digest: what its digest is called.
    """

    rows: int
    carried: int
    read: int
    rejected: int
    duplicate: int
    rejects_by_code: dict[str, int]
    checksum: str
    digest: str


def make_snapshot(
    export: TableExport,
    files: Sequence[LocalFile],
    *,
    to: Path,
    rejects: Path,
    folder: Path,
    memory: str,
) -> MadeSnapshot:
    """Read the files of an export, each once, into one snapshot.

    Arguments:
        export: the contract.
        files: at least one, in the order of their names.
        to: the snapshot's file.
        rejects: the file of the rows that are set aside.
        folder: for temporary files.
        memory: DuckDB's memory limit.

    Raises:
        InputFileError: a whole file breaks the contract.
    """
    with connect_duckdb(folder, memory=memory) as connection:
        loading = ExportLoad(connection, export, files, rejects=rejects, folder=folder)
        loading.load()
        duplicate = loading.leave_one_a_key()
        rows = _write(connection, export.contract.columns, f"from {EXPORT}", to=to)
        checksum = _checksum(connection, to)
    return MadeSnapshot(
        rows=rows,
        carried=0,
        read=sum(counts.read for counts in loading.counts),
        rejected=sum(counts.rejected for counts in loading.counts),
        duplicate=duplicate,
        rejects_by_code=dict(loading.codes),
        checksum=checksum,
        digest=digest_name(export.contract.columns),
    )


def carry_over(
    export: TableExport, made: MadeSnapshot, path: Path, *, base: Path, folder: Path, memory: str
) -> MadeSnapshot:
    """Add the rows of the base whose keys a snapshot lacks, where rows of it were set aside.

    Nobody can say of such a key that it is gone: it may be that of a row that was set aside.

    Arguments:
        export: the contract.
        made: what became of the rows of the export.
        path: its snapshot, which is written anew.
        base: the snapshot that was published last.
        folder: for temporary files.
        memory: DuckDB's memory limit.

    Returns:
        What was made, with the rows that were carried over.
    """
    whole, columns = folder / "whole.parquet", export.contract.columns
    with connect_duckdb(folder, memory=memory) as connection:
        digested = as_digested(connection, export, base, to=folder / "digested.parquet")
        key = map(quote_identifier, export.contract.key)
        relation = fill(
            "table_export_to_kinesis/make_snapshot.with_base",
            columns=quote_identifiers(column.name for column in columns),
            newest=quote_text(str(path)),
            base=quote_text(str(digested)),
            same_key=" and ".join(f"newest.{name} = base.{name}" for name in key),
        )
        rows = _write(connection, columns, relation, to=whole)
        checksum = _checksum(connection, whole)
    whole.replace(path)
    return replace(made, rows=rows, carried=rows - made.rows, checksum=checksum)


def _checksum(connection: DuckDBPyConnection, snapshot: Path) -> str:
    statement = fill("table_export_to_kinesis/make_snapshot.sum_digests")
    found = connection.execute(statement, {"path": str(snapshot)}).fetchone()
    if found is None:
        raise RuleError("DuckDB does not say the checksum of what it wrote")
    return str(found[0])


def digest_of_file(connection: DuckDBPyConnection, snapshot: Path) -> str | None:
    """What the digest of a snapshot is called, as the file itself says."""
    statement = fill("table_export_to_kinesis/make_snapshot.read_name")
    found = connection.execute(statement, {"path": str(snapshot)}).fetchone()
    return None if found is None else str(found[0])


def as_digested(
    connection: DuckDBPyConnection, export: TableExport, snapshot: Path, *, to: Path
) -> Path:
    """A snapshot whose digests compare with those that are made today.

    One of another declaration, or with another kind of digest, is written anew from its own
    columns: a column that it lacks is null in it, and one that is declared no more is left out.

    Arguments:
        connection: of DuckDB.
        export: the contract of today.
        snapshot: what an earlier contract or release has made.
        to: where it is written, if need be.

    Returns:
        The snapshot itself, or what was written.

    Raises:
        RuleError: it has not the columns of the key, or values in them that these do not take.
    """
    columns = export.contract.columns
    if digest_of_file(connection, snapshot) == digest_name(columns):
        return snapshot
    statement = fill("table_export_to_kinesis/make_snapshot.list_columns")
    found = connection.execute(statement, {"path": str(snapshot)}).fetchall()
    there = {name for (name,) in found}
    missing = [name for name in export.contract.key if name not in there]
    if missing:
        raise RuleError(
            f"{export.name}: the version before has no column {', '.join(missing)}, which the key "
            "now has: declare the key that it had"
        )
    _write(
        connection, columns, f"from read_parquet({quote_text(str(snapshot))})", to=to, there=there
    )
    _refuse_lost_keys(connection, export, to)
    return to


def _refuse_lost_keys(connection: DuckDBPyConnection, export: TableExport, snapshot: Path) -> None:
    """Stop where a key has become null, or two have become one, in the types of today."""
    names = [quote_identifier(name) for name in export.contract.key]
    statement = fill(
        "table_export_to_kinesis/make_snapshot.count_lost_keys",
        key=", ".join(names),
        is_null=" or ".join(f"{name} is null" for name in names),
    )
    (lost,) = connection.execute(statement, {"path": str(snapshot)}).fetchone() or (0,)
    if lost:
        raise RuleError(
            f"{export.name}: {lost} keys of the version before are none in the types that "
            f"{', '.join(export.contract.key)} now have: declare the types that they had"
        )


def _write(
    connection: DuckDBPyConnection,
    columns: Sequence[Column],
    relation: str,
    *,
    to: Path,
    there: set[str] | None = None,
) -> int:
    """Write rows as a snapshot, and count them; there: what the relation has, if not all."""
    names = [column.name for column in columns]
    casts = [
        f"try_cast({quote_identifier(column.name)} as {duckdb_type(column)})"
        if there is None or column.name in there
        else f"cast(null as {duckdb_type(column)})"
        for column in columns
    ]
    beside = microseconds_of(columns) | digest_of("_sluice_sha256")
    statement = fill(
        "table_export_to_kinesis/make_snapshot.write",
        columns=", ".join(
            f"{cast} as {quote_identifier(name)}" for cast, name in zip(casts, names, strict=True)
        ),
        names=quote_identifiers(names),
        text=row_text_of(columns),
        beside=", ".join(f"{part} as {quote_identifier(name)}" for name, part in beside.items()),
        relation=relation,
        digest_name=quote_text(digest_name(columns)),
    )
    row = connection.execute(statement, {"path": str(to)}).fetchone()
    if row is None:
        raise RuleError("DuckDB does not say how many rows it wrote")
    return int(row[0])

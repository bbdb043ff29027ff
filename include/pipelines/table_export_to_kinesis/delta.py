"""What changed from one snapshot to the next: operations in parts, in a Parquet file each.

Key and digest of both are compared first; then both sides of the rows that differ are fetched, and
no others. A key's operation is in the part that a hash of the key names, and parts are numbered
through: the same two snapshots give the same operations under the same numbers.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from include.contracts.names import RESERVED_PREFIX
from include.core.snapshot.columns import duckdb_type
from include.core.snapshot.database import connect_duckdb
from include.core.snapshot.json_rows import json_of
from include.core.statements import fill, quote_identifier, quote_identifiers, quote_text
from include.pipelines.table_export_to_kinesis.snapshot import as_digested

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from duckdb import DuckDBPyConnection

    from include.contracts.columns import Column
    from include.contracts.exports import TableExport

GONE_SHOWN: Final = 20
"""Keys of deleted rows that a person who decides on them is shown."""

# A run maps at most 1,024 tasks over a list, and this leaves room.
_MOST_PARTS: Final = 1000
BEFORE: Final = f"{RESERVED_PREFIX}before_"
AFTER: Final = f"{RESERVED_PREFIX}after_"
_OPERATION: Final = f"{RESERVED_PREFIX}operation"


class DeltaPart(NamedTuple):
    """Operations that one task publishes.

    Attributes:
        path: the file.
        number: from 1.
        first, last: the numbers of its operations in the version, without a gap.
    """

    path: Path
    number: int
    first: int
    last: int

    @property
    def rows(self) -> int:
        """How many operations it has."""
        return self.last - self.first + 1


@dataclass(frozen=True, kw_only=True)
class Delta:
    """What changed.

    Attributes:
        inserts, updates, deletes, unchanged: rows.
        gone: the keys of the first rows that are deleted, in order of key.
        parts: the operations, in order of their numbers.
    """

    inserts: int
    updates: int
    deletes: int
    unchanged: int
    gone: list[dict[str, Any]]
    parts: list[DeltaPart]

    @property
    def operations(self) -> int:
        """How many there are."""
        return self.inserts + self.updates + self.deletes


def compute_delta(
    export: TableExport, base: Path | None, newest: Path, *, folder: Path, memory: str
) -> Delta:
    """Work out by DuckDB what changed, and cut it into parts.

    Arguments:
        export: the contract; parts have about as many operations as it says.
        base: the snapshot that was published last; of another contract or release, it is digested
            anew. None before the first.
        newest: the snapshot of this version.
        folder: for the parts and temporary files.
        memory: DuckDB's memory limit.

    Raises:
        RuleError: the snapshots cannot be compared.
    """
    with connect_duckdb(folder, memory=memory) as connection:
        statements = DeltaStatements(export)
        after = _relation(newest)
        rows = operations = _count(connection, after)
        if base is None:
            delta = statements.fetch_first(after)
        else:
            digested = as_digested(connection, export, base, to=folder / "digested.parquet")
            before = _relation(digested)
            find = statements.find(before, after)
            connection.execute(fill("table_export_to_kinesis/cut_delta.keep_found", find=find))
            operations = _count(connection, "changed")
            delta = statements.fetch("changed", before, after)
        return cut_delta(connection, export, delta, operations=operations, rows=rows, folder=folder)


def cut_delta(
    connection: DuckDBPyConnection,
    export: TableExport,
    delta: str,
    *,
    operations: int,
    rows: int,
    folder: Path,
) -> Delta:
    """Count what changed, and cut it into parts.

    Arguments:
        connection: of DuckDB.
        export: the contract.
        delta: a statement that gives the columns of DeltaStatements.fetch.
        operations: how many rows it gives.
        rows: of the snapshot of this version.
        folder: for the parts.
    """
    cutting = _Cutting(connection, export)
    cutting.order(delta, operations)
    counts = cutting.count()
    return Delta(
        inserts=counts["INSERT"],
        updates=counts["UPDATE"],
        deletes=counts["DELETE"],
        unchanged=rows - counts["INSERT"] - counts["UPDATE"],
        gone=cutting.list_gone(),
        parts=cutting.write(folder),
    )


class DeltaStatements:
    """The statements that find a delta, in the SQL that both engines take.

    Arguments:
        export: the contract.
        name_of: under which name an engine reads a column.
    """

    def __init__(
        self, export: TableExport, name_of: Callable[[Column], str] = attrgetter("name")
    ) -> None:
        self._columns, self._name_of = export.contract.columns, name_of
        self._key = [name_of(column) for column in key_of(export)]

    def find(self, base: str, newest: str) -> str:
        """Find the keys that differ between two relations."""
        keys = (
            f"coalesce(newest.{name}, base.{name}) as {name}"
            for name in map(quote_identifier, self._key)
        )
        return fill(
            "table_export_to_kinesis/compute_delta.find",
            keys=", ".join(keys),
            first_key=quote_identifier(self._key[0]),
            base=base,
            newest=newest,
            same_key=self._same_key("base", "newest"),
        )

    def fetch(self, changed: str, base: str, newest: str) -> str:
        """Fetch both sides of the keys that differ."""
        return fill(
            "table_export_to_kinesis/compute_delta.fetch",
            keys=", ".join(f"changed.{name}" for name in map(quote_identifier, self._key)),
            before=self._side("base", BEFORE),
            after=self._side("newest", AFTER),
            changed=changed,
            base=base,
            newest=newest,
            in_base=self._same_key("changed", "base"),
            in_newest=self._same_key("changed", "newest"),
        )

    def fetch_first(self, newest: str) -> str:
        """Take all rows of a first export as inserted."""
        nulls = (
            f"cast(null as {duckdb_type(column)}) as {quote_identifier(BEFORE + column.name)}"
            for column in self._columns
        )
        return fill(
            "table_export_to_kinesis/compute_delta.fetch_first",
            keys=", ".join(f"newest.{name}" for name in map(quote_identifier, self._key)),
            before=", ".join(nulls),
            after=self._side("newest", AFTER),
            newest=newest,
        )

    def _same_key(self, one: str, other: str) -> str:
        names = map(quote_identifier, self._key)
        return " and ".join(f"{one}.{name} = {other}.{name}" for name in names)

    def _side(self, relation: str, prefix: str) -> str:
        return ", ".join(
            f"{relation}.{quote_identifier(self._name_of(column))} "
            f"as {quote_identifier(prefix + column.name)}"
            for column in self._columns
        )


class _Cutting:
    """A delta under way into parts, in a table of DuckDB."""

    def __init__(self, connection: DuckDBPyConnection, export: TableExport) -> None:
        self._connection, self._export = connection, export
        self._key = key_of(export)

    def order(self, delta: str, operations: int) -> None:
        """Put the operations in their order: parts, and the key within each."""
        parts = min(-(-operations // self._export.part_rows), _MOST_PARTS)
        bound: dict[str, object] = {"parts": max(parts, 1)}
        self._run("cut_delta.order", bound, delta=delta, hash=self._hash(), keys=self._keys())

    def count(self) -> dict[str, int]:
        """Count the operations of each kind."""
        return dict.fromkeys(("INSERT", "UPDATE", "DELETE"), 0) | dict(
            self._run("cut_delta.count").fetchall()
        )

    def list_gone(self) -> list[dict[str, Any]]:
        """The keys of the first rows that are deleted."""
        key = json_of(self._key, [column.name for column in self._key])
        found = self._run("cut_delta.list_gone", {"most": GONE_SHOWN}, key=key, keys=self._keys())
        return [json.loads(text) for (text,) in found.fetchall()]

    def write(self, folder: Path) -> list[DeltaPart]:
        """Write each part as a file."""
        columns = [_OPERATION, *(column.name for column in self._key)]
        for prefix in (BEFORE, AFTER):
            columns += [prefix + column.name for column in self._export.contract.columns]
        parts = []
        for number, (first, last) in enumerate(self._run("cut_delta.list_parts").fetchall(), 1):
            path = folder / f"part{number:04}.parquet"
            bound = {"first": first, "last": last, "path": str(path)}
            self._run("cut_delta.write_part", bound, columns=quote_identifiers(columns))
            parts.append(DeltaPart(path=path, number=number, first=first, last=last))
        return parts

    def _keys(self) -> str:
        return quote_identifiers(_names(self._key))

    def _hash(self) -> str:
        """A number of the key that stays the same in every version of DuckDB."""
        key = json_of(self._key, _names(self._key))
        return f"cast('0x' || substring(sha256({key}), 1, 15) as bigint)"

    def _run(
        self, name: str, values: dict[str, object] | None = None, **parts: str
    ) -> DuckDBPyConnection:
        statement = fill(f"table_export_to_kinesis/{name}", **parts)
        return self._connection.execute(statement, values or {})


def key_of(export: TableExport) -> list[Column]:
    """The columns of an export's key, in the order of its columns."""
    return [column for column in export.contract.columns if column.name in export.contract.key]


def _names(columns: Iterable[Column]) -> list[str]:
    return [column.name for column in columns]


def _count(connection: DuckDBPyConnection, relation: str) -> int:
    statement = fill("table_export_to_kinesis/cut_delta.count_rows", relation=relation)
    (rows,) = connection.execute(statement).fetchone() or (0,)
    return int(rows)


def _relation(snapshot: Path) -> str:
    return f"read_parquet({quote_text(str(snapshot))})"

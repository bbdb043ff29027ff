"""A CSV file into a typed DuckDB table: checked rows only, and one row a key."""

from __future__ import annotations

import tempfile
from array import array
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from include.contracts.names import refused_declared, refused_names
from include.core.csv.faults import Fault, Reject
from include.core.csv.rows import read_raw, read_rows
from include.core.csv.syntax import QUOTE
from include.core.snapshot.columns import LINE_COLUMN, duckdb_type, place_names
from include.core.snapshot.plain_rows import LEAST_LINE_BYTES, PlainLoad, are_readable
from include.core.statements import fill, quote_identifier, quote_identifiers
from include.errors import InputFileError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from duckdb import DuckDBPyConnection

    from include.contracts.files import CsvContract
    from include.core.csv.batch import TypedBlock
    from include.core.csv.faults import Counts
    from include.core.csv.rows import CsvRows

# Characters that end a bare cell, or begin a quoted one.
_SPECIAL: Final = ',"\n\r'
_NEEDS_QUOTING: Final = frozenset({"text"})


@dataclass(frozen=True, kw_only=True)
class CsvFile:
    """A CSV file to load.

    Attributes:
        path: where it is; gzip if name ends in .gz.
        name: what its owner calls it.
        contract: how it is written and which rows are wanted.
    """

    path: Path
    name: str
    contract: CsvContract

    def open(self) -> CsvRows:
        """Its rows, to be iterated once; errors are those of read_rows."""
        return read_rows(self.path, name=self.name, contract=self.contract)

    def read_raw(self, lines: Iterable[int]) -> Iterator[tuple[int, str]]:
        """Lines and raw texts of the kept rows that begin at these lines, ascending."""
        return read_raw(self.path, lines=lines, name=self.name, contract=self.contract)


def load_csv(
    connection: DuckDBPyConnection,
    relation: str,
    file: CsvFile,
    *,
    folder: Path,
    on_reject: Callable[[Reject], None],
) -> Counts:
    """Make a typed table of the file's good rows: its columns, and LINE_COLUMN where each begins.

    Arguments:
        connection: where the table is made, or made anew.
        relation: the table's name.
        file: what is loaded.
        folder: as load_rows has it.
        on_reject: as load_rows has it.

    Raises:
        InputFileError: the file breaks the contract, or has a column that no table in Postgres
            can have; the table here may then be missing or partial.
    """
    rows = file.open()
    _refuse_names(rows, name=file.name)
    load_rows(connection, relation, file, rows, folder=folder, on_reject=on_reject)
    for place, column in zip(place_names(rows.columns), rows.columns, strict=True):
        names = {"place": quote_identifier(place), "own": quote_identifier(column.name)}
        _run(connection, "load_rows.rename", names | {"relation": quote_identifier(relation)})
    return rows.counts


def load_rows(
    connection: DuckDBPyConnection,
    relation: str,
    file: CsvFile,
    rows: CsvRows,
    *,
    folder: Path,
    on_reject: Callable[[Reject], None],
) -> None:
    """Make a typed table of a file's good rows: LINE_COLUMN where each begins, and its columns.

    The columns are named by place_names. DuckDB reads the rows that need no care, and our reader
    the others; which of both reads a row makes no difference. Memory stays flat: rows stream
    through temporary files into DuckDB, whose memory_limit and temp_directory are the caller's to
    set. Of rows with the contract's key: exact copies leave their first; a key with different
    values loses all its rows (code key_conflict, after all other rejects).

    Arguments:
        connection: where the table is made, or made anew.
        relation: the table's name.
        file: what is loaded.
        rows: its rows, not iterated yet; their counts grow.
        folder: for the temporary files, together about the size of the decompressed CSV file.
        on_reject: called with each rejected row, in no order of lines, also before a fault of the
            whole file is found: keep what it is given separate until this returns.

    Raises:
        InputFileError: the file breaks the contract; the table may then be missing or partial.
    """
    contract = file.contract
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        _load(connection, relation, rows, Path(scratch), contract=contract, on_reject=on_reject)
    # After the types: 1 and 01 are one key of an integer column.
    if contract.key:
        places = place_names(rows.columns)
        named = dict(zip((column.name for column in rows.columns), places, strict=True))
        key = [named[name] for name in contract.key]
        repeated = leave_one_a_key(connection, relation, key=key, columns=places)
        rows.counts.duplicate = repeated.copies
        reject_conflicts(file, repeated.conflicts, counts=rows.counts, on_reject=on_reject)


def reject_loaded(
    counts: Counts, rejects: list[Reject], on_reject: Callable[[Reject], None]
) -> None:
    """Count a row that was loaded as the rejects that it became, and pass them on."""
    counts.reject_kept(rejects)
    for reject in rejects:
        on_reject(reject)


class Repeated(NamedTuple):
    """What became of rows whose key other rows have too.

    Attributes:
        copies: how many were exact copies of an earlier row.
        conflicts: lines of those whose key had other values elsewhere, ascending.
    """

    copies: int
    conflicts: array[int]


def leave_one_a_key(
    connection: DuckDBPyConnection, relation: str, *, key: Sequence[str], columns: Sequence[str]
) -> Repeated:
    """Delete exact copies of an earlier row, and all rows of a key that has different values.

    Arguments:
        connection: where the relation is.
        relation: its name.
        key: names of its columns that identify a row.
        columns: names of all its columns but LINE_COLUMN.
    """
    names = {
        "relation": quote_identifier(relation),
        "repeated": quote_identifier(f"{relation}_repeated"),
    }
    parts = {"key": quote_identifiers(key), "columns": quote_identifiers(columns)}
    _run(connection, "deduplicate_keys.find", names | parts)
    _run(connection, "deduplicate_keys.delete", names)
    copies = _run(connection, "deduplicate_keys.count_copies", names).fetchone()
    found = _run(connection, "deduplicate_keys.list_conflicts", names)
    lines = array("q", chain.from_iterable(iter(found.fetchone, None)))
    _run(connection, "deduplicate_keys.drop", names)
    return Repeated(copies=copies[0] if copies else 0, conflicts=lines)


def reject_conflicts(
    file: CsvFile,
    lines: Iterable[int],
    *,
    counts: Counts,
    on_reject: Callable[[Reject], None],
) -> None:
    """Reject the rows of a file whose key has other values elsewhere.

    Arguments:
        file: what was loaded.
        lines: where these rows begin, ascending.
        counts: of the file.
        on_reject: called with each rejected row.
    """
    column = ", ".join(file.contract.key)
    for line, raw in file.read_raw(lines):
        rejects = Reject.each_line(line, Fault("key_conflict"), raw, column=column)
        reject_loaded(counts, rejects, on_reject)


def delete_lines(connection: DuckDBPyConnection, relation: str, lines: Iterable[int]) -> None:
    """Delete the rows of a loaded file that begin at some lines."""
    names = {"relation": quote_identifier(relation)}
    _run(connection, "load_rows.delete", names, {"lines": list(lines)})


def _refuse_names(rows: CsvRows, *, name: str) -> None:
    names = [column.name for column in rows.columns]
    problem = refused_names(names)
    problem = problem or refused_declared(names)
    if problem:
        raise InputFileError(
            file=name, line=None, problem=problem, fix="Rename the column, or split the file"
        )


def _load(
    connection: DuckDBPyConnection,
    relation: str,
    rows: CsvRows,
    scratch: Path,
    *,
    contract: CsvContract,
    on_reject: Callable[[Reject], None],
) -> None:
    """Fill the table: plain rows by DuckDB's reader, the others by ours."""
    clean = scratch / "rows.csv"
    kinds = map(duckdb_type, rows.columns)
    types = dict(zip([LINE_COLUMN, *place_names(rows.columns)], ["bigint", *kinds], strict=True))
    columns = ", ".join(f"{quote_identifier(name)} {kind}" for name, kind in types.items())
    relation_columns = {"relation": quote_identifier(relation), "columns": columns}
    _run(connection, "load_rows.create", relation_columns)
    quoted = [column.type in _NEEDS_QUOTING for column in rows.columns]
    write = partial(_write, target=clean, quoted=quoted, on_reject=on_reject)
    if are_readable(rows, contract):
        with rows.set_aside(scratch / "plain.csv", limit=contract.max_field_bytes) as plain:
            load = PlainLoad(connection, relation, rows, plain, contract=contract)
            longest = write(load.blocks())
    else:
        longest = write(rows.blocks())
    if longest:
        struct = ", ".join(f"{quote_identifier(name)}: '{kind}'" for name, kind in types.items())
        names = {"relation": quote_identifier(relation), "names": quote_identifiers(types)}
        limit = max(longest, LEAST_LINE_BYTES)
        bound: dict[str, object] = {"path": str(clean), "max_line_bytes": limit}
        _run(connection, "load_rows.insert", names | {"struct": "{" + struct + "}"}, bound)


def _write(
    blocks: Iterable[TypedBlock],
    *,
    target: Path,
    quoted: list[bool],
    on_reject: Callable[[Reject], None],
) -> int:
    """Write kept rows as load_rows.sql reads them.

    Returns the bytes of the longest line at most; 0 where there is none.
    """
    longest = 0
    with target.open("w", encoding="utf-8", newline="") as file:
        for block in blocks:
            for reject in block.rejects:
                on_reject(reject)
            if block.lines:
                lines = _lines(block, quoted)
                longest = max(longest, *map(len, lines))
                file.write("\n".join(lines))
                file.write("\n")
    # Characters times the most bytes that UTF-8 needs for one.
    return longest * 4


def _lines(block: TypedBlock, quoted: list[bool]) -> list[str]:
    """Write each row as one line of CSV; a quoted cell may hold line ends."""
    cells: list[Iterable[str]] = [map(str, block.lines)]
    for values, is_quoted in zip(block.columns, quoted, strict=True):
        some = [value for value in values if value is not None]
        if len(some) == len(values):
            cells.append(_quoted(some) if is_quoted else some)
        else:
            rest = iter(_quoted(some) if is_quoted else some)
            cells.append(["" if value is None else next(rest) for value in values])
    return list(map(",".join, zip(*cells, strict=True)))


def _quoted(values: list[str]) -> list[str]:
    """Quote texts, or leave them all bare where none could be misread (NUL is in none)."""
    joined = "\0".join(values)
    if "" not in values and not any(char in joined for char in _SPECIAL):
        return values
    return f'"{joined.replace(QUOTE, QUOTE * 2)}"'.replace("\0", '"\0"').split("\0")


def _run(
    connection: DuckDBPyConnection,
    statement: str,
    names: dict[str, str],
    values: dict[str, object] | None = None,
) -> DuckDBPyConnection:
    """Execute a statement of sql/snapshot, with quoted identifiers put in and values bound."""
    return connection.execute(fill(f"snapshot/{statement}", **names), values or {})

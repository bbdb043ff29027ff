"""Keys that are too long for the unique index of a table in Postgres.

An entry of a B-tree has a third of a page at most, 2,704 bytes with its header. Postgres may
compress a long text and take it all the same; what counts here is its size before that, so that
it does not depend on the letters whether a key is taken.
https://www.postgresql.org/docs/18/btree.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from include.core.csv.faults import Fault, Reject
from include.core.snapshot.columns import LINE_COLUMN
from include.core.snapshot.load_csv import delete_lines, reject_loaded
from include.core.statements import fill, quote_identifier

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from duckdb import DuckDBPyConnection

    from include.contracts.columns import Column
    from include.core.csv.faults import Counts
    from include.core.snapshot.load_csv import CsvFile

ENTRY_BYTES: Final = 2704
SINK_REASONS: Final = {
    "key_too_long": "the key is longer than its sink allows: an index entry of 2,704 bytes in a "
    "table",
}
"""The code of each row that a table alone would refuse, and its reason."""

# Of an index entry: https://www.postgresql.org/docs/18/storage-page-layout.html
_HEADER_BYTES: Final = 8
_SHORT_TEXT_BYTES: Final = 126
"""A text of so many bytes has a header of one byte and no padding, a longer one has four."""

# Bytes of a value, which begins at a multiple of them. All other types are as long as their text,
# or shorter (a numeric).
_FIXED: Final = {
    "boolean": 1,
    "smallint": 2,
    "integer": 4,
    "date": 4,
    "bigint": 8,
    "double precision": 8,
    "timestamptz": 8,
}


def entry_bytes(types: Sequence[str], texts: Sequence[int]) -> int:
    """Bytes of an index entry before compression.

    Arguments:
        types: of the key's columns, in its order.
        texts: bytes of each value whose type has no fixed size, in that order.
    """
    size, lengths = _HEADER_BYTES, iter(texts)
    for kind in types:
        fixed = _FIXED.get(kind)
        length = next(lengths) if fixed is None else 0
        if fixed is not None:
            size = _padded(size, fixed) + fixed
        elif length <= _SHORT_TEXT_BYTES:
            size += 1 + length
        else:
            size = _padded(size, 4) + 4 + length
    return _padded(size, 8)


def find_long_keys(
    connection: DuckDBPyConnection, relation: str, key: Sequence[Column], *, line: str = "null"
) -> Iterator[tuple[int | None, str]]:
    """Rows of a relation whose key no index takes: line, and the column with most of the bytes.

    Arguments:
        connection: where the relation is.
        relation: its name.
        key: the columns of it that are in the table's key, in that order.
        line: the column with the line of each row, quoted.
    """
    texts = [column.name for column in key if column.type not in _FIXED]
    if not texts:
        return
    sizes = [f"strlen(keyed.{quote_identifier(name)}::varchar)" for name in texts]
    statement = fill(
        "snapshot/find_long_keys",
        relation=quote_identifier(relation),
        line=line,
        bytes=", ".join(sizes),
        total=" + ".join(sizes),
    )
    # Of each column but the texts' bytes: eight, and up to seven of padding.
    least = ENTRY_BYTES - _HEADER_BYTES - 16 * len(key)
    types = [column.type for column in key]
    for number, lengths in connection.execute(statement, {"least": least}).fetchall():
        if entry_bytes(types, lengths) > ENTRY_BYTES:
            yield number, texts[lengths.index(max(lengths))]


def reject_long_keys(
    connection: DuckDBPyConnection,
    relation: str,
    file: CsvFile,
    *,
    key: Sequence[str],
    counts: Counts,
    on_reject: Callable[[Reject], None],
) -> None:
    """Delete the rows whose key the table's index does not take, and reject them.

    Arguments:
        connection: where load_csv has put the file.
        relation: under which name.
        file: what was loaded.
        key: the table's key; those of its columns that the file has are looked at.
        counts: what load_csv gave back.
        on_reject: as for load_csv.
    """
    columns = {column.name: column for column in file.contract.columns}
    present = [columns[each] for each in key if each in columns]
    line = quote_identifier(LINE_COLUMN)
    long = {
        int(number or 0): column
        for number, column in find_long_keys(connection, relation, present, line=line)
    }
    for number, raw in file.read_raw(long):
        fault = Fault("key_too_long", reasons=SINK_REASONS)
        rejects = Reject.each_line(number, fault, raw, column=long[number])
        reject_loaded(counts, rejects, on_reject)
    if long:
        delete_lines(connection, relation, long)


def _padded(size: int, to: int) -> int:
    return -(-size // to) * to

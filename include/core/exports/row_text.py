"""A row as one text that cannot be confused, its digest, and a checksum of all rows of a table.

The text has each column in the declaration's order: "n;" for null, else how many bytes its value
has, a colon, and the value. So neither null and the empty text are the same, nor "a" and "bc"
beside "ab" and "c". A value's text is the same in DuckDB and in Postgres, and loses nothing:
numbers in plain digits without zeros at the end, floats as the bits that they are, moments in
microseconds.

The digest is the first 120 bits of the text's SHA-256, in two numbers of 60 bits, which any engine
compares as fast as keys. The checksum of a table is the sum of the first of them over its rows, in
whatever order they come.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Final

from psycopg2 import sql

from include.contracts.exports import DELETED_AT
from include.contracts.names import RESERVED_PREFIX
from include.core.snapshot.columns import duckdb_type
from include.core.snapshot.texts import text_of
from include.core.statements import compose, quote_identifier
from include.errors import RuleError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg2.extensions import cursor

    from include.contracts.columns import Column
    from include.contracts.tables import Table

DIGEST_COLUMNS: Final = (f"{RESERVED_PREFIX}digest", f"{RESERVED_PREFIX}digest_rest")
"""The first 60 bits of a row's digest, and the next 60."""

# Whoever changes the texts, or what is made of them, counts this up.
_ALGORITHM: Final = "sha256-1"
_HEX_DIGITS: Final = 15  # of 60 bits

_POSTGRES_TEXTS: Final = {
    "text": "{value}",
    "smallint": "{value}::text",
    "integer": "{value}::text",
    "bigint": "{value}::text",
    "numeric": "trim_scale({value})::text",
    "double precision": "upper(encode(float8send({value}), 'hex'))",
    "boolean": "{value}::text",
    "date": "{value}::text",  # a session of the warehouse has ISO dates; to_char takes far longer
    "timestamptz": "(extract(epoch from {value}) * 1000000)::bigint::text",
}


def digest_name(columns: Sequence[Column]) -> str:
    """What digests of rows are called that may be compared: the algorithm, and the columns.

    Arguments:
        columns: in the declaration's order.
    """
    described = json.dumps([[column.name, column.type, column.precision] for column in columns])
    return f"{_ALGORITHM}:{hashlib.sha256(described.encode()).hexdigest()[:16]}"


def row_text_of(columns: Sequence[Column]) -> str:
    """Write the text of a row of a relation with these columns as an expression of DuckDB."""
    return f"concat({', '.join(map(_duckdb_cell, columns))})"


def digest_of(sha256: str) -> dict[str, str]:
    """Write DIGEST_COLUMNS as expressions of DuckDB.

    Arguments:
        sha256: an expression, the hexadecimal SHA-256 of a row's text.
    """
    first, rest = DIGEST_COLUMNS
    return {
        first: f"cast('0x' || substring({sha256}, 1, {_HEX_DIGITS}) as bigint)",
        rest: f"cast('0x' || substring({sha256}, {_HEX_DIGITS + 1}, {_HEX_DIGITS}) as bigint)",
    }


def checksum_of_table(cursor: cursor, table: Table, columns: Sequence[Column]) -> tuple[int, str]:
    """Count the rows of a table in Postgres, and sum up their digests, as text.

    Arguments:
        cursor: in whose transaction the table is read.
        table: rows that are softly deleted are left out, where it has such.
        columns: of the export, in the declaration's order.

    Raises:
        RuleError: Postgres does not answer.
    """
    kept: sql.Composable = sql.SQL("true")
    if DELETED_AT in table.columns and DELETED_AT not in columns:
        kept = sql.SQL("{} is null").format(sql.Identifier(DELETED_AT.name))
    parts = {
        "text": sql.SQL(" || ").join(map(_postgres_cell, columns)),
        "table": sql.Identifier(table.schema, table.name),
        "kept": kept,
    }
    cursor.execute(compose("exports/checksum_table", parts, bound=False))
    found = cursor.fetchone()
    if found is None:
        raise RuleError(f"{table.sink}: the statement of its checksum came back without a row")
    return int(found[0]), str(found[1])


def _duckdb_cell(column: Column) -> str:
    value, kind = quote_identifier(column.name), duckdb_type(column)
    if kind == "double":
        text = f"hex(cast(cast({value} as bit) as blob))"
    elif kind == "timestamptz":
        text = f"cast(epoch_us({value}) as varchar)"
    else:
        text = text_of(column, value)
    return f"coalesce(strlen({text}) || ':' || {text}, 'n;')"


def _postgres_cell(column: Column) -> sql.Composed:
    text = sql.SQL(_POSTGRES_TEXTS[column.type]).format(value=sql.Identifier(column.name))
    return sql.SQL("coalesce(octet_length({text}) || ':' || {text}, 'n;')").format(text=text)

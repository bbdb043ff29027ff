"""The columns of a snapshot as Athena reads them.

Athena reads moments of Parquet files in milliseconds. So a snapshot has each of them twice: as it
is, and as a number of microseconds, which Athena reads in its place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from include.contracts.names import RESERVED_PREFIX
from include.core.exports.row_text import DIGEST_COLUMNS
from include.core.snapshot.columns import duckdb_type
from include.core.statements import quote_identifier

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.contracts.columns import Column

_MOMENT: Final = "timestamptz"
_MICROSECONDS: Final = f"{RESERVED_PREFIX}us_"
# https://docs.aws.amazon.com/athena/latest/ug/data-types.html
_GLUE_TYPES: Final = {
    "varchar": "string",
    "integer": "int",
    _MOMENT: "bigint",
}


def stored_name(column: Column) -> str:
    """Under which name Athena reads a column."""
    return f"{_MICROSECONDS}{column.name}" if duckdb_type(column) == _MOMENT else column.name


def glue_columns(columns: Sequence[Column]) -> list[dict[str, str]]:
    """A snapshot's columns as a table of Glue has them, the digest among them."""
    types = {stored_name(column): duckdb_type(column) for column in columns}
    described = {name: _GLUE_TYPES.get(kind, kind) for name, kind in types.items()}
    described |= dict.fromkeys(DIGEST_COLUMNS, "bigint")
    return [
        {"Name": name.lower(), "Type": kind.replace(" ", "")} for name, kind in described.items()
    ]


def microseconds_of(columns: Sequence[Column]) -> dict[str, str]:
    """What a snapshot has beside its columns: expressions of DuckDB, by their names."""
    return {
        stored_name(column): f"epoch_us({quote_identifier(column.name)})"
        for column in columns
        if stored_name(column) != column.name
    }


def as_declared(column: Column, name: str) -> str:
    """Write what Athena gives of a column as DuckDB has it.

    Arguments:
        column: which.
        name: of the column in Athena's result.
    """
    value, kind = quote_identifier(name), duckdb_type(column)
    return f"make_timestamptz({value})" if kind == _MOMENT else f"cast({value} as {kind})"

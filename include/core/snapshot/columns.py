"""Columns of a snapshot: their types in DuckDB, and the one that holds each row's line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from include.contracts.names import RESERVED_PREFIX

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.contracts.columns import Column

LINE_COLUMN: Final = f"{RESERVED_PREFIX}line"

_TYPES: Final = {
    "text": "varchar",
    "smallint": "smallint",
    "integer": "integer",
    "bigint": "bigint",
    "double precision": "double",
    "boolean": "boolean",
    "date": "date",
    "timestamptz": "timestamptz",
}
# https://duckdb.org/docs/stable/sql/data_types/numeric#fixed-point-decimals
_DECIMAL_DIGITS: Final = 38


def duckdb_type(column: Column) -> str:
    """Choose a type that loses nothing.

    A numeric without precision stays text in its canonical form: its digits may not fit any
    DuckDB decimal. So does one wider than 38 digits, or one that keeps NaN.
    """
    if column.type != "numeric":
        return _TYPES[column.type]
    if column.precision is None or column.non_finite == "keep":
        return "varchar"
    digits, scale = column.precision
    return f"decimal({digits}, {scale})" if digits <= _DECIMAL_DIGITS else "varchar"


def place_names(columns: Sequence[Column]) -> list[str]:
    """Name columns by their places, whatever the file calls them.

    A file for JSON may have any names, also such as no table in SQL takes.
    """
    return [f"{RESERVED_PREFIX}column_{place}" for place in range(len(columns))]

"""Values of a snapshot as the texts that the careful reader gives, written by SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.core.snapshot.columns import duckdb_type

if TYPE_CHECKING:
    from include.contracts.columns import Column


def text_of(column: Column, value: str) -> str:
    """Write the canonical text of a value as an expression of DuckDB, whose zone is UTC.

    Arguments:
        column: whose value.
        value: an expression of the column's type; null stays null.
    """
    kind = duckdb_type(column)
    if kind == "varchar":
        return value
    text = f"cast({value} as varchar)"
    if kind == "timestamptz":
        # As isoformat writes it: six digits of a second's fraction, or none.
        fraction = f"nullif(strftime({value}, '.%f'), '.000000')"
        whole = f"strftime({value}, '%Y-%m-%dT%H:%M:%S')"
        return f"{whole} || coalesce({fraction}, '') || '+00:00'"
    if kind.startswith("decimal") and not kind.endswith(" 0)"):
        return f"rtrim(rtrim({text}, '0'), '.')"
    return text


def sortable_text_of(column: Column, value: str) -> str:
    """Write a value as text_of does, but times in one length: they compare as the moments do."""
    if column.type == "timestamptz":
        return f"strftime({value}, '%Y-%m-%dT%H:%M:%S.%fZ')"
    return text_of(column, value)

"""Statements live in files under include/sql, one a file; this reads them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from psycopg2 import sql

if TYPE_CHECKING:
    from collections.abc import Iterable

SQL_ROOT = Path(__file__).resolve().parents[1] / "sql"


@cache
def read_statement(name: str) -> str:
    """The text of one statement.

    Arguments:
        name: path below include/sql without its ending, such as "runs/record_run".

    Raises:
        FileNotFoundError: there is no such file.
    """
    return (SQL_ROOT / f"{name}.sql").read_text(encoding="utf-8")


def compose(name: str, *, bound: bool = True, **parts: sql.Composable) -> sql.Composed:
    """A Postgres statement with its identifiers in place; values stay bound parameters.

    Arguments:
        name: as for read_statement.
        bound: it is executed with values, so that a percent sign in a name is no placeholder.
        parts: what stands for each {placeholder} of the file; unused ones are ignored.
    """
    if bound:
        parts = {place: _with_percent_signs(part) for place, part in parts.items()}
    return sql.SQL(read_statement(name)).format(**parts)


def _with_percent_signs(part: sql.Composable) -> sql.Composable:
    """Double them in names: psycopg2 makes one of two when it puts values in."""
    if isinstance(part, sql.Composed):
        return sql.Composed([_with_percent_signs(each) for each in part.seq])
    if isinstance(part, sql.Identifier):
        return sql.Identifier(*(name.replace("%", "%%") for name in part.strings))
    return part


def quote_identifier(name: str) -> str:
    """A name as DuckDB's SQL writes it, whatever characters it has."""
    return '"' + name.replace('"', '""') + '"'


def quote_identifiers(names: Iterable[str]) -> str:
    """Names as a list in DuckDB's SQL, in their order."""
    return ", ".join(map(quote_identifier, names))


def fill(name: str, **parts: str) -> str:
    """A DuckDB statement with its identifiers in place; values stay bound parameters.

    Arguments:
        name: as for read_statement.
        parts: quoted identifiers, or lists of them, for each {placeholder} of the file.
    """
    return read_statement(name).format(**parts)

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
        name: path below include/sql without its ending, such as "ops/record_run".

    Raises:
        FileNotFoundError: there is no such file.
    """
    return (SQL_ROOT / f"{name}.sql").read_text(encoding="utf-8")


def compose(name: str, **parts: sql.Composable) -> sql.Composed:
    """A Postgres statement with its identifiers in place; values stay bound parameters.

    Arguments:
        name: as for read_statement.
        parts: what stands for each {placeholder} of the file; unused ones are ignored.
    """
    return sql.SQL(read_statement(name)).format(**parts)


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

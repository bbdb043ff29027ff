"""Reads statements from the files under include/sql.

A file holds one statement, or several that only run together. Each of those begins with a line
`-- name: …`, as in aiosql (https://nackjicholson.github.io/aiosql/defining-sql-queries.html).
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from psycopg2 import sql

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SQL_ROOT = Path(__file__).resolve().parents[1] / "sql"
_NAME = re.compile(r"^-- name: (\w+)\n", re.MULTILINE)


@cache
def read_statement(name: str) -> str:
    """The text of one statement.

    Arguments:
        name: path below include/sql without its ending, such as "runs/record_run"; a dot and the
            statement's name follow where the file holds several: "runs/send_notices.take".

    Raises:
        FileNotFoundError: there is no such file.
        KeyError: the file has no statement of this name.
    """
    file, _, statement = name.partition(".")
    text = (SQL_ROOT / f"{file}.sql").read_text(encoding="utf-8")
    return named_statements(text)[statement] if statement else text


def named_statements(text: str) -> dict[str, str]:
    """Each statement of a file by its name; none where the file has no names."""
    _, *parts = _NAME.split(text)
    return {name: part.strip() for name, part in zip(parts[::2], parts[1::2], strict=True)}


def compose(name: str, parts: Mapping[str, sql.Composable], *, bound: bool = True) -> sql.Composed:
    """A Postgres statement with its identifiers in place; values stay bound parameters.

    Arguments:
        name: as for read_statement.
        parts: what each {placeholder} of it is replaced by; unused ones are ignored.
        bound: it is executed with values, so that a percent sign in a name is no placeholder.
    """
    if bound:
        parts = {place: _with_percent_signs(part) for place, part in parts.items()}
    return sql.SQL(read_statement(name)).format(**parts)


def _with_percent_signs(part: sql.Composable) -> sql.Composable:
    """Double them in names and texts: psycopg2 makes one of two when it puts values in."""
    if isinstance(part, sql.Composed):
        return sql.Composed([_with_percent_signs(each) for each in part.seq])
    if isinstance(part, sql.Identifier):
        return sql.Identifier(*(name.replace("%", "%%") for name in part.strings))
    if isinstance(part, sql.Literal) and isinstance(part.wrapped, str):
        return sql.Literal(part.wrapped.replace("%", "%%"))
    return part


def quote_identifier(name: str) -> str:
    """A name as DuckDB's SQL writes it; it may have any characters."""
    return '"' + name.replace('"', '""') + '"'


def quote_identifiers(names: Iterable[str]) -> str:
    """Names as a list in DuckDB's SQL, in their order."""
    return ", ".join(map(quote_identifier, names))


def quote_text(text: str) -> str:
    """A text as DuckDB's SQL writes it."""
    return "'" + text.replace("'", "''") + "'"


def fill(name: str, **parts: str) -> str:
    """A DuckDB statement with its identifiers in place; values stay bound parameters.

    Arguments:
        name: as for read_statement.
        parts: quoted identifiers, or lists of them, for each {placeholder} of the file.
    """
    return read_statement(name).format(**parts)

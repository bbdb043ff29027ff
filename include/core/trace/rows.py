"""The row of a key: in a table, in a file that DuckDB has read, in what a cleaning makes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg2 import sql

from include.core.snapshot.columns import duckdb_type
from include.core.snapshot.texts import text_of
from include.core.statements import compose, fill, quote_identifier
from include.core.trace.answer import MOST_LINES
from include.core.trace.keys import canonical_text, json_value, same_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from duckdb import DuckDBPyConnection
    from psycopg2.extensions import cursor

    from include.contracts.columns import Column
    from include.contracts.tables import Table


def row_in_table(cursor: cursor, table: Table, key: Mapping[str, str]) -> dict[str, Any] | None:
    """The row of a key as a table in Postgres has it now; None where it has none.

    Arguments:
        cursor: of a transaction.
        table: which.
        key: the canonical text of each column of its key.
    """
    kinds = {column.name: column.type for column in table.columns}
    tests = [
        sql.SQL("{name} = {value}::{kind}").format(
            name=sql.Identifier(name), value=sql.Placeholder(name), kind=sql.SQL(kinds[name])
        )
        for name in table.key
    ]
    parts = {
        "columns": sql.SQL(", ").join(sql.Identifier(column.name) for column in table.columns),
        "target": sql.Identifier(table.schema, table.name),
        "same_key": sql.SQL(" and ").join(tests),
    }
    cursor.execute(compose("trace/find_row", parts), dict(key))
    row = cursor.fetchone()
    return None if row is None else as_json(table.columns, map(canonical_text, row))


def lines_of_key(
    connection: DuckDBPyConnection,
    relation: str,
    columns: Sequence[Column],
    key: Mapping[str, str],
) -> list[int]:
    """Lines of a loaded file whose rows have a key, at most MOST_LINES.

    Arguments:
        connection: where load_csv has put the file.
        relation: under which name.
        columns: of the key, as far as the file has columns of these names; at least one.
        key: the canonical text of each.
    """
    test, values = same_key(columns, key)
    statement = fill("trace/find_lines", relation=quote_identifier(relation), same_key=test)
    found = connection.execute(statement, {**values, "most": MOST_LINES}).fetchall()
    return [line for (line,) in found]


def row_of_cleaning(
    connection: DuckDBPyConnection, columns: Sequence[Column], cleaning: str, key: Mapping[str, str]
) -> dict[str, Any] | None:
    """The row of a key among those that a cleaning makes; None where it makes none.

    Arguments:
        connection: has the relations that the cleaning reads.
        columns: of the table where its rows go.
        cleaning: a select statement.
        key: the canonical text of each column of the table's key.
    """
    test, values = same_key([column for column in columns if column.name in key], key)
    names = [quote_identifier(column.name) for column in columns]
    casts = [
        f"cast({name} as {duckdb_type(column)}) as {name}"
        for column, name in zip(columns, names, strict=True)
    ]
    texts = [text_of(column, name) for column, name in zip(columns, names, strict=True)]
    statement = fill(
        "trace/find_cleaned",
        texts=", ".join(texts),
        columns=", ".join(casts),
        cleaning=cleaning,
        same_key=test,
    )
    row = connection.execute(statement, values).fetchone()
    return None if row is None else as_json(columns, row)


def texts_of_line(
    connection: DuckDBPyConnection, relation: str, texts: Sequence[str], line: int
) -> Sequence[str | None]:
    """The row of a loaded file that begins at a line.

    Arguments:
        connection: where load_csv has put the file.
        relation: under which name.
        texts: expressions of DuckDB, one for each value.
        line: one of those of lines_of_key.
    """
    names = {"relation": quote_identifier(relation), "texts": ", ".join(texts)}
    found = connection.execute(fill("trace/find_values", **names), {"line": line}).fetchone()
    return found or ()


def as_json(columns: Sequence[Column], texts: Iterable[str | None]) -> dict[str, Any]:
    """Canonical texts of a row's columns as an object of JSON."""
    pairs = zip(columns, texts, strict=True)
    return {column.name: json_value(column, text) for column, text in pairs}

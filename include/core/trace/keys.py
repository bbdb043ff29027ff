"""A key as a person writes it, as columns have it, and as rejected rows of a file bear it."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from math import isfinite
from typing import TYPE_CHECKING, Any, Final

from include.contracts.values import decimal_text, float_text, timestamp_text
from include.core.csv.faults import Fault
from include.core.csv.parsers import parser_of
from include.core.csv.values import ColumnReader
from include.core.snapshot.columns import duckdb_type
from include.core.statements import quote_identifier
from include.errors import RunInputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from include.contracts.columns import Column
    from include.core.csv.faults import Reject
    from include.core.snapshot.load_csv import CsvFile

_EXACT_INTEGERS: Final = 2**53
"""Up to here a number of JSON is the same for all who read it, JavaScript among them."""


def canonical_key(given: Any, columns: Sequence[Column]) -> dict[str, str]:
    """Read what a person gave as key of a row.

    Arguments:
        given: an object of column name to value, the same as a text of JSON, or the bare value
            where the key has one column.
        columns: of the key, in its order.

    Returns:
        Each column's canonical text.

    Raises:
        RunInputError: columns are missing or unknown, or a value is none of its column's type.
    """
    names = [column.name for column in columns]
    named = _named(given, names)
    if named.keys() != set(names):
        raise RunInputError(f"Parameter key must name {' and '.join(names)}, and nothing else")
    return {column.name: _canonical(column, named[column.name]) for column in columns}


def _named(given: Any, names: Sequence[str]) -> Mapping[str, Any]:
    if isinstance(given, str) and given.lstrip()[:1] == "{":
        try:
            given = json.loads(given)
        except ValueError:
            raise RunInputError("Parameter key begins like a JSON object and is none") from None
    if isinstance(given, dict):
        return given
    if len(names) != 1:
        raise RunInputError(f"Parameter key must be a JSON object with {' and '.join(names)}")
    return {names[0]: given}


def _canonical(column: Column, value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    found = _parsed(column, text) if isinstance(value, str | int | float) else None
    if found is None:
        # The value itself may be somebody's name: messages do not repeat it.
        raise RunInputError(f"Parameter key: what it gives for {column.name} is no {column.type}")
    return found


def _parsed(column: Column, text: str) -> str | None:
    """The canonical text of a value of a column; None for a text that is none."""
    if column.type == "text":
        return text
    try:
        return parser_of(column)(text)
    except Fault:
        return None


def same_key(columns: Sequence[Column], key: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """A condition of DuckDB that is true of rows with a key, and its parameters.

    Arguments:
        columns: of the table's key, as far as the relation has columns of these names.
        key: the canonical text of each.
    """
    tests, values = [], {}
    for place, column in enumerate(columns):
        kind, name = duckdb_type(column), f"key_{place}"
        # A file may have the column in another type than the table.
        cell = f"try_cast({quote_identifier(column.name)} as {kind})"
        tests.append(f"{cell} = cast(${name} as {kind})")
        values[name] = key[column.name]
    return " and ".join(tests), values


class KeyOfRejects:
    """Says of rejected rows of a file whether they bear a key, as far as their cells can be read.

    Arguments:
        file: whose rows.
        columns: of the key, as far as the file has columns of these names.
        key: the canonical text of each.
    """

    def __init__(self, file: CsvFile, columns: Sequence[Column], key: Mapping[str, str]) -> None:
        rows = file.open()
        self._syntax = rows.syntax
        of_file = {column.name: column for column in rows.columns}
        places = dict(zip(of_file, rows.header.positions, strict=True))
        self._cells = [
            (
                places[column.name],
                ColumnReader(of_file[column.name], contract=file.contract, syntax=rows.syntax),
                column,
                key[column.name],
            )
            for column in columns
        ]

    def bears(self, reject: Reject) -> bool:
        """Whether a row has the key."""
        if not self._cells:
            return False
        cells = self._syntax.split(reject.raw) or self._syntax.split_bare(reject.raw)
        return all(
            place is not None and place < len(cells) and _is_same(cells[place], reader, column, key)
            for place, reader, column, key in self._cells
        )


def _is_same(cell: str, reader: ColumnReader, column: Column, key: str) -> bool:
    ((value,), _) = reader.read([cell], quoted=True, size=len(cell))
    return isinstance(value, str) and key in (value, _parsed(column, value))


def json_value(column: Column, text: str | None) -> Any:
    """A canonical text as JSON: a number where that loses no digit, else a text."""
    if text is None:
        return None
    if column.type == "boolean":
        return text == "true"
    if column.type in ("smallint", "integer", "bigint"):
        return int(text) if abs(int(text)) <= _EXACT_INTEGERS else text
    if column.type in ("numeric", "double precision"):
        return json_number(text)
    return text


def json_number(text: str) -> Any:
    """A number as JSON has it where no digit is lost, else its text."""
    try:
        number = float(text)
    except ValueError:
        return text
    if number.is_integer() and abs(number) <= _EXACT_INTEGERS:
        return int(number)
    # repr writes the digits that give the same number again; others would be lost on the way.
    return number if repr(number) == text else text


def canonical_text(value: Any) -> str | None:
    """A value of Postgres, as psycopg2 gives it, as the canonical text that files are read into."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return timestamp_text(value)
    if isinstance(value, Decimal) and value.is_finite():
        return decimal_text(value, None)
    # A date is written in ISO 8601, a float in the digits that give the same one again.
    return float_text(value) if isinstance(value, float) and isfinite(value) else str(value)

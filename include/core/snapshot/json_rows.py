"""Rows of a loaded file as JSON objects: one line of text each, as a queue or a lake takes it.

https://datatracker.ietf.org/doc/html/rfc8259; no blanks between tokens, names in the order of
the columns. Text is UTF-8 as it is; control characters, and the characters that SQS does not
accept although Unicode has them, are escapes:
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
"""

from __future__ import annotations

from itertools import chain
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, Final

from include.core.snapshot.texts import text_of
from include.core.statements import fill, quote_identifier, quote_text
from include.errors import RuleError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from duckdb import DuckDBPyConnection

    from include.contracts.columns import Column

# Characters that DuckDB's own JSON writes in capital digits, or not as escapes.
_RARE: Final = [*map(chr, [0x0B, *range(0x0E, 0x20), 0xFFFE, 0xFFFF])]
_ESCAPES: Final = {
    char: encode_basestring(char)[1:-1] for char in ("\\", '"', *map(chr, range(1, 32)))
}
_UNSENDABLE: Final[dict[str, str]] = {char: f"\\u{ord(char):04x}" for char in "\ufffe\uffff"}
_UNSENDABLE_CODES: Final = {ord(char): escape for char, escape in _UNSENDABLE.items()}
_QUOTED: Final = frozenset({"date", "timestamptz"})
_ROWS: Final = 2000


def json_of(columns: Sequence[Column], names: Sequence[str]) -> str:
    """Write the JSON object of a row as an expression of DuckDB.

    Numbers and booleans are their canonical texts, digit for digit.

    Arguments:
        columns: what the file has.
        names: what the relation calls them.

    Raises:
        RuleError: there is no column, or one keeps numbers that are not finite: JSON has none.
    """
    endless = [column.name for column in columns if column.non_finite == "keep"]
    if endless:
        raise RuleError(
            f"JSON has no NaN and no infinity, which {', '.join(endless)} may hold: let the "
            "contract reject them, or make them null"
        )
    if not columns:
        raise RuleError("The contract reads no column: there is nothing to make JSON of")
    parts = []
    for mark, column, name in zip(chain("{", "," * len(columns)), columns, names, strict=False):
        label = encode_basestring(column.name).translate(_UNSENDABLE_CODES)
        parts += [quote_text(f"{mark}{label}:"), f"coalesce({_value(column, name)}, 'null')"]
    return f"concat({', '.join(parts)}, '}}')"


def read_json(
    connection: DuckDBPyConnection,
    relation: str,
    columns: Sequence[Column],
    names: Sequence[str],
) -> Iterator[str]:
    """Give each row of a relation as JSON, in order of lines; arguments and errors as json_of."""
    body = json_of(columns, names)
    statement = fill("snapshot/read_json", body=body, relation=quote_identifier(relation))
    found = connection.execute(statement)
    for rows in iter(lambda: found.fetchmany(_ROWS), []):
        for (text,) in rows:
            yield text


def _value(column: Column, name: str) -> str:
    text = text_of(column, quote_identifier(name))
    if column.type == "text":
        return _quoted(text)
    return f"""'"' || {text} || '"'""" if column.type in _QUOTED else text


def _quoted(text: str) -> str:
    """Write text as a JSON string: by DuckDB, or by ourselves where it has a rare character."""
    by_hand = text
    for char, escape in (_ESCAPES | _UNSENDABLE).items():
        by_hand = f"replace({by_hand}, {quote_text(char)}, {quote_text(escape)})"
    rare = quote_text(f"[{''.join(_RARE)}]")
    return (
        f"case when regexp_matches({text}, {rare}) then '\"' || {by_hand} || '\"' "
        f"else cast(to_json({text}) as varchar) end"
    )

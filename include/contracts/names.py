"""Names that Postgres takes for columns, and that SQL, logs and messages may hold."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

# https://www.postgresql.org/docs/18/limits.html
MAX_NAME_BYTES: Final = 63
MAX_COLUMNS: Final = 1600
RESERVED_PREFIX: Final = "_sluice_"
"""What names of columns begin with that statements add beside those of a table or a file."""
_IN_NAMES: Final = frozenset(" _-/()[]<>=.,:%#&+*'?!@$°²³€£")
_FIRST_IN_NAMES: Final = frozenset("_%#$€£(")  # a sign that begins a formula is not among them
_COMMENTS: Final = ("--", "/*", "*/")  # marks of SQL
_SHOWN: Final = 80  # characters of a name in a message


def shown_name(name: str) -> str:
    """Write a name so that every character of it shows, 80 at most."""
    text = "".join(char if char.isprintable() else f"<{code_of(char)}>" for char in name)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def code_of(char: str) -> str:
    """Give a character's Unicode code, such as U+000A."""
    return f"U+{ord(char):04X}"


def refused_names(names: Sequence[str]) -> str | None:
    """Say why Postgres would refuse columns of these names, in their order; None if it takes them.

    Quotes, semicolons, backslashes, control characters and comment marks are refused, so that
    a name stays what it is in SQL, logs and messages.
    """
    if len(names) > MAX_COLUMNS:
        return f"the header has {len(names)} columns, and Postgres takes {MAX_COLUMNS}"
    for name in names:
        problem = _problem_of(name)
        if problem:
            return f"the column {shown_name(name)} {problem}"
    return None


def refused_declared(names: Sequence[str]) -> str | None:
    """Say why a table or a contract cannot have columns of these names; None if it can.

    DuckDB, which a file passes through, ignores letter case in names.
    """
    folded = [name.lower() for name in names]
    for name, lower in zip(names, folded, strict=True):
        if lower.startswith(RESERVED_PREFIX):
            return f"the column {shown_name(name)} begins with {RESERVED_PREFIX}, which is reserved"
        if folded.count(lower) > 1:
            return f"the column {shown_name(name)} is there twice, letter case aside"
    return None


def refused_table_name(name: str) -> str | None:
    """Say why no schema, table or column can have a name that a table declares; None if one can."""
    size = len(name.encode())
    if size > MAX_NAME_BYTES:
        return f"{shown_name(name)} has {size} bytes, and Postgres keeps {MAX_NAME_BYTES}"
    if not name or "\0" in name:
        return "a name is empty, or holds a NUL character"
    return None


def is_name(name: str) -> bool:
    """Check whether a name is harmless: letters of any script, digits, blanks between."""
    return _problem_of(name) is None


def _problem_of(name: str) -> str | None:
    size = len(name.encode(errors="replace"))
    if size > MAX_NAME_BYTES:
        return f"has a name of {size} bytes, and Postgres keeps {MAX_NAME_BYTES}"
    if not name or name != name.strip():
        return "has blanks around its name"
    if not (name[0].isalnum() or name[0] in _FIRST_IN_NAMES):
        return f"begins with {_with_code(name[0])}, which no name in Postgres may here"
    for char in name:
        if not (char.isalnum() or char in _IN_NAMES or unicodedata.category(char)[0] == "M"):
            return f"holds {_with_code(char)}, which no name in Postgres may here"
    for mark in _COMMENTS:
        if mark in name:
            return f"holds {mark}, which begins or ends a comment in SQL"
    return None


def _with_code(char: str) -> str:
    return f"{char} ({code_of(char)})" if char.isprintable() else code_of(char)

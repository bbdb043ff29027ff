"""Which columns identify a row of a loaded file: those whose values no two rows share."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from include.core.statements import fill, quote_identifier, quote_identifiers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from duckdb import DuckDBPyConnection

    from include.contracts.columns import Column

    # Counts rows, and the distinct values that some columns have together.
    Count = Callable[[Sequence[str]], tuple[int, int]]

RELATION: Final = "tried"
"""The relation that a file is loaded into while it is looked at."""

_ONCE: Final = "tried_once"
_KEY_TYPES: Final = frozenset({"text", "bigint", "date", "timestamptz"})
_KEY_COLUMNS: Final = 12  # from the left, so many are looked at for a key

_KEY_NAME: Final = re.compile(r"(?:.*_)?(?:id|key|code|uuid|nr|no|number)")
_PERIOD_NAME: Final = re.compile(r"(?:.*_)?(?:year|quarter|month|week|day|hour|jahr|monat|woche)")


@dataclass(frozen=True, kw_only=True)
class TableKey:
    """Columns that identify a row of a table.

    Attributes:
        columns: their names.
        blank: those of them that are null in some rows, which an empty text has to stand for.
        shown: whether the rows show it; one row alone shows no key.
    """

    columns: tuple[str, ...]
    blank: tuple[str, ...] = ()
    shown: bool = True


def table_key(columns: Sequence[Column], connection: DuckDBPyConnection) -> TableKey | None:
    """Find the key of a table, exact copies of a row aside; None where no columns are one.

    Whole numbers are measures unless their names say otherwise: that no two rows have the same
    is chance, so they are taken last. A text that is missing counts as an empty one.

    Arguments:
        columns: of the file that was loaded into RELATION.
        connection: where it is.
    """
    _leave_copies(columns, connection)
    able = [each for each in columns if each.type in _KEY_TYPES][:_KEY_COLUMNS]
    blank = {each.name for each in able if each.nullable and each.type == "text"}
    whole = {each.name for each in able if not each.nullable}
    # The first column is seldom a measure, whatever its name.
    numbers = {each.name for each in able[1:] if each.type == "bigint"}
    measures = {name for name in numbers if not _is_named(name)}
    count = _counting(connection, _ONCE, blank=blank)
    for wanted in (whole - measures, (whole | blank) - measures, whole | blank):
        pool = [each.name for each in able if each.name in wanted]
        found = _identifying(pool, count)
        if found:
            return TableKey(columns=found, blank=tuple(name for name in found if name in blank))
        if pool and count(pool)[0] == 1:
            guess = likeliest_key(pool)
            return TableKey(columns=(guess,), blank=(*({guess} & blank),), shown=False)
    return None


def _is_named(name: str) -> bool:
    return bool(_KEY_NAME.fullmatch(name) or _PERIOD_NAME.fullmatch(name))


def unique(columns: Iterable[Column], connection: DuckDBPyConnection) -> tuple[str, ...]:
    """Find the likeliest column, else pair of columns, that no two of at least two rows share."""
    return _unique(key_columns(columns), _counting(connection, RELATION))


def fewest(columns: Sequence[Column], connection: DuckDBPyConnection) -> tuple[str, ...]:
    """Find columns, as few as leaving out one after the other leads to, once copies are gone."""
    _leave_copies(columns, connection)
    return _identifying(key_columns(columns), _counting(connection, _ONCE))


def key_columns(columns: Iterable[Column]) -> list[str]:
    """Name the columns that a key may have, as many as are looked at."""
    able = [each.name for each in columns if not each.nullable and each.type in _KEY_TYPES]
    return able[:_KEY_COLUMNS]


def likeliest_key(names: Sequence[str]) -> str:
    """Choose the column whose name is that of a key, else the first."""
    return next(filter(_KEY_NAME.fullmatch, names), names[0])


def _identifying(able: Sequence[str], count: Count) -> tuple[str, ...]:
    found = _unique(able, count)
    kept = tuple(able)
    if found or not kept:
        return found
    rows, values = count(kept)
    if rows < 2 or values != rows:  # noqa: PLR2004 -- one row shows no key
        return ()
    for name in reversed(kept):
        fewer = tuple(each for each in kept if each != name)
        if fewer and count(fewer)[1] == rows:
            kept = fewer
    return kept


def _unique(able: Sequence[str], count: Count) -> tuple[str, ...]:
    counts: dict[str, int] = {}
    rows = 0
    for name in able:
        rows, counts[name] = count((name,))
    if rows < 2:  # noqa: PLR2004 -- one row shows no key
        return ()
    single = [name for name in able if counts[name] == rows]
    if single:
        return (likeliest_key(single),)
    for first, second in itertools.combinations(able, 2):
        enough = counts[first] * counts[second] >= rows
        if enough and count((first, second))[1] == rows:
            return (first, second)
    return ()


def _leave_copies(columns: Iterable[Column], connection: DuckDBPyConnection) -> None:
    names = {"relation": quote_identifier(RELATION), "once": quote_identifier(_ONCE)}
    listed = quote_identifiers(column.name for column in columns)
    connection.execute(fill("snapshot/leave_copies", columns=listed, **names))


def _counting(connection: DuckDBPyConnection, relation: str, *, blank: Iterable[str] = ()) -> Count:
    """Give what counts the values of columns; of those in blank, null is an empty text."""
    missing = set(blank)

    def expression(name: str) -> str:
        quoted = quote_identifier(name)
        return f"coalesce({quoted}, '')" if name in missing else quoted

    def count(names: Sequence[str]) -> tuple[int, int]:
        statement = fill(
            "snapshot/count_keys",
            relation=quote_identifier(relation),
            columns=", ".join(map(expression, names)),
        )
        rows, values = connection.execute(statement).fetchall()[0]
        return rows, values

    return count

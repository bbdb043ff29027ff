"""Whether a first row that should be a header is data, by comparing it with the rows below.

A table of any names has none that could be missed, so that a file without a header would lose its
first row. A name is like data if it is a number, a date, or an address, and the cells below are
too; or if it is among the cells below. A name is a name if it is a word above numbers. Years
and other scales are names of a wide table, unless a row below is such a scale too.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from include.core.csv.names import could_be_names

if TYPE_CHECKING:
    from collections.abc import Sequence

_KINDS: Final = (
    re.compile(  # dates and times
        r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[T ]\d{1,2}:\d\d[\d:.]*\s?(?:Z|[AP]M|[-+]\d\d:?\d\d)?)?"
        r"|\d{4}-\d\d|\d{1,2}:\d\d(?::\d\d)?",
        re.IGNORECASE,
    ),
    re.compile(r"[-+(]?[$€£]?\s?(?:\d[\d.,'\s]*|\.\d+)(?:[eE][-+]?\d+)?\s?[%€$£)]?"),
    re.compile(  # mail, web and other addresses
        r"[^@\s]+@[^@\s]+\.[a-z]+|https?://\S+|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
        re.IGNORECASE,
    ),
)
_DATE, _NUMBER, _ADDRESS = range(3)  # places in _KINDS
_NOTHING: Final = frozenset({"", "-", "na", "n/a", "nan", "null", "none", "\\n", "?"})
_MOST: Final = 0.8  # share of a column's cells
_LEAST_STEPS: Final = 2
_YEARS: Final = range(1800, 2101)


def looks_like_data(names: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Check whether a header's names are rather a row's values.

    Arguments:
        names: the header's, trimmed.
        rows: the first ones after it, unquoted.
    """
    rows = [row for row in rows if len(row) == len(names) and not _repeats(names, row)]
    kinds = [_kind(name) for name in names]
    columns = [[row[place].strip() for row in rows] for place in range(len(names))]
    if all(
        kind is not None or not name or name in column
        for name, kind, column in zip(names, kinds, columns, strict=True)
    ):
        return True
    scales = {kind for kind in (_DATE, _NUMBER) if _is_scale(names, kinds, kind, rows)}
    data = words = repeated = 0
    for name, kind, column in zip(names, kinds, columns, strict=True):
        common = _common_kind(column)
        if kind is not None:
            data += kind not in scales and (common == kind or not rows)
        elif name[:1].isalpha() and name.casefold() not in _NOTHING:
            words += common is not None
            repeated += name in column and set(column) != {name, ""}
    return data >= max(words, 1) or (repeated > 0 and words == 0)


def is_comment(names: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Check whether a first row is a comment above the header, whose names are above values.

    Arguments:
        names: its cells, trimmed.
        rows: the first ones after it, unquoted.
    """
    if not names[0].startswith("#") or not rows or not could_be_names(rows[0]):
        return False
    return any(_common_kind(column) is not None for column in zip(*rows[1:], strict=False))


def _repeats(names: Sequence[str], row: Sequence[str]) -> bool:
    """Check whether a row is the header once more, as where files were joined."""
    same = sum(cell.strip() == name for cell, name in zip(row, names, strict=True))
    return len(names) > 1 and 2 * same > len(names)


def _kind(text: str) -> int | None:
    return next((kind for kind, form in enumerate(_KINDS) if form.fullmatch(text)), None)


def _common_kind(column: Sequence[str]) -> int | None:
    """Give what most cells of a column are; None for text, and where there is no value."""
    kinds = [_kind(cell) for cell in column if cell.casefold() not in _NOTHING]
    for kind in (_DATE, _NUMBER, _ADDRESS):
        if kinds and kinds.count(kind) >= _MOST * len(kinds):
            return kind
    return None


def _is_scale(
    names: Sequence[str], kinds: Sequence[int | None], kind: int, rows: Sequence[Sequence[str]]
) -> bool:
    """Check whether the names of a kind are steps of a scale, and most rows' cells are not."""
    places = [place for place, found in enumerate(kinds) if found == kind]
    scale = _scale([names[place] for place in places], kind)
    if scale is None:
        return False
    below = sum(_scale([row[place].strip() for place in places], kind) == scale for row in rows)
    return not rows or 2 * below < len(rows)


def _scale(texts: Sequence[str], kind: int) -> str | None:
    """Name the scale that texts are: dates, years in order, or three numbers in equal steps."""
    if kind == _DATE:
        return "dates" if 1 < len(set(texts)) == len(texts) else None
    try:
        numbers = [float(text) for text in texts]
    except ValueError:
        return None
    steps = [after - before for before, after in pairwise(numbers)]
    if numbers and all(number in _YEARS for number in numbers):
        return "years" if len({step > 0 for step in steps}) < _LEAST_STEPS else None
    if len(steps) < _LEAST_STEPS or steps[0] == 0:
        return None
    return "steps" if max(steps) - min(steps) < abs(steps[0]) / 100 else None

"""Tables of any kind as the bytes of a file: types, quoting, line ends, encodings, delimiters."""

from __future__ import annotations

import csv
import gzip
import io
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Final

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Sequence

TEXT: Final = st.text(
    st.characters(max_codepoint=126, exclude_categories=["Cc"]) | st.sampled_from("äöüßéèñçÅØ"),
    max_size=8,
)
KINDS: Final = {
    "whole": st.integers(-(2**63), 2**63 - 1).map(str),
    "few": st.integers(0, 2).map(str),
    "decimal": st.decimals(-(10**9), 10**9, places=2, allow_nan=False).map(lambda n: f"{n:.2f}"),
    "float": st.floats(1e30, 1e300).map(repr),
    "day": st.dates(date(1000, 1, 1)).map(date.isoformat),
    "american day": st.dates(date(1000, 1, 1)).map(lambda day: f"{day:%m/%d/%Y}"),
    "moment": st.datetimes(datetime(1990, 1, 1), datetime(2040, 1, 1)).map(  # noqa: DTZ001 -- text
        lambda moment: moment.isoformat(sep=" ", timespec="seconds")
    ),
    "boolean": st.sampled_from(["true", "false"]),
    "code": st.integers(0, 99_999).map(lambda n: f"{n:05}"),
    "word": st.sampled_from(["a", "b", "NA", "order"]),
    "text": TEXT,
}
# Of a few lone signs nobody can say whether they are Windows-1252 or damage.
ENCODINGS: Final = ("utf-8", "utf-8-sig", "utf-16")


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table in a file.

    Attributes:
        content: bytes of the file.
        compressed: whether that is gzip.
        rows: how many there are below the header.
        width: how many columns.
    """

    content: bytes
    compressed: bool
    rows: int
    width: int


def written(
    names: Sequence[str], rows: Sequence[Sequence[str]], *, delimiter: str, end: str, quoting: int
) -> str:
    """Write a table as the csv module does."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator=end, quoting=quoting)  # type: ignore[arg-type]
    writer.writerow(names)
    writer.writerows(rows)
    return text.getvalue()


@st.composite
def _tables(draw: st.DrawFn) -> Table:
    kinds = draw(st.lists(st.sampled_from(sorted(KINDS)), min_size=2, max_size=5))
    cells = [st.just("") | KINDS[kind] if draw(st.booleans()) else KINDS[kind] for kind in kinds]
    rows = draw(st.lists(st.tuples(*cells).map(list), min_size=1, max_size=8))
    rows += draw(st.lists(st.sampled_from(rows), max_size=2))  # copies
    text = written(
        [f"{kind} {place}" for place, kind in enumerate(kinds)],
        rows,
        delimiter=draw(st.sampled_from(",;\t|")),
        end=draw(st.sampled_from(["\n", "\r\n", "\r"])),
        quoting=draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])),
    )
    compressed = draw(st.booleans())
    content = text.encode(draw(st.sampled_from(ENCODINGS)), errors="replace")
    return Table(
        content=gzip.compress(content) if compressed else content,
        compressed=compressed,
        rows=len(rows),
        width=len(kinds),
    )


TABLES: Final = _tables()
"""Tables of two to five columns and one to ten rows, some of them copies of others."""

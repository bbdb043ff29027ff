"""The beginning of a file that may be large, as a file of whole rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from include.core.csv.compressed import read_decompressed
from include.errors import InputFileError

if TYPE_CHECKING:
    from pathlib import Path

FETCHED_BYTES: Final = 524_288
"""So much of a file is enough to fetch."""
_HEAD_BYTES: Final = 524_288
"""So much of its text is looked at: some thousand rows, in a few seconds."""
_LINES: Final = 1000  # from the end, so many are searched for one that ends outside of quotes
# Of a gzipped file: more is a decompression bomb to the reader as well, as contracts have it.
_MOST_RATIO: Final = 200


def write_head(fetched: Path, to: Path, *, name: str, whole: bool) -> bool:
    """Write the first rows of a file, decompressed.

    Arguments:
        fetched: the file, or its beginning.
        to: the file that is made.
        name: the file's; gzip if it ends in .gz.
        whole: nothing of it is missing.

    Returns:
        Whether these are all rows.

    Raises:
        InputFileError: it is not what its name says, is damaged, or has no end of a line.
    """
    head = bytearray()
    chunks = read_decompressed(fetched, name=name, max_bytes=1 << 30, max_ratio=_MOST_RATIO)
    try:
        for chunk in chunks:
            head += chunk
            if len(head) >= _HEAD_BYTES:
                whole = False
                break
    except InputFileError:
        # What was not fetched is missing at the end of what was.
        if whole or not head:
            raise
    to.write_bytes(head if whole else _whole_rows(bytes(head), name=name))
    return whole


def _whole_rows(head: bytes, *, name: str) -> bytes:
    """Leave out a last row that is cut, by the last end of a line outside of quotes."""
    if b"\0" in head:
        # Letters of two or four bytes: a row that is cut is one that is rejected.
        return head[: len(head) // 4 * 4]
    end = b"\n" if b"\n" in head else b"\r"
    last = place = head.rfind(end)
    if last < 0:
        raise InputFileError(
            file=name,
            line=None,
            problem=f"its first {len(head)} bytes have no end of a line",
            fix="Look whether it is a CSV file",
        )
    quotes = head.count(b'"', 0, place)
    for _ in range(_LINES):
        if quotes % 2 == 0:
            return head[: place + 1]
        before = head.rfind(end, 0, place)
        if before < 0:
            break
        quotes -= head.count(b'"', before, place)
        place = before
    return head[: last + 1]

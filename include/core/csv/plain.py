"""Rows that need no care: set aside while a file is read, since DuckDB reads them much faster.

A piece of text is plain if each of its lines is a row of the header's width, whose cells either
have no quote, or begin and end with one and have no other; if it has no blank line, no NUL, no
FILLER, no byte that its encoding lacks, no byte-order mark, and no line end but a line feed, with
or without a carriage return before it. All readers read such text alike.
"""

from __future__ import annotations

import operator
from array import array
from bisect import bisect_right
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from include.core.csv.records import Block
from include.core.csv.syntax import QUOTE
from include.core.csv.text import BOM

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from include.core.csv.syntax import Syntax

FILLER: Final = "\x01"
"""The first cell of a row that stands for a line that is not plain."""
_FIRST: Final = operator.itemgetter(0)
_LAST: Final = operator.itemgetter(-1)
_FILLERS: Final = 4096  # written at once
_PART: Final = 1024  # characters of a part, or one line


class PlainRows:
    """The plain rows of one file, in a file of their own, in UTF-8.

    Each is one line of it, and each other line from the first plain row on is a row of FILLER and
    empty cells: so the lines of both files differ by a constant.

    Arguments:
        file: where they are written, open for it; its path is read as well.
        syntax: how a line is cut into cells.
        width: cells of a row, two or more: a blank line would be a row of one cell.
        limit: bytes of the largest piece that is taken, so that no cell has more.

    Attributes:
        path: of that file.
        count: plain rows in it.
        before: lines of the first file before the first row in it.
        largest_bytes: of a piece, which no line exceeds.
        quoted: whether any cell is quoted.
    """

    def __init__(self, file: BinaryIO, *, syntax: Syntax, width: int, limit: int) -> None:
        self.path = Path(file.name)
        self.count = self.before = self.largest_bytes = 0
        self.quoted = False
        self._file, self._syntax, self._limit = file, syntax, limit
        delimiter = syntax.delimiter.encode()
        self._row = delimiter * (width - 1) + b"\n"
        self._rest = bytes(each for each in range(256) if each not in self._row)
        self._between = frozenset(delimiter + b"\n")  # bytes that may be beside a quoted cell
        # Of each piece: the line of its first row, and its place in the file.
        self._lines, self._offsets = array("q"), array("q")
        self._next_line = self._size = 0

    def take(self, text: str, line: int) -> int:
        """Set a piece aside if it is plain.

        Arguments:
            text: whole lines, the first of which begins a record.
            line: the physical line of the first.

        Returns how many rows it has; none if it is not plain.
        """
        data = self._plain(text)
        if data is None:
            return 0
        rows = data.count(b"\n")
        if self.count:
            self._fill(line - self._next_line)
        else:
            self.before = line - 1
        self._lines.append(line)
        self._offsets.append(self._size)
        self._write(data)
        self._next_line = line + rows
        self.largest_bytes = max(self.largest_bytes, len(data))
        self.count += rows
        self.quoted = self.quoted or b'"' in data
        return rows

    def cut(self, text: str) -> Iterator[str]:
        """Cut a piece that is not plain, so that its plain parts are apart from the others.

        A part may begin within a record.
        """
        for _, parts in groupby(_parts(text), lambda part: self._plain(part) is None):
            yield "".join(parts)

    def flush(self) -> None:
        """Write what is still in memory."""
        self._file.flush()

    def blocks(self, lines: Sequence[int]) -> Iterator[Block]:
        """Read some rows again, to be looked at with care.

        Arguments:
            lines: their physical lines, ascending.
        """
        with self.path.open("rb") as file:
            for piece, wanted in groupby(lines, lambda line: bisect_right(self._lines, line) - 1):
                file.seek(self._offsets[piece])
                # What comes after the piece is not looked at.
                texts = file.read(self.largest_bytes).split(b"\n")
                yield self._block(texts, [*wanted], first=self._lines[piece])

    def _block(self, texts: list[bytes], lines: list[int], *, first: int) -> Block:
        chosen = [texts[line - first].decode() for line in lines]
        joined = "\n".join(chosen)
        quoted, width = QUOTE in joined, len(self._row)
        columns = (
            self._syntax.columns(joined + "\n", width)
            if quoted
            else self._syntax.bare_columns(chosen, width)
        )
        return Block(lines=lines, records=[], columns=columns, quoted=quoted, size=len(joined))

    def _plain(self, text: str) -> bytes | None:
        """Give the lines of a piece as they are written, None if it is not plain."""
        if "\r" in text:  # to look for it alone is much cheaper
            text = text.replace("\r\n", "\n")
        if "\r" in text or "\0" in text or FILLER in text or BOM in text:
            return None
        try:
            data = text.encode()
        except UnicodeEncodeError:  # the mark of a byte that the encoding lacks
            return None
        if not data.endswith(b"\n"):
            data += b"\n"
        return data if len(data) <= self._limit and self._has_shape(data) else None

    def _has_shape(self, data: bytes) -> bool:
        """Check that all lines are rows of the right width with plain cells."""
        rows = data.count(b"\n")
        if b'"' in data:
            data = self._without_quoted(data)
        return data.translate(None, self._rest) == self._row * rows

    def _without_quoted(self, data: bytes) -> bytes:
        """Leave out all quoted cells; gives nothing where a quote is anything else."""
        if self._syntax.escape:
            return b""
        outside = data.split(b'"')[::2]
        try:
            after = set(map(_FIRST, outside[1:]))
            # The very first cell may be a quoted one.
            before = set(map(_LAST, outside[not outside[0] : -1]))
        except IndexError:  # nothing is between two quotes
            return b""
        return b"".join(outside) if after | before <= self._between else b""

    def _fill(self, lines: int) -> None:
        for start in range(0, lines, _FILLERS):
            self._write((FILLER.encode() + self._row) * min(_FILLERS, lines - start))

    def _write(self, data: bytes) -> None:
        self._file.write(data)
        self._size += len(data)


def _parts(text: str) -> Iterator[str]:
    """Cut text after line feeds."""
    start = 0
    while start < len(text):
        end = text.rfind("\n", start, start + _PART) + 1 or text.find("\n", start) + 1
        yield text[start : end or None]
        start = end or len(text)

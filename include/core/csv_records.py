"""Text to records: which lines belong together, in blocks that later checks take as a whole."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from include.core.csv_syntax import QUOTE
from include.core.csv_text import MARK
from include.errors import InputFileError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from include.core.csv_syntax import Syntax


@dataclass(kw_only=True)
class Block:
    """Successive records that were read together.

    Attributes:
        lines: 1-based physical line where each record begins.
        records: the cells of each, as they stand in the file; empty if columns has them.
        columns: the cells of each column, when all records are known to have the right width.
        faults: line, code and raw text of records that cannot be taken apart.
        blanks: the blank lines.
        quoted: whether any cell may hold a quote.
        dirty: whether any cell may hold NUL or an undecodable byte.
        text: what was read, when it is not plain ASCII; else empty.
        size: characters that no cell exceeds.
    """

    lines: Sequence[int]
    records: list[list[str]]
    columns: list[list[str]] = field(default_factory=list)
    faults: list[tuple[int, str, str]] = field(default_factory=list)
    blanks: Sequence[int] = ()
    quoted: bool = False
    dirty: bool = False
    text: str = ""
    size: int = 0


class RecordReader:
    """Groups lines into records, one pass, with bounded memory.

    Arguments:
        pieces: whole lines from `csv_text.whole_lines`.
        name: what the file's owner calls it.
        syntax: how cells are told apart.
        limit: characters of one record; a longer one is rejected and reading goes on at the
            line after the one that exceeded it.
        skip: physical lines to pass over first.

    Attributes:
        width: cells of a record once the header has been read; lets a block whose records all
            have it be cut into columns at once, several times faster.
    """

    def __init__(
        self,
        pieces: Iterator[tuple[str, bool]],
        *,
        name: str,
        syntax: Syntax,
        limit: int,
        skip: int = 0,
    ) -> None:
        self._pieces, self._name, self._syntax, self._limit = pieces, name, syntax, limit
        self._skip = skip
        self.width = 0
        self._line = 1  # of the next line to read
        self._parts: list[str] = []  # lines of a record whose quoted cell is still open
        self._size = 0  # characters in them
        self._began = 0

    def blocks(self) -> Iterator[Block]:
        """Yield all records in the file's order.

        Raises:
            InputFileError: the file ends inside a quoted cell.
        """
        for piece, cut in self._pieces:
            text, overlong = self._after_preamble(piece, cut=cut)
            if overlong:
                yield self._overlong(text)
            elif text and (self._parts or QUOTE in text):
                yield self._quoted_columns(text) or self._quoted(text)
            elif text:
                yield self._plain(text)
        if self._parts:
            raise InputFileError(
                file=self._name,
                line=self._began,
                problem="a quoted cell begins on this line and is never closed",
                fix='Close the quote, or double it ("") where it is part of the text',
            )

    def _after_preamble(self, piece: str, *, cut: bool) -> tuple[str, bool]:
        if not self._skip:
            return piece, cut
        if cut:
            self._skip -= 1
            self._line += 1
            return "", False
        lines = io.StringIO(piece, newline="")
        while self._skip and lines.readline():
            self._skip -= 1
            self._line += 1
        return lines.read(), False

    def _plain(self, text: str) -> Block:
        """Take text without any quote: each line is a record."""
        if "\r" in text:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        lines = text.split("\n")
        if not lines[-1]:
            lines.pop()
        first = self._line
        self._line += len(lines)
        numbers: Sequence[int] = range(first, self._line)
        blanks: list[int] = []
        if "" in lines:
            blanks = [number for number, line in zip(numbers, lines, strict=True) if not line]
            numbers = [number for number, line in zip(numbers, lines, strict=True) if line]
            lines = list(filter(None, lines))
        block = Block(lines=numbers, records=[], blanks=blanks)
        block.columns = self._columns(lines)
        if not block.columns:
            delimiter = self._syntax.delimiter
            block.records = [line.split(delimiter) for line in lines]
        return _looked_over(block, text)

    def _columns(self, lines: list[str]) -> list[list[str]]:
        """Cut lines into columns, or give none if a line has not the right number of cells."""
        if not self.width or not lines:
            return []
        delimiter, step = self._syntax.delimiter, self.width + 1
        # a line end between lines is a cell that no line can hold: it shows every line's width
        cells = f"{delimiter}\n{delimiter}".join(lines).split(delimiter)
        if len(cells) != step * len(lines) - 1 or cells[self.width :: step].count("\n") != (
            len(lines) - 1
        ):
            return []
        return [cells[place::step] for place in range(self.width)]

    def _quoted_columns(self, text: str) -> Block | None:
        """Take text whose quoted cells hold no line end at once, the usual case."""
        if self._parts or not self.width:
            return None
        lines = text.replace("\r\n", "\n")
        lines = lines if lines.endswith("\n") else lines + "\n"
        columns = [] if "\r" in lines else self._syntax.columns(lines, self.width)
        if not columns:
            return None
        first = self._line
        self._line += len(columns[0])
        block = Block(lines=range(first, self._line), records=[], columns=columns, quoted=True)
        return _looked_over(block, text)

    def _quoted(self, text: str) -> Block:
        """Take text line by line, because a quoted cell may hold delimiters and line ends."""
        numbers: list[int] = []
        blanks: list[int] = []
        block = Block(lines=numbers, records=[], blanks=blanks, quoted=True)
        text_of_open = "".join(self._parts)
        delimiter, split = self._syntax.delimiter, self._syntax.split
        for line in io.StringIO(text, newline=""):
            number = self._line
            self._line += 1
            if self._parts:
                self._continue(line, block, numbers)
                continue
            content = line.rstrip("\r\n")
            cells = split(content) if QUOTE in content else content.split(delimiter)
            if not content:
                blanks.append(number)
            elif cells is not None:
                numbers.append(number)
                block.records.append(cells)
            elif self._syntax.is_open(line):
                self._parts, self._size, self._began = [line], len(line), number
            else:
                block.faults.append((number, "unescaped_quote", content))
        return _looked_over(block, text_of_open + text)

    def _continue(self, line: str, block: Block, numbers: list[int]) -> None:
        """Add a line to the open record, and close the record if the line does."""
        self._parts.append(line)
        self._size += len(line)
        # to the cell that is still open, this line reads as if it had just begun
        if QUOTE not in line or self._syntax.is_open(QUOTE + line):
            if self._size > self._limit:
                block.faults.append((self._began, "row_too_long", "".join(self._parts)))
                self._parts = []
            return
        record = "".join(self._parts).rstrip("\r\n")
        self._parts = []
        cells = self._syntax.split(record)
        if cells is None:
            block.faults.append((self._began, "unescaped_quote", record))
        else:
            numbers.append(self._began)
            block.records.append(cells)

    def _overlong(self, head: str) -> Block:
        """Give up a line above the limit, with the open record that it belongs to."""
        began = self._began if self._parts else self._line
        raw = "".join(self._parts) + head
        self._parts = []
        self._line += 1
        return Block(lines=[], records=[], faults=[(began, "row_too_long", raw)], dirty=True)


def _looked_over(block: Block, text: str) -> Block:
    """Note what bytes a block's text holds."""
    block.size = len(text)
    block.dirty = "\0" in text
    if not text.isascii():
        block.text = text
        block.dirty = block.dirty or MARK.search(text) is not None
    return block

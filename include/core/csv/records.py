"""Text to records: which lines belong together, in blocks that later checks take as a whole."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from include.core.csv.spans import SpanCheck
from include.core.csv.syntax import QUOTE
from include.core.csv.text import BOM, MARK, without_marks
from include.errors import InputFileError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from include.core.csv.plain import PlainRows
    from include.core.csv.spans import Shape
    from include.core.csv.syntax import Syntax


@dataclass(kw_only=True)
class Block:
    """Successive records that were read together.

    Attributes:
        lines: 1-based physical line where each record begins.
        records: the cells of each, as they are in the file; empty if columns has them.
        columns: the cells of each column, when all records are known to have the right width.
        faults: line, code and raw text of records that cannot be taken apart.
        blanks: the blank lines.
        quoted: whether any cell may hold a quote.
        dirty: whether any cell may hold NUL or an undecodable byte.
        text: what was read, when it is not plain ASCII; else empty.
        size: characters that no cell exceeds.
        aside: plain rows that were set aside instead; all other counts leave them out.
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
    aside: int = 0


@dataclass(kw_only=True)
class _LineByLine(Block):
    lines: list[int]
    blanks: list[int]


class RecordReader:
    """Groups lines into records, one pass, with bounded memory.

    Arguments:
        pieces: whole lines from `text.whole_lines`.
        name: what the file's owner calls it.
        syntax: how a line is cut into cells.
        limit: characters of one record. A longer line is rejected, and reading goes on at the
            next; a longer record of several lines refuses the file.
        skip: physical lines to pass over first.
        shape: what rows are like, once the header is known: without it, records have any width
            and hold any lines; with it, a block whose records all have its width is cut into
            columns at once, several times faster.

    Attributes:
        plain: where plain rows are set aside; None where all are to come as blocks.
    """

    def __init__(
        self,
        pieces: Iterator[tuple[str, bool]],
        *,
        name: str,
        syntax: Syntax,
        limit: int,
        skip: int = 0,
        shape: Shape | None = None,
    ) -> None:
        self._pieces, self._name, self._syntax, self._limit = pieces, name, syntax, limit
        self._skip = skip
        self._width = len(shape.names) if shape else 0
        self.plain: PlainRows | None = None
        self._spans = SpanCheck(name=name, syntax=syntax, shape=shape) if shape else None
        self._line = 1  # of the next line to read
        self._parts: list[str] = []  # lines of a record whose quoted cell is still open
        self._size = 0  # characters in them
        self._after_blank = False
        self._began = self._opened = 0  # lines where that record and that cell begin

    def blocks(self) -> Iterator[Block]:
        """Yield all records in the file's order.

        Raises:
            InputFileError: a quoted cell is not closed within the file, or within the largest
                row; or it holds lines that look like rows.
        """
        for piece, cut in self._pieces:
            text, overlong = self._after_preamble(piece, cut=cut)
            if overlong:
                yield self._noted(self._overlong(text))
            elif text and (block := self._aside(text)):
                yield block
            elif text:
                for part in self.plain.cut(text) if self.plain else (text,):
                    yield self._aside(part) or self._noted(self._block(part))
        if self._parts:
            raise self._unclosed("is never closed")

    def _noted(self, block: Block) -> Block:
        """Note whether a block ends in a blank line."""
        self._after_blank = bool(block.blanks) and block.blanks[-1] == self._line - 1
        return block

    def _block(self, text: str) -> Block:
        if self._parts or QUOTE in text:
            return self._quoted_columns(text) or self._quoted(text)
        return self._plain(text)

    def _aside(self, text: str) -> Block | None:
        """Set text aside if it is plain."""
        # What follows a blank line may be a second table.
        if self._parts or self._after_blank or self.plain is None:
            return None
        rows = self.plain.take(text, self._line)
        if not rows:
            return None
        self._line += rows
        return Block(lines=(), records=[], text="" if text.isascii() else text, aside=rows)

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
        text = without_marks(text)
        if "\r" in text:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        lines = text.split("\n")
        if not lines[-1]:  # the last line of a file may have no line end
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
        block.columns = self._syntax.bare_columns(lines, self._width) if self._width else []
        if not block.columns:
            delimiter = self._syntax.delimiter
            block.records = [line.split(delimiter) for line in lines]
        return _looked_over(block, text)

    def _quoted_columns(self, text: str) -> Block | None:
        """Take text whose quoted cells hold no line end at once, the usual case."""
        if self._parts or not self._width or BOM in text:
            return None
        lines = text.replace("\r\n", "\n")
        lines = lines if lines.endswith("\n") else lines + "\n"
        columns = [] if "\r" in lines else self._syntax.columns(lines, self._width)
        if not columns:
            return None
        first = self._line
        self._line += len(columns[0])
        block = Block(lines=range(first, self._line), records=[], columns=columns, quoted=True)
        return _looked_over(block, text)

    def _quoted(self, text: str) -> Block:
        """Take text line by line, because a quoted cell may hold delimiters and line ends."""
        block = _LineByLine(lines=[], records=[], blanks=[], quoted=True)
        held, began = self._parts, self._began
        for line in io.StringIO(text, newline=""):
            self._take(line, block)
        if held and self._parts and self._began == began:
            return block  # the record goes on: its text is looked at when it ends
        return _looked_over(block, "".join(held) + text)

    def _take(self, line: str, block: _LineByLine) -> None:
        """Take one line, which goes on with the open record or begins one."""
        if self._parts:
            self._continue(line, block)
            return
        line = without_marks(line)
        number, content = self._line, line.rstrip("\r\n")
        self._line += 1
        if not content:
            block.blanks.append(number)
            return
        split = self._syntax.split if QUOTE in content else self._syntax.split_bare
        cells = split(content)
        if cells is not None:
            block.lines.append(number)
            block.records.append(cells)
        elif self._syntax.is_open(line):
            self._parts, self._size, self._began, self._opened = [line], len(line), number, number
        else:
            block.faults.append((number, "unescaped_quote", content))

    def _continue(self, line: str, block: _LineByLine) -> None:
        """Add a line to the open record, and close the record if the line does."""
        number = self._line
        self._line += 1
        self._parts.append(line)
        self._size += len(line)
        if QUOTE in line:
            # to the cell that is still open, this line reads as if it had just begun
            if not self._syntax.is_open(QUOTE + line):
                lines, self._parts = self._parts, []
                self._close(lines, block)
                return
            if not self._syntax.is_inside(line):
                self._opened = number
        if self._size > self._limit:
            raise self._unclosed("is not closed within the largest row")

    def _close(self, lines: list[str], block: _LineByLine) -> None:
        """Keep a record of several lines, or give up its first line and go on at the next.

        No line is taken more than three times: one that opens a quoted cell where it begins a
        record leaves none open where it goes on with a record, so that of the lines that are
        taken again only the last can open one.
        """
        record = "".join(lines).rstrip("\r\n")
        cells = self._syntax.split(record)
        code = self._spans.fault(self._began, record, cells) if self._spans else None
        if cells is not None and code is None:
            block.lines.append(self._began)
            block.records.append(cells)
            return
        block.faults.append((self._began, code or "unescaped_quote", lines[0].rstrip("\r\n")))
        self._line = self._began + 1  # go back: the other lines are records of their own
        for line in lines[1:]:
            self._take(line, block)

    def _overlong(self, head: str) -> Block:
        """Reject a line above the limit, or refuse the file where it goes on with a record."""
        if self._parts:
            raise self._unclosed("is not closed within the largest row")
        self._line += 1
        fault = (self._line - 1, "row_too_long", head)
        return Block(lines=[], records=[], faults=[fault], dirty=True)

    def _unclosed(self, what: str) -> InputFileError:
        return InputFileError(
            file=self._name,
            line=self._opened,
            problem=f"a quoted cell begins on this line and {what}",
            fix='Close the quote, or double it ("") where it is part of the text',
        )


def _looked_over(block: Block, text: str) -> Block:
    """Note what bytes a block's text holds."""
    block.size = len(text)
    block.dirty = "\0" in text
    if not text.isascii():
        block.text = text
        block.dirty = block.dirty or MARK.search(text) is not None
    return block

"""The layout of a file's rows: their width, and lines that are no rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from include.core.csv.faults import Fault, Reject
from include.errors import InputFileError

if TYPE_CHECKING:
    from include.core.csv.batch import Batch
    from include.core.csv.header import Header
    from include.core.csv.records import Block
    from include.core.csv.second_table import SecondTable
    from include.core.csv.syntax import Syntax

_EVERY_ROW: Final = 1000
"""So many rows in a row with the same fault are taken for all rows."""


class LayoutCheck:
    """Rejects rows that do not have the header's shape, and refuses files that do not.

    Arguments:
        name: what the file's owner calls it.
        header: the file's.
        syntax: how a line is cut into cells.
        second_table: sees the rows of another width.
    """

    def __init__(
        self, *, name: str, header: Header, syntax: Syntax, second_table: SecondTable
    ) -> None:
        self._name, self._names, self._text = name, list(header.cells), syntax.text
        self._second_table = second_table
        self._only_trailing = 0  # rows so far, as long as each ends in a delimiter too many
        self._regular = False
        self._records = 0  # before this block
        self._last_blank: int | None = None

    def check(self, batch: Batch) -> None:
        """Reject blank lines in a lone column, rows of another width, and repeated headers."""
        block = batch.block
        if block.aside:
            self._regular = True
            self._records += block.aside
            self._last_blank = None
            return
        if self._last_blank:  # a header after it may begin this block
            batch.blanks.add(self._last_blank)
        if len(self._names) == 1:
            _reject_lone_blanks(batch)
        self._last_blank = max(batch.blanks, default=None)
        if block.columns:
            self._regular = True
        else:
            batch.fill(self._misfits(block))
        if batch.columns and (repeated := self._repeated(batch)):
            batch.reject(dict.fromkeys(repeated, (None, Fault("header_repeated"))))
        self._records += len(block.lines)

    def finish(self) -> None:
        """Raise InputFileError if every row of the file ended in a delimiter too many."""
        if self._only_trailing and not self._regular:
            raise InputFileError(
                file=self._name,
                line=None,
                problem="every row ends in a delimiter that the header does not have",
                fix="Remove it from the rows",
            )

    def _misfits(self, block: Block) -> dict[int, Fault]:
        """Find the rows of another width, and the faults of the file that they show."""
        width = len(self._names)
        misfits: dict[int, Fault] = {}
        for index, cells in enumerate(block.records):
            if len(cells) == width:
                self._regular = True
                continue
            misfits[index] = Fault("too_few_columns" if len(cells) < width else "too_many_columns")
            self._count_trailing(cells)
            self._second_table.check_misfit(self._records + index, cells, block.lines[index])
        return misfits

    def _count_trailing(self, cells: list[str]) -> None:
        if len(cells) == len(self._names) + 1 and not cells[-1]:
            self._only_trailing += 1
        else:
            self._regular = True
        if self._only_trailing >= _EVERY_ROW:
            self.finish()

    def _repeated(self, batch: Batch) -> list[int]:
        """Find the rows that repeat the header."""
        text, first = self._text, self._names[0]
        heads = list(map(text, batch.columns[0])) if batch.block.quoted else batch.columns[0]
        if first not in heads:
            return []
        return [
            index
            for index, head in enumerate(heads)
            if head == first and list(map(text, batch.cells(index))) == self._names
        ]


def _reject_lone_blanks(batch: Batch) -> None:
    """Reject blank lines of a table with one column, save one that ends the file."""
    block = batch.block
    followed = max((*block.lines[-1:], *(fault[0] for fault in block.faults)), default=0)
    last = max(batch.blanks, default=0)
    lost = sorted(line for line in batch.blanks if line < max(last, followed))
    batch.rejects += (Reject.of(line, Fault("blank_line"), "") for line in lost)
    batch.blanks -= set(lost)

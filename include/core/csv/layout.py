"""The shape of a file's rows: their width, and faults that only many rows together show."""

from __future__ import annotations

from itertools import compress
from typing import TYPE_CHECKING, Final

from include.contracts.names import is_name
from include.core.csv.faults import Fault, Reject
from include.errors import InputFileError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.core.csv.header import Header
    from include.core.csv.records import Block
    from include.core.csv.syntax import Syntax

    Bad = dict[int, tuple[str | None, Fault]]  # index to column and what is wrong

_EVERY_ROW: Final = 1000
"""So many rows in a row with the same fault are taken for all rows."""


class Batch:
    """The rows of a block that no check has refused yet, by column, and the rejects among them.

    Attributes:
        lines: where each row begins.
        columns: the cells of each column of the file, as they stand in it.
        rejects: what was refused.
    """

    def __init__(self, block: Block, *, delimiter: str) -> None:
        self.lines: Sequence[int] = block.lines
        self.columns = block.columns
        self.rejects = [Reject.of(line, Fault(code), raw) for line, code, raw in block.faults]
        self._delimiter = delimiter

    def cells(self, index: int) -> list[str]:
        """Give the cells of one row."""
        return [column[index] for column in self.columns]

    def raw(self, index: int) -> str:
        """Give a row as it stands in the file."""
        return self._delimiter.join(self.cells(index))

    def reject(self, bad: Bad) -> list[bool]:
        """Turn the rows of the given indexes into rejects; return which rows stay."""
        for index, (column, fault) in bad.items():
            self.rejects += Reject.each_line(
                self.lines[index], fault, self.raw(index), column=column
            )
        stay = [index not in bad for index in range(len(self.lines))]
        self.keep(stay)
        return stay

    def keep(self, stay: list[bool]) -> None:
        """Drop the other rows without a trace."""
        self.lines = list(compress(self.lines, stay))
        self.columns = [list(compress(column, stay)) for column in self.columns]

    def take_records(self, records: list[list[str]], misfits: dict[int, str]) -> None:
        """Fill the columns from records, all of one width but for misfits (index to code)."""
        self.rejects.extend(
            Reject.of(self.lines[index], Fault(code), self._delimiter.join(records[index]))
            for index, code in misfits.items()
        )
        stay = [index not in misfits for index in range(len(records))]
        self.lines = list(compress(self.lines, stay))
        self.columns = list(map(list, zip(*compress(records, stay), strict=True)))


class LayoutCheck:
    """Rejects rows that do not have the header's shape, and whole files that do not.

    A second table is told by its header: at least two cells, all distinct, all names that begin
    with a letter. Either it has another width than the table, and the row after it has that
    width too and is no such header; or it stands after a blank line, where at least two columns
    are not text and so cannot hold names.

    Arguments:
        name: what the file's owner calls it.
        header: the file's.
        syntax: how cells are told apart.
    """

    def __init__(self, *, name: str, header: Header, syntax: Syntax) -> None:
        self._name, self._names, self._text = name, list(header.cells), syntax.text
        self._holds_values = sum(column.type != "text" for column in header.columns) > 1
        self._only_trailing = 0  # rows so far, as long as each ends in a delimiter too many
        self._regular = False
        self._records = 0  # before this block
        self._second: tuple[int, int, int] | None = None  # ordinal, width and line of a header
        self._blanks: set[int] = set()
        self._last_blank: int | None = None

    def look(self, block: Block, batch: Batch) -> int:
        """Reject rows of another width, repeated headers, and blank lines in a lone column.

        Returns how many blank lines became rejects.
        """
        self._blanks = {*block.blanks, *([self._last_blank] if self._last_blank else [])}
        refused = self._lone_blanks(block, batch) if len(self._names) == 1 else 0
        self._last_blank = max(self._blanks, default=None)
        if block.columns:
            self._regular = True
        else:
            batch.take_records(block.records, self._misfits(block))
        if batch.columns and (repeated := self._repeated(batch, quoted=block.quoted)):
            batch.reject(dict.fromkeys(repeated, (None, Fault("header_repeated"))))
        self._records += len(block.lines)
        return refused

    def look_at_misfits(self, batch: Batch, bad: Bad) -> None:
        """Raise if a row whose values do not fit, after a blank line, is a second header."""
        for index in bad if self._holds_values else ():
            if batch.lines[index] - 1 in self._blanks and self._is_header(batch.cells(index)):
                raise self._two_tables(batch.lines[index])

    def check_end(self) -> None:
        """Raise if every row of the file ended in a delimiter too many."""
        if self._only_trailing and not self._regular:
            raise self._fault(
                None,
                "every row ends in a delimiter that the header does not have",
                "Remove it from the rows",
            )

    def _misfits(self, block: Block) -> dict[int, str]:
        """Find the rows of another width, and the faults of the file that they show."""
        width = len(self._names)
        misfits: dict[int, str] = {}
        for index, cells in enumerate(block.records):
            if len(cells) == width:
                self._regular = True
                continue
            misfits[index] = "too_few_columns" if len(cells) < width else "too_many_columns"
            self._count_trailing(cells)
            self._look_for_second_table(index, cells, block.lines[index])
        return misfits

    def _count_trailing(self, cells: list[str]) -> None:
        if len(cells) == len(self._names) + 1 and not cells[-1]:
            self._only_trailing += 1
        else:
            self._regular = True
        if self._only_trailing >= _EVERY_ROW:
            self.check_end()

    def _look_for_second_table(self, index: int, cells: list[str], line: int) -> None:
        header = self._is_header(cells)
        ordinal = self._records + index
        if not header and self._second and self._second[:2] == (ordinal - 1, len(cells)):
            raise self._two_tables(self._second[2])
        self._second = (ordinal, len(cells), line) if header else None

    def _is_header(self, cells: list[str]) -> bool:
        names = [self._text(cell) for cell in cells]
        return (
            len(names) > 1
            and len(set(names)) == len(names)
            and all(name[:1].isalpha() and is_name(name) for name in names)
        )

    def _repeated(self, batch: Batch, *, quoted: bool) -> list[int]:
        """Find the rows that repeat the header."""
        text, first = self._text, self._names[0]
        heads = list(map(text, batch.columns[0])) if quoted else batch.columns[0]
        if first not in heads:
            return []
        return [
            index
            for index, head in enumerate(heads)
            if head == first and list(map(text, batch.cells(index))) == self._names
        ]

    def _lone_blanks(self, block: Block, batch: Batch) -> int:
        """Reject blank lines of a table with one column, save one that ends the file."""
        followed = max((*block.lines[-1:], *(fault[0] for fault in block.faults)), default=0)
        last = max(self._blanks, default=0)
        lost = sorted(line for line in self._blanks if line < max(last, followed))
        batch.rejects.extend(Reject.of(line, Fault("blank_line"), "") for line in lost)
        self._blanks -= set(lost)
        return len(lost)

    def _two_tables(self, line: int) -> InputFileError:
        return self._fault(
            line, "a second table begins here", "Put each table in a file of its own"
        )

    def _fault(self, line: int | None, problem: str, fix: str) -> InputFileError:
        return InputFileError(file=self._name, line=line, problem=problem, fix=fix)

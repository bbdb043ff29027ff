"""The rows of a block on their way through the checks, and what comes out of it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import compress
from operator import attrgetter
from typing import TYPE_CHECKING

from include.core.csv.faults import Fault, Reject

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from include.core.csv.records import Block

    BadRows = dict[int, tuple[str | None, Fault]]  # index to column and fault


@dataclass(frozen=True, slots=True)
class TypedBlock:
    """Rows that were read together.

    Attributes:
        lines: where each kept row begins.
        columns: the canonical values, one list a column.
        rejects: in the order of their lines.
    """

    lines: Sequence[int]
    columns: list[list[str | None]]
    rejects: list[Reject]


class Batch:
    """The rows of a block that no check has refused yet, by column, and the rejects among them.

    Attributes:
        block: as it was read.
        blanks: the blank lines of the block that are no rows, and one that ended the block before.
        lines: where each row begins.
        columns: the cells of each column of the file, as they are in it.
        rejects: what was refused.
    """

    def __init__(self, block: Block, *, delimiter: str) -> None:
        self.block, self._delimiter = block, delimiter
        self.blanks = {*block.blanks}
        self.lines: Sequence[int] = block.lines
        self.columns = block.columns
        self.rejects = [Reject.of(line, Fault(code), raw) for line, code, raw in block.faults]

    def cells(self, index: int) -> list[str]:
        """Give the cells of one row."""
        return [column[index] for column in self.columns]

    def raw(self, index: int) -> str:
        """Give a row as it is in the file."""
        return self._delimiter.join(self.cells(index))

    def fill(self, misfits: dict[int, Fault]) -> None:
        """Fill the columns from the block's records, and reject those of another width.

        Arguments:
            misfits: index to fault of the records that have not as many cells as the others.
        """
        lines, records = self.lines, self.block.records
        self.rejects += (
            Reject.of(lines[index], fault, self._delimiter.join(records[index]))
            for index, fault in misfits.items()
        )
        stay = _all_but(misfits, len(records))
        self.lines = list(compress(lines, stay))
        self.columns = list(map(list, zip(*compress(records, stay), strict=True)))

    def reject(self, bad: BadRows) -> list[bool]:
        """Turn the rows of the given indexes into rejects; return which rows stay."""
        for index, (column, fault) in bad.items():
            self.rejects += Reject.each_line(
                self.lines[index], fault, self.raw(index), column=column
            )
        stay = _all_but(bad, len(self.lines))
        self.keep(stay)
        return stay

    def keep(self, stay: list[bool]) -> None:
        """Drop the other rows without a reject."""
        self.lines = list(compress(self.lines, stay))
        self.columns = [list(compress(column, stay)) for column in self.columns]

    def typed(self, columns: list[list[str | None]]) -> TypedBlock:
        """Give the rows that are left with their values, and the rejects in order."""
        return TypedBlock(self.lines, columns, sorted(self.rejects, key=attrgetter("line")))


def _all_but(indexes: Collection[int], count: int) -> list[bool]:
    return [index not in indexes for index in range(count)]

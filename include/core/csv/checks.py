"""Checks of rows, from raw cells to typed values: each takes a batch once, in a fixed order."""

from __future__ import annotations

from collections import Counter
from itertools import compress
from typing import TYPE_CHECKING, Any, Final

from include.contracts.constraints import CODES
from include.core.csv.batch import Batch
from include.core.csv.faults import CONTINUED, Counts, Fault
from include.core.csv.layout import LayoutCheck
from include.core.csv.second_table import SecondTable
from include.core.csv.text import MARK
from include.core.csv.values import ColumnReader
from include.core.csv.windows_1252 import Windows1252Suspicion

if TYPE_CHECKING:
    from include.contracts.files import CsvContract
    from include.core.csv.batch import BadRows, TypedBlock
    from include.core.csv.header import Header
    from include.core.csv.records import Block
    from include.core.csv.syntax import Syntax

_CONSTRAINTS: Final = frozenset(CODES.values())


class RowChecks:
    """Holds the rows of one file to its header and its contract.

    Arguments:
        name: what the file's owner calls it.
        header: the file's.
        contract: how it is written and which rows are wanted.
        syntax: how a line is cut into cells.

    Attributes:
        counts: grows with each block.
    """

    def __init__(self, *, name: str, header: Header, contract: CsvContract, syntax: Syntax) -> None:
        self._header, self._syntax = header, syntax
        self._second_table = SecondTable(name=name, header=header, syntax=syntax)
        self._layout = LayoutCheck(
            name=name, header=header, syntax=syntax, second_table=self._second_table
        )
        self._suspicion = Windows1252Suspicion(name=name, encoding=contract.encoding)
        self._readers = [
            (column.name, place, ColumnReader(column, contract=contract, syntax=syntax))
            for column, place in zip(header.columns, header.positions, strict=True)
        ]
        places = {column: place or 0 for column, place, _ in self._readers}
        self._only = [(places[column], value) for column, value in contract.only]
        self.counts = Counts()

    def check(self, block: Block) -> TypedBlock:
        """Turn a block into typed rows and rejects; each check is cheap where it finds nothing.

        Raises:
            InputFileError: the rows show that the whole file breaks its contract.
        """
        batch = Batch(block, delimiter=self._syntax.delimiter)
        self._layout.check(batch)
        # rows that are not wanted are dropped before they can be rejected
        self._check_wanted(batch)
        self._check_encoding(batch)
        columns = self._check_values(batch)
        self._count(batch)
        return batch.typed(columns)

    def finish(self) -> None:
        """Raise InputFileError for what only all rows of a file together show."""
        self._layout.finish()
        self._suspicion.check()

    def are_values(self, cells: list[str]) -> bool:
        """Check whether cells, as many as the header has, are values of their columns' types.

        A row that breaks a constraint is to be rejected, so it may not vanish in a cell either.
        """
        values = (
            reader.read([cells[place]], quoted=True, size=len(cells[place]))[0][0]
            for _, place, reader in self._readers
            if place is not None
        )
        return all(not isinstance(value, Fault) or value.code in _CONSTRAINTS for value in values)

    def _check_wanted(self, batch: Batch) -> None:
        """Drop the rows that the contract does not want, before any value is read."""
        text = self._syntax.text
        for place, wanted in self._only if batch.lines else ():
            stay = [cell == wanted or text(cell) == wanted for cell in batch.columns[place]]
            if not all(stay):
                self.counts.filtered += stay.count(False)
                batch.keep(stay)

    def _check_encoding(self, batch: Batch) -> None:
        """Reject rows with NUL or an undecodable byte in any cell, read or not."""
        if batch.block.text:
            self._suspicion.note_text(batch.block.text)
        if not batch.block.dirty:
            return
        bad: BadRows = {}
        for index, line in enumerate(batch.lines):
            raw = batch.raw(index)
            marked = MARK.search(raw) is not None
            if marked:
                self._suspicion.note_row(line, raw)
            if marked or "\0" in raw:
                bad[index] = self._bad_cell(batch.cells(index))
        if bad:
            batch.reject(bad)

    def _bad_cell(self, cells: list[str]) -> tuple[str, Fault]:
        """Name the column of the first cell with NUL or an undecodable byte, and its fault."""
        place = next(i for i, cell in enumerate(cells) if "\0" in cell or MARK.search(cell))
        code = "bad_encoding" if MARK.search(cells[place]) else "nul"
        return self._header.column_at(place), Fault(code)

    def _check_values(self, batch: Batch) -> list[list[str | None]]:
        """Read the cells of all columns, and reject the rows where one is no value."""
        columns: list[Any] = []
        bad: BadRows = {}
        for name, place, reader in self._readers:
            if place is None or not batch.lines:
                columns.append([None] * len(batch.lines))
                continue
            cells, block = batch.columns[place], batch.block
            values, faults = reader.read(cells, quoted=block.quoted, size=block.size)
            columns.append(values)
            for index, fault in faults.items():
                bad.setdefault(index, (name, fault))
        if bad:
            self._second_table.check_values(batch, bad)
            stay = batch.reject(bad)
            columns = [list(compress(values, stay)) for values in columns]
        return columns

    def _count(self, batch: Batch) -> None:
        """Count what was read from the block, and beside it what became of it."""
        block, counts = batch.block, self.counts
        codes = Counter(reject.code for reject in batch.rejects)
        lost = codes["blank_line"]
        counts.read += len(block.lines) + len(block.faults) + lost + codes[CONTINUED]
        counts.blank += len(block.blanks) - lost
        counts.rejected += len(batch.rejects)
        counts.kept += len(batch.lines)

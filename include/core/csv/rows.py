"""A CSV file as typed rows and rejects: one pass, every row accounted for, memory flat.

The reader yields rejects as it meets them, and a fault of the whole file may show only at its
end: apply nothing before the last row is read.
"""

from __future__ import annotations

from itertools import compress
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

from include.contracts.constraints import CODES
from include.core.csv.faults import CONTINUED, Counts, Fault, Reject, lines_of
from include.core.csv.header import Header, given_header, read_header, refuse_other_delimiter
from include.core.csv.layout import Batch, LayoutCheck
from include.core.csv.opening import open_records
from include.core.csv.spans import Shape
from include.core.csv.text import MARK
from include.core.csv.values import ColumnReader
from include.core.csv.windows_1252 import Windows1252Suspicion
from include.errors import AccountingError, InputFileError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from include.contracts.columns import Column
    from include.contracts.files import CsvContract
    from include.core.csv.layout import Bad
    from include.core.csv.opening import Opened
    from include.core.csv.records import Block

    Values = tuple[str | None, ...]

_LOOK_AHEAD: Final = 50
"""Rows searched for the header when it is not where it should be."""

_CONSTRAINTS: Final = frozenset(CODES.values())


class TypedBlock:
    """Rows that were read together.

    Attributes:
        lines: where each kept row begins.
        columns: the canonical values, one list a column.
        rejects: in the order of their lines.
    """

    __slots__ = ("columns", "lines", "rejects")

    def __init__(
        self, lines: Sequence[int], columns: list[list[str | None]], rejects: list[Reject]
    ) -> None:
        self.lines, self.columns, self.rejects = lines, columns, rejects


def read_rows(path: Path, *, name: str, contract: CsvContract) -> CsvRows:
    """Open a CSV file and hold its header against its contract.

    Arguments:
        path: where the file is; gzip if name ends in .gz.
        name: what its owner calls it.
        contract: how it is written and which rows are wanted.

    Returns an iterator of kept rows, (line, canonical values), and of Reject. Iterating raises
    InputFileError as opening does: some faults show only at the end.

    Raises:
        InputFileError: the file or its header breaks the contract.
    """
    return CsvRows(path, name=name, contract=contract)


class CsvRows:
    """The rows of one file, to be iterated once.

    Attributes:
        columns: what each row's values are, in order: those of the contract, then added ones.
        counts: grows while rows are read.
    """

    def __init__(self, path: Path, *, name: str, contract: CsvContract) -> None:
        self._contract = contract
        opened = open_records(path, name=name, contract=contract)
        self._syntax = opened.syntax
        self._header, lines = _find_header(opened, name=name, contract=contract)
        self._plan = [
            (column, place, ColumnReader(column, contract=contract, syntax=self._syntax))
            for column, place in zip(self._header.columns, self._header.positions, strict=True)
        ]
        self._layout = LayoutCheck(name=name, header=self._header, syntax=self._syntax)
        self._suspicion = Windows1252Suspicion(name=name, encoding=contract.encoding)
        places = {column.name: place or 0 for column, place, _ in self._plan}
        self._only = [(places[column], value) for column, value in contract.only]
        self.columns: tuple[Column, ...] = self._header.columns
        self.counts = Counts()
        shape = Shape(
            names=self._header.names,
            line_ends=frozenset(
                place for column, place, _ in self._plan if column.line_ends and place is not None
            ),
            reads=self._reads,
        )
        self._records = opened.below(lines, shape)

    def __iter__(self) -> Iterator[tuple[int, Values] | Reject]:
        for block in self.blocks():
            rows = zip(block.lines, zip(*block.columns, strict=True), strict=True)
            if not block.rejects:
                yield from rows
                continue
            either: list[Any] = [*rows, *block.rejects]
            either.sort(key=lambda item: item.line if isinstance(item, Reject) else item[0])
            yield from either

    def blocks(self) -> Iterator[TypedBlock]:
        """Yield the rows column by column, some thousands at a time: several times faster."""
        for block in self._records.blocks():
            yield self._typed(block)
        self._layout.check_end()
        self._suspicion.check()

    def raws(self, lines: Iterable[int]) -> Iterator[tuple[int, str]]:
        """Yield the rows at the given lines as they stand in the file, instead of typed rows.

        Raises:
            AccountingError: no row begins on one of them.
        """
        wanted = iter(lines)
        line = next(wanted, None)
        for block in self._records.blocks() if line is not None else ():
            rows = block.records or zip(*block.columns, strict=True)
            for number, cells in zip(block.lines, rows, strict=True):
                if number == line:
                    yield number, self._syntax.delimiter.join(cells)
                    line = next(wanted, None)
            if line is None:
                return
        if line is not None:
            raise AccountingError(f"no row begins on line {line}, where one was read before")

    def _reads(self, cells: list[str]) -> bool:
        """Tell whether cells, as many as the header has, are values of their columns' types.

        A row that breaks a constraint is to be rejected, so it may not vanish in a cell either.
        """
        values = (
            reader.read([cells[place]], quoted=True, size=len(cells[place]))[0][0]
            for _, place, reader in self._plan
            if place is not None
        )
        return all(not isinstance(value, Fault) or value.code in _CONSTRAINTS for value in values)

    def _typed(self, block: Block) -> TypedBlock:
        """Take a block through all checks; each is cheap for a block without faults."""
        batch = Batch(block, delimiter=self._syntax.delimiter)
        counts = self.counts
        counts.read += len(block.lines) + len(block.faults)
        lost = self._layout.look(block, batch)
        counts.blank += len(block.blanks) - lost
        counts.read += lost
        if block.text:
            self._suspicion.note_text(block.text)
        if self._only and batch.lines:
            self._filter(batch)
        if block.dirty and (bad := self._undecodable(batch)):
            batch.reject(bad)
        columns = self._values(batch, block)
        counts.read += sum(reject.code == CONTINUED for reject in batch.rejects)
        counts.rejected += len(batch.rejects)
        counts.kept += len(batch.lines)
        batch.rejects.sort(key=attrgetter("line"))
        return TypedBlock(batch.lines, columns, batch.rejects)

    def _filter(self, batch: Batch) -> None:
        """Drop the rows that the contract does not want, before any value is read."""
        text = self._syntax.text
        for place, wanted in self._only:
            stay = [cell == wanted or text(cell) == wanted for cell in batch.columns[place]]
            if not all(stay):
                self.counts.filtered += stay.count(False)
                batch.keep(stay)

    def _undecodable(self, batch: Batch) -> Bad:
        """Find rows with NUL or an undecodable byte in any cell, read or not."""
        bad: Bad = {}
        for index, line in enumerate(batch.lines):
            raw = batch.raw(index)
            marked = MARK.search(raw) is not None
            if marked:
                self._suspicion.note_row(line, raw)
            if not marked and "\0" not in raw:
                continue
            cells = batch.cells(index)
            place = next(i for i, cell in enumerate(cells) if "\0" in cell or MARK.search(cell))
            code = "bad_encoding" if MARK.search(cells[place]) else "nul"
            bad[index] = (self._header.column_at(place), Fault(code))
        return bad

    def _values(self, batch: Batch, block: Block) -> list[list[str | None]]:
        """Read the cells of all columns, and reject the rows where one is no value."""
        columns: list[Any] = []
        bad: Bad = {}
        for column, place, reader in self._plan:
            if place is None or not batch.lines:
                columns.append([None] * len(batch.lines))
                continue
            cells = batch.columns[place]
            values, faults = reader.read(cells, quoted=block.quoted, size=block.size)
            columns.append(values)
            for index in faults:
                fault = values[index]
                if isinstance(fault, Fault):
                    bad.setdefault(index, (column.name, fault))
        if bad:
            self._layout.look_at_misfits(batch, bad)
            stay = batch.reject(bad)
            columns = [list(compress(values, stay)) for values in columns]
        return columns


def read_raw(
    path: Path, *, lines: Iterable[int], name: str, contract: CsvContract
) -> Iterator[tuple[int, str]]:
    """Read a file again for the rows at the given lines, as they stand in it.

    Arguments:
        path: where the file is.
        lines: where the rows begin, ascending; each is one of a row that was kept.
        name: what its owner calls it.
        contract: how it is written.

    Returns line and raw text of each.

    Raises:
        AccountingError: no row begins on one of them.
    """
    yield from CsvRows(path, name=name, contract=contract).raws(lines)


def _find_header(opened: Opened, *, name: str, contract: CsvContract) -> tuple[Header, int]:
    """Find the header at the front of a file, and how many lines it takes: none if none is."""
    line, syntax = opened.line, opened.syntax
    block = next(filter(_has_lines, opened.records.blocks()), None)
    if block is None:
        raise InputFileError(
            file=name, line=line, problem="the file ends before its header", fix="Add the header"
        )
    if not contract.header:
        first = [syntax.text(cell) for cells in block.records[:1] for cell in cells]
        return given_header(first, name=name, line=line, contract=contract), 0
    for raw in (raw for began, _, raw in block.faults[:1] if began == line):
        refuse_other_delimiter(raw, name=name, line=line, contract=contract)
    if not block.records or block.lines[0] != line:
        raise InputFileError(
            file=name,
            line=line,
            problem="the line is no header: it is blank, too long, or breaks the quoting rules",
            fix="Put the header here, or declare preamble_lines",
        )
    rows = [[syntax.text(cell) for cell in cells] for cells in block.records[:_LOOK_AHEAD]]
    later = dict(zip(block.lines[1:], rows[1:], strict=False))
    header = read_header(rows[0], name=name, line=line, contract=contract, later=later)
    return header, len(lines_of(syntax.delimiter.join(block.records[0])))


def _has_lines(block: Block) -> bool:
    return bool(block.records or block.faults or block.blanks)

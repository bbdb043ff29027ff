"""A CSV file as typed rows and rejects: one pass, every row accounted for, memory flat.

The way down: `opening` gives records, `header` matches the first of them with the contract,
`checks` turns blocks of the others into typed rows. Rejects come as they are found, and a fault
of the whole file may show only at its end: apply nothing before the last row is read.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from include.core.csv.checks import RowChecks
from include.core.csv.faults import Reject
from include.core.csv.header import Header, given_header, read_header, refuse_other_delimiter
from include.core.csv.opening import open_records
from include.core.csv.plain import PlainRows
from include.core.csv.spans import Shape
from include.core.csv.text import lines_of
from include.errors import AccountingError, InputFileError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from include.contracts.files import CsvContract
    from include.core.csv.batch import TypedBlock
    from include.core.csv.faults import Counts
    from include.core.csv.opening import Opened
    from include.core.csv.records import Block, RecordReader
    from include.core.csv.syntax import Syntax

    Values = tuple[str | None, ...]

_LOOK_AHEAD: Final = 50
"""Rows searched for the header when it is not where it should be."""


def read_rows(path: Path, *, name: str, contract: CsvContract) -> CsvRows:
    """Open a CSV file and match its header with its contract.

    Arguments:
        path: where the file is; gzip if name ends in .gz.
        name: what its owner calls it.
        contract: how it is written and which rows are wanted.

    Raises:
        InputFileError: the file or its header breaks the contract.
    """
    opened = open_records(path, name=name, contract=contract)
    header, header_lines = _find_header(opened, name=name, contract=contract)
    checks = RowChecks(name=name, header=header, contract=contract, syntax=opened.syntax)
    shape = Shape(
        names=header.names,
        line_ends=frozenset(
            place
            for column, place in zip(header.columns, header.positions, strict=True)
            if column.line_ends and place is not None
        ),
        reads=checks.are_values,
    )
    records = opened.below(header_lines, shape)
    return CsvRows(records, checks, header=header, syntax=opened.syntax)


class CsvRows:
    """The rows of one file, to be iterated once.

    Iterating gives kept rows, (line, canonical values), and Rejects. It raises InputFileError
    as opening does: some faults show only at the end.

    Attributes:
        header: where the cell of each column is.
        syntax: how a line is cut into cells.
        columns: what each row's values are, in order: those of the contract, then added ones.
        counts: grows while rows are read.
        records: the rows as they are in the file, to be iterated instead.
    """

    def __init__(
        self, records: RecordReader, checks: RowChecks, *, header: Header, syntax: Syntax
    ) -> None:
        self.records, self.header, self.syntax, self._checks = records, header, syntax, checks
        self.columns = header.columns
        self.counts: Counts = checks.counts

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
        yield from map(self._checks.check, self.records.blocks())
        self._checks.finish()

    @contextmanager
    def set_aside(self, path: Path, *, limit: int) -> Iterator[PlainRows]:
        """Have blocks leave out plain rows, and write them to a file.

        They are the caller's to count, or to `check` with care.

        Arguments:
            path: the file.
            limit: bytes of a cell that is not too long for the contract.
        """
        with path.open("wb") as file:
            width = len(self.header.cells)
            self.records.plain = PlainRows(file, syntax=self.syntax, width=width, limit=limit)
            yield self.records.plain

    def check(self, block: Block) -> TypedBlock:
        """Check rows that were set aside."""
        return self._checks.check(block)


def read_raw(
    path: Path, *, lines: Iterable[int], name: str, contract: CsvContract
) -> Iterator[tuple[int, str]]:
    """Read a file again for the rows at the given lines, as they are in it.

    Arguments:
        path: where the file is.
        lines: where the rows begin, ascending; each is one of a row that was kept.
        name: what its owner calls it.
        contract: how it is written.

    Returns line and raw text of each.

    Raises:
        AccountingError: no row begins on one of them.
    """
    wanted = iter(lines)
    line = next(wanted, None)
    if line is None:
        return
    rows = read_rows(path, name=name, contract=contract)
    for block in rows.records.blocks():
        records = block.records or zip(*block.columns, strict=True)
        for number, cells in zip(block.lines, records, strict=True):
            if number == line:
                yield number, rows.syntax.delimiter.join(cells)
                line = next(wanted, None)
        if line is None:
            return
    raise AccountingError(f"no row begins on line {line}, where one was read before")


def _find_header(opened: Opened, *, name: str, contract: CsvContract) -> tuple[Header, int]:
    """Find the header at the front of a file, and how many lines it takes: none if none is."""
    line, syntax = opened.line, opened.syntax
    block = next(filter(_has_lines, opened.records.blocks()), None)
    if block is None and contract.header:
        raise InputFileError(
            file=name, line=line, problem="the file ends before its header", fix="Add the header"
        )
    if block is None or not contract.header:
        records = block.records[:1] if block else []
        first = [syntax.text(cell) for cells in records for cell in cells]
        return given_header(first, name=name, line=line, contract=contract), 0
    # a header that breaks the quoting rules may be one with another delimiter
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

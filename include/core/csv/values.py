"""Cells to canonical values: one reader a column, built once, fed a block's column at a time.

Values are as include/contracts/values.py writes them, None for null. A cell that is no value of
its column's type, or that breaks a constraint of its column, becomes a Fault.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from include.contracts.values import RANGES, canonical
from include.core.csv.constraints import ConstraintChecks
from include.core.csv.faults import Fault
from include.core.csv.parsers import parser_of
from include.core.csv.syntax import QUOTE
from include.core.csv.usual_numbers import usual_reader

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.contracts.columns import Column
    from include.contracts.files import CsvContract
    from include.core.csv.syntax import Syntax
    from include.core.csv.usual_numbers import Read

    Value = str | Fault | None
    Faults = dict[int, Fault]

# Cells repeat: dates and names of a file are few. Long ones rarely do, and cost memory.
_MEMO_CELLS: Final = 16_384
_MEMO_CELL_CHARACTERS: Final = 128
_MANY: Final = 16  # cells
_UTF_8_WIDEST: Final = 4  # bytes of one character


class ColumnReader:
    """Turns the cells of one column into canonical values.

    Arguments:
        column: its type and rules.
        contract: null tokens, field limit and key.
        syntax: what quotes mean.
    """

    def __init__(self, column: Column, *, contract: CsvContract, syntax: Syntax) -> None:
        self._nulls = frozenset(contract.null_tokens)
        self._null: Value = None
        if not column.nullable or column.name in contract.key:
            self._null = Fault("null")
        self._limit, self._unquoted = contract.max_field_bytes, syntax.text
        self._doubles_quotes = syntax.escape is None
        self._trim = column.trim
        self._checks = ConstraintChecks(column)
        self._range = _plain_range(column)
        self._safe_digits = _safe_digits(*self._range) if self._range else 0
        self._usual = None if column.trim else usual_reader(column)
        self._memo = None if column.type == "text" else _Memo(self._typed(column))

    def _typed(self, column: Column) -> Callable[[str], Value]:
        """Build the function that reads one raw cell of a column that is not text."""
        parse, expected = parser_of(column), _expected(column)
        broken = self._checks.fault if self._checks else None
        nulls, null, unquoted, trim = self._nulls, self._null, self._unquoted, self._trim

        def value(cell: str) -> Value:
            if trim:
                cell = _trimmed(cell)
            if cell in nulls:
                return null
            try:
                found = parse(unquoted(cell))
            except Fault as fault:
                return Fault(fault.code, expected.get(fault.code, ""))
            if found is None:
                return null
            return (broken(found) or found) if broken else found

        return value

    def read(self, cells: list[str], *, quoted: bool, size: int) -> tuple[list[Value], Faults]:
        """Read one column of a block.

        Arguments:
            cells: as they are in the file.
            quoted: whether any of them may hold a quote.
            size: characters that none of them exceeds.

        Returns the values, and the Faults among them by index.
        """
        if self._memo is None:
            return self._texts(cells, quoted=quoted, size=size)
        # most columns of whole numbers need no parser: their cells are canonical already
        if self._range and (
            _are_plain_digits(cells, self._safe_digits) or _are_canonical(cells, *self._range)
        ):
            return [*cells], {}
        if self._usual:
            self._learn(self._memo, self._usual, cells)
        values = list(map(self._memo.__getitem__, cells))
        return values, _faults_among(values) if self._memo.faulty else {}

    def _learn(self, memo: _Memo, usual: Read, cells: list[str]) -> None:
        """Read the cells together that the memo does not have, if they are many."""
        unlike = set(cells).difference(self._nulls)
        unknown = [cell for cell in unlike if cell not in memo]
        if len(unknown) < _MANY:
            return
        if len(memo) + len(unknown) >= _MEMO_CELLS:
            memo.clear()
            unknown = [*unlike]
        values = usual(unknown)
        if values and self._checks.all_hold(values):
            memo.update(zip(unknown, values, strict=True))

    def _texts(self, cells: list[str], *, quoted: bool, size: int) -> tuple[list[Value], Faults]:
        """Read a text column; the usual block has no null, no quote and no long cell."""
        if self._trim:
            cells = list(map(_trimmed, cells))
        values: list[Value] = [*cells]
        suspect = not self._nulls.isdisjoint(cells)
        # NUL is in no text, so that one pass over the joined cells does for all of them
        if quoted and self._doubles_quotes and '""' not in (joined := "\0".join(cells)):
            values = [*joined.replace('"', "").split("\0")] if cells else []
        elif quoted:
            values = list(map(self._unquoted, cells))
        if suspect:
            nulls, null = self._nulls, self._null
            pairs = zip(cells, values, strict=True)
            values = [null if cell in nulls else value for cell, value in pairs]
        if size * _UTF_8_WIDEST > self._limit:  # else no cell can be too long
            suspect = True
            values = [self._within_limit(value) for value in values]
        if self._checks and (broken := _broken(values, self._checks)):
            suspect = True
            values = [broken.get(value, value) for value in values]
        return values, _faults_among(values) if suspect else {}

    def _within_limit(self, value: Value) -> Value:
        if isinstance(value, str) and len(value.encode()) > self._limit:
            return Fault("field_too_long")
        return value


class _Memo(dict[str, "Value"]):
    """Remembers what short cells mean, a bounded number of them.

    Attributes:
        faulty: whether any cell ever was a Fault.
    """

    def __init__(self, read: Callable[[str], Value]) -> None:
        super().__init__()
        self._read = read
        self.faulty = False

    def __missing__(self, cell: str) -> Value:
        value = self._read(cell)
        self.faulty = self.faulty or value.__class__ is Fault
        if len(self) >= _MEMO_CELLS:
            self.clear()
        if len(cell) <= _MEMO_CELL_CHARACTERS:
            self[cell] = value
        return value


def _broken(values: list[Value], checks: ConstraintChecks) -> dict[Value, Fault]:
    """Find the texts that break a constraint; each is checked once, however often it occurs."""
    texts = [text for text in set(values) if isinstance(text, str)]
    if checks.all_hold(texts):
        return {}
    return {text: fault for text in texts if (fault := checks.fault(text))}


def _trimmed(cell: str) -> str:
    """Take white space off both ends of a cell, within its quotes."""
    return f'"{cell[1:-1].strip()}"' if cell[:1] == QUOTE else cell.strip()


def _plain_range(column: Column) -> tuple[int, int] | None:
    """Give the range in which any whole number is a value of the column, if there is one."""
    if column.type not in RANGES or column.enum:
        return None
    lowest, highest = RANGES[column.type]
    if column.minimum is not None:
        lowest = int(canonical(column, column.minimum))
    if column.maximum is not None:
        highest = int(canonical(column, column.maximum))
    return lowest, highest


def _safe_digits(lowest: int, highest: int) -> int:
    """Give the number of digits of which any are in the range; 0 if there is none."""
    return len(str(highest)) - 1 if lowest <= 0 <= highest else 0


def _are_plain_digits(cells: list[str], most: int) -> bool:
    """Check whether all cells are one to so many digits without leading zeros, cheaply."""
    lengths = set(map(len, cells))
    return (
        0 not in lengths
        and max(lengths, default=0) <= most
        and (digits := "".join(cells)).isascii()
        and digits.isdigit()
        and ("," + ",".join(cells)).count(",0") == cells.count("0")
    )


def _are_canonical(cells: list[str], lowest: int, highest: int) -> bool:
    """Check whether all cells are whole numbers in range, written as Python would."""
    try:
        numbers = list(map(int, cells))
    except ValueError:
        return False
    in_range = not numbers or (min(numbers) >= lowest and max(numbers) <= highest)
    return in_range and list(map(str, numbers)) == cells


def _faults_among(values: list[Value]) -> Faults:
    return {index: value for index, value in enumerate(values) if isinstance(value, Fault)}


def _expected(column: Column) -> dict[str, str]:
    """Say for each code what a column asks of its cells beyond its type."""
    separators = f"decimal_char {column.decimal_char!r}, group_char {column.group_char!r}"
    spellings = ", ".join((*column.true_values, *column.false_values))
    formats = ", ".join(column.formats)
    return {
        "not_an_integer": separators if column.group_char else "",
        "not_a_number": separators if column.group_char or column.decimal_char != "." else "",
        "not_a_boolean": spellings,
        "not_a_date": formats,
        "not_a_timestamp": formats,
    }

"""Records that span lines: kept, given up at their first line, or refused with their file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.core.csv.syntax import QUOTE
from include.core.csv.text import lines_of
from include.errors import InputFileError

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.core.csv.syntax import Syntax


@dataclass(frozen=True, kw_only=True)
class Shape:
    """What the rows below a header have in common.

    Attributes:
        names: the names of the header, one for each cell of a row.
        line_ends: places of the cells that may hold lines of any kind.
        reads: checks whether cells, one for each name, are values of their columns.
    """

    names: tuple[str, ...]
    line_ends: frozenset[int]
    reads: Callable[[list[str]], bool]


class SpanCheck:
    """Distinguishes a cell with line ends from rows that a missing or stray quote has swallowed.

    A line is like a row if it would be one by itself: cut at each delimiter, quotes aside, it
    has as many cells as the header, and they are values of their columns.

    Arguments:
        name: what the file's owner calls it.
        syntax: how a line is cut into cells.
        shape: what a row is like.
    """

    def __init__(self, *, name: str, syntax: Syntax, shape: Shape) -> None:
        self._name, self._syntax, self._shape = name, syntax, shape

    def fault(self, line: int, record: str, cells: list[str] | None) -> str | None:
        """Judge a record that begins on a line and ends on a later one.

        A record that breaks the contract is given up at its first line, and reading goes on at
        the next. That loses no row and makes none up, as long as no line inside is like one.

        Arguments:
            line: where it begins.
            record: its text.
            cells: what the text is cut into; None if it breaks the quoting rules.

        Returns the code of its fault, None for a good one.

        Raises:
            InputFileError: lines inside are like rows.
        """
        width = len(self._shape.names)
        if cells is not None and len(cells) == width:
            self._look_at_cells(line, lines_of(record), cells)
            return None
        if any(map(self._is_like_a_row, lines_of(record)[1:-1])):
            raise self._swallowed(line, "a quoted cell")
        if cells is None:
            return "unescaped_quote"
        return "too_few_columns" if len(cells) < width else "too_many_columns"

    def _look_at_cells(self, line: int, lines: list[str], cells: list[str]) -> None:
        at = 0
        for place, cell in enumerate(cells):
            parts = lines_of(cell)
            ends = at + len(parts) - 1
            free = at == ends or place in self._shape.line_ends
            if not free and self._holds_rows(parts[1:-1], ends=(lines[at], lines[ends])):
                name = self._shape.names[place]
                raise self._swallowed(line + at, f"a quoted cell of column {name!r}")
            at = ends

    def _holds_rows(self, inside: list[str], *, ends: tuple[str, str]) -> bool:
        """Check whether half of the lines inside a cell are like rows.

        Where none is inside, the line where the cell begins and the one where it ends are both
        to be like rows.
        """
        filled = list(filter(None, inside))
        if not filled:
            return all(map(self._is_like_a_row, ends))
        return 2 * sum(map(self._is_like_a_row, filled)) >= len(filled)

    def _is_like_a_row(self, line: str) -> bool:
        cells = line.split(self._syntax.delimiter)
        return len(cells) == len(self._shape.names) and self._shape.reads(
            [cell if self._is_well_quoted(cell) else cell.replace(QUOTE, "") for cell in cells]
        )

    def _is_well_quoted(self, cell: str) -> bool:
        return QUOTE not in cell or self._syntax.split(cell) is not None

    def _swallowed(self, line: int, cell: str) -> InputFileError:
        return InputFileError(
            file=self._name,
            line=line,
            problem=f"{cell} begins on this line and holds lines that look like rows",
            fix='Close the quote, or double it ("") where it is part of the text. If cells of the '
            "column may hold such lines, declare line_ends for it in the contract",
        )

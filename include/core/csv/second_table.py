"""A second table in the same file, found by its header."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.contracts.names import is_name
from include.errors import InputFileError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from include.core.csv.batch import Batch
    from include.core.csv.header import Header
    from include.core.csv.syntax import Syntax


class SecondTable:
    """Refuses a file at the line where a second table begins.

    Its header has at least two cells, all distinct, all names that begin with a letter. Either
    it has another width than the table, and the row after it has that width too and is no such
    header; or it follows a blank line, where at least two columns are not text and so
    cannot hold names.

    Arguments:
        name: what the file's owner calls it.
        header: the file's.
        syntax: how a line is cut into cells.
    """

    def __init__(self, *, name: str, header: Header, syntax: Syntax) -> None:
        self._name, self._text = name, syntax.text
        self._holds_values = sum(column.type != "text" for column in header.columns) > 1
        self._found: tuple[int, int, int] | None = None  # ordinal, width and line of a header

    def check_misfit(self, ordinal: int, cells: list[str], line: int) -> None:
        """Look at a row of another width than the table's, number so many of the file."""
        is_header = self._is_header(cells)
        if not is_header and self._found and self._found[:2] == (ordinal - 1, len(cells)):
            raise self._error(self._found[2])
        self._found = (ordinal, len(cells), line) if is_header else None

    def check_values(self, batch: Batch, indexes: Iterable[int]) -> None:
        """Look at the rows of a batch whose cells are no values of their columns."""
        for index in indexes if self._holds_values else ():
            line = batch.lines[index]
            if line - 1 in batch.blanks and self._is_header(batch.cells(index)):
                raise self._error(line)

    def _is_header(self, cells: list[str]) -> bool:
        names = [self._text(cell) for cell in cells]
        return (
            len(names) > 1
            and len(set(names)) == len(names)
            and all(name[:1].isalpha() and is_name(name) for name in names)
        )

    def _error(self, line: int) -> InputFileError:
        return InputFileError(
            file=self._name,
            line=line,
            problem="a second table begins here",
            fix="Put each table in a file of its own",
        )

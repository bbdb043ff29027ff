"""Where a record's cells begin and end, and what text they stand for.

Cells stay as they are in the file, quotes included, so that the bare empty cell and the
quoted one remain apart, and so that joining cells by the delimiter gives the row's raw text.
Format: https://www.rfc-editor.org/rfc/rfc4180, with any line end.
"""

from __future__ import annotations

import operator
import re
from typing import Final

QUOTE: Final = '"'
_ends_line: Final = operator.methodcaller("endswith", "\n")


class Syntax:
    """How cells are told apart on a line.

    Arguments:
        delimiter: one character.
        escape: the character that escapes a quote beside doubling it, or None.
    """

    def __init__(self, *, delimiter: str, escape: str | None) -> None:
        self.delimiter, self.escape = delimiter, escape
        comma = re.escape(delimiter)
        inner, pair = '[^"]*', '""'  # inside quotes: other characters, and escaped quotes
        if escape is not None:
            backslash = re.escape(escape)
            inner, pair = f'[^"{backslash}]*', f'(?:""|{backslash}[\\s\\S])'
        inside = f"{inner}(?:{pair}{inner})*"
        opened = f'"{inside}'
        cell = f'(?:{opened}"|[^"{comma}]*)'
        # the second half swallows what follows a fault, so that one is found in linear time
        self._cells = re.compile(f"({cell}){comma}|[\\s\\S]+")
        self._ended_cells = re.compile(f'((?:[^"{comma}\n]*|{opened}")[{comma}\n])|[\\s\\S]+')
        self._open = re.compile(f"(?:{cell}{comma})*{opened}")
        self._inside = re.compile(inside)
        doubled = '"(?=")'
        if escape is not None:
            doubled += f'|{re.escape(escape)}(?=["{re.escape(escape)}])'
        self._escaped = re.compile(f"(?:{doubled})(.)")

    def split(self, record: str) -> list[str] | None:
        """Cut a record into its cells as they are; None if it breaks the quoting rules."""
        cells: list[str] = self._cells.findall(record + self.delimiter)
        whole = sum(map(len, cells)) + len(cells) == len(record) + 1
        return cells if whole else None

    def split_bare(self, record: str) -> list[str]:
        """Cut a record without any quote into its cells."""
        return record.split(self.delimiter)

    def columns(self, text: str, width: int) -> list[list[str]]:
        """Cut text whose records are all one line of the given width into columns.

        Returns nothing if the text is not like that. Every line must end in a line feed.
        """
        if width == 1 and (text.startswith("\n") or "\n\n" in text):
            return []  # a blank line is no row, and here it would look like one
        columns = [] if self.escape else self._simple_columns(text, width)
        if columns:
            return columns
        rows = text.count("\n")
        cells: list[str] = self._ended_cells.findall(text)
        lasts = cells[width - 1 :: width]
        if len(cells) != rows * width or "" in cells or not all(map(_ends_line, lasts)):
            return []
        return [[cell[:-1] for cell in cells[place::width]] for place in range(width)]

    def bare_columns(self, lines: list[str], width: int) -> list[list[str]]:
        """Cut lines without any quote into columns; none if one has not so many cells."""
        return _columns(self._bare_cells(lines, width), width)

    def _bare_cells(self, lines: list[str], width: int) -> list[str]:
        """Cut lines into their cells, and a line feed after those of each line but the last."""
        delimiter, step = self.delimiter, width + 1
        # a line end between lines is a cell that no line can hold: it shows every line's width
        cells = f"{delimiter}\n{delimiter}".join(lines).split(delimiter)
        whole = len(cells) == step * len(lines) - 1
        return cells if whole and cells[width::step].count("\n") == len(lines) - 1 else []

    def _simple_columns(self, text: str, width: int) -> list[list[str]]:
        """Cut text whose quoted cells have no quote inside, several times faster than others."""
        parts = text.split(QUOTE)
        inside = parts[1::2]
        lines = QUOTE.join(parts[::2]).split("\n")  # where a quoted cell was, a quote is left
        cells = self._bare_cells(lines[:-1], width)
        # Each of those quotes is a cell by itself, and no quoted cell has a line end.
        if cells.count(QUOTE) != len(inside) or len(lines) - 1 != text.count("\n"):
            return []
        quoted = iter(inside)
        cells = [f'"{next(quoted)}"' if cell == QUOTE else cell for cell in cells]
        return _columns(cells, width)

    def is_open(self, line: str) -> bool:
        """Check whether a line, its end included, stops inside a quoted cell."""
        return self._open.fullmatch(line) is not None

    def is_inside(self, line: str) -> bool:
        """Check whether a line, its end included, is all inside a quoted cell."""
        return self._inside.fullmatch(line) is not None

    def text(self, cell: str) -> str:
        """Give the text that a cell stands for: without its quotes and escapes."""
        if not cell.startswith(QUOTE):
            return cell
        inner = cell[1:-1]
        if self.escape is None:
            return inner.replace('""', QUOTE)
        return self._escaped.sub(r"\1", inner)


def _columns(cells: list[str], width: int) -> list[list[str]]:
    """Sort the cells of lines by column; after each line's stands one that is of none."""
    return [cells[place :: width + 1] for place in range(width)] if cells else []

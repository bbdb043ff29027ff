"""Where a file's records begin and what its delimiter is, from its first lines.

Excel writes the delimiter into a first line of its own, "sep=;":
https://support.microsoft.com/en-us/office/import-or-export-text-txt-or-csv-files-5250ac4c-663c-47ce-937b-339e391393ba
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from include.core.csv.names import could_be_names
from include.core.csv.syntax import QUOTE, Syntax
from include.errors import InputFileError

if TYPE_CHECKING:
    from include.contracts.files import CsvContract

DELIMITERS: Final = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a vertical bar"}
SAMPLE_LINES: Final = 60

_HINT: Final = re.compile(r'(?P<quote>"?)sep=(?P<delimiter>[^\w\s"]|\t)(?P=quote)', re.IGNORECASE)
_MANY_TIMES: Final = 3
"""Of two delimiters, one that is so many times as frequent makes the other punctuation."""

_NEAR: Final = 0.2
"""Shares of rows that fit differ by less where a few broken rows are the reason."""

_PREAMBLE_LINES: Final = 20
"""Lines searched for a header that is not where it should be."""

Rows = list[tuple[int, list[str]]]


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """How a file is cut into records and cells.

    Attributes:
        delimiter: one character.
        skip: physical lines before the header, or before the first row.
    """

    delimiter: str
    skip: int


def called(delimiter: str) -> str:
    """Name a delimiter for people."""
    return DELIMITERS.get(delimiter, repr(delimiter))


def find_dialect(head: str, *, whole: bool, name: str, contract: CsvContract) -> Dialect:
    """Find out how a file is cut, from the contract and the file's first lines.

    Of the delimiters that cut the header, the one that cuts most of the first rows into as many
    cells is taken. One that is always followed by a blank is punctuation beside one that is
    not, and so is one that is much rarer. A file without any has one column.

    Arguments:
        head: the file's beginning, without a byte-order mark.
        whole: whether that is all of it.
        name: what the file's owner calls it.
        contract: what the file should be.

    Raises:
        InputFileError: two delimiters would do equally well; the file is cut by another one than
            its contract or its own first line says; or its header is further down.
    """
    lines = list(islice(io.StringIO(head, newline=""), contract.preamble_lines + SAMPLE_LINES))
    if not whole and len(lines) > 1 and not lines[-1].endswith(("\n", "\r")):
        lines.pop()  # it is cut
    hint = _HINT.fullmatch(lines[0].rstrip("\r\n")) if lines else None
    if hint and contract.delimiter not in (None, hint["delimiter"]):
        raise InputFileError(
            file=name,
            line=1,
            problem=f"the file says that its delimiter is {called(hint['delimiter'])}, and its "
            f"contract that it is {called(contract.delimiter or '')}",
            fix="Declare the one that the file has, or save the file with the declared one",
        )
    skip = max(contract.preamble_lines, 1) if hint else contract.preamble_lines
    delimiter = hint["delimiter"] if hint else contract.delimiter
    if contract.delimiter is None or contract.unknown_columns == "add":
        search = _Search(lines, skip=skip, name=name, contract=contract)
        delimiter = search.find(delimiter)
    return Dialect(delimiter=delimiter or ",", skip=skip)


class _Search:
    """Tries delimiters on the first lines of a file.

    Arguments:
        lines: as they are, with line ends.
        skip: how many of them are before the header.
        name: what the file's owner calls it.
        contract: what the file should be.
    """

    def __init__(self, lines: list[str], *, skip: int, name: str, contract: CsvContract) -> None:
        self._lines, self._skip, self._name, self._contract = lines, skip, name, contract
        self._wanted = {column.header or column.name for column in contract.columns}

    def find(self, stated: str | None) -> str:
        """Give the delimiter, a comma where there is none to be seen.

        Arguments:
            stated: what the contract or the file itself says that it is.
        """
        found = self._cutting()
        if stated is None or stated in found or not found:
            delimiter = stated or (self._best(found) if found else ",")
            if self._contract.header:
                self._refuse_header_below(found.get(delimiter))
            return delimiter
        raise self._fault(
            f"the delimiter is not the declared one, {called(stated)}: "
            f"it looks like {called(next(iter(found)))}",
            "Declare it in the contract, or save the file with the declared one",
        )

    def _cutting(self) -> dict[str, Rows]:
        """The delimiters that cut the header, with the rows that each makes of all lines."""
        found = {}
        for delimiter in DELIMITERS:
            if delimiter in "".join(self._lines[self._skip : self._skip + 1]):
                rows = self._rows(delimiter)
                if rows and len(rows[0][1]) > 1:
                    found[delimiter] = rows
        return found

    def _rows(self, delimiter: str) -> Rows:
        """Cut lines into rows, with the line of each; none if the first has a quoting fault."""
        syntax = Syntax(delimiter=delimiter, escape=self._contract.escape)
        rows: Rows = []
        opened, began = "", 0
        for line, text in enumerate(self._lines[self._skip :], start=self._skip + 1):
            if opened and (QUOTE not in text or syntax.is_open(QUOTE + text)):
                opened += text
                continue
            record, began = (opened + text, began) if opened else (text, line)
            opened = ""
            cells = syntax.split(record.rstrip("\r\n"))
            if cells is None and syntax.is_open(record):
                opened = record
            elif cells is None and not rows:
                return []
            elif record.strip("\r\n"):
                rows.append((began, [syntax.text(cell) for cell in cells or []]))
        return rows

    def _best(self, found: dict[str, Rows]) -> str:
        known = {one: len(self._wanted.intersection(rows[0][1])) for one, rows in found.items()}
        found = {one: rows for one, rows in found.items() if known[one] == max(known.values())}
        shares = {delimiter: _share(rows) for delimiter, rows in found.items()}
        least = max(shares.values()) - _NEAR
        rest = {one: rows for one, rows in found.items() if shares[one] >= least}
        tables = {one: rows for one, rows in rest.items() if not _is_punctuation(one, rows)}
        rest = tables or rest
        counts = {one: len(rows[0][1]) - 1 for one, rows in rest.items()}
        most = max(counts.values())
        rest = {one: rows for one, rows in rest.items() if counts[one] * _MANY_TIMES > most}
        if len(rest) > 1:
            raise self._fault(
                f"{' and '.join(map(called, rest))} would do equally well as the delimiter",
                "Quote the cells that hold one of them, or declare the delimiter in a contract",
            )
        return next(iter(rest))

    def _refuse_header_below(self, found: Rows | None) -> None:
        """Raise if the first line is none of the table that begins further down.

        Arguments:
            found: the rows that the delimiter makes, None where it does not cut the first line.
        """
        if found and _share(found):
            return
        for rows in map(self._rows, DELIMITERS):
            line = _header_below(rows)
            if line:
                raise self._fault(
                    f"the header seems to be on line {line}",
                    f"Remove the lines before it, or declare preamble_lines = {line - 1} "
                    "in the contract",
                )

    def _fault(self, problem: str, fix: str) -> InputFileError:
        return InputFileError(file=self._name, line=self._skip + 1, problem=problem, fix=fix)


def _share(rows: Rows) -> float:
    """Of the rows after the first, how many have its width."""
    wanted = len(rows[0][1])
    return sum(len(cells) == wanted for _, cells in rows[1:]) / (len(rows) - 1 or 1)


def _is_punctuation(delimiter: str, rows: Rows) -> bool:
    """Check whether a blank follows each of the delimiters, as in a list of words."""
    return delimiter != "\t" and all(
        cell.startswith(" ") for _, cells in rows for cell in cells[1:]
    )


def _header_below(rows: Rows) -> int | None:
    """Find the line of a header that all further rows have the width of, but no line before."""
    widths = [len(cells) for _, cells in rows]
    # a comment needs no row below the header, any other line does
    last = len(rows) if rows and rows[0][1][0].startswith("#") else len(rows) - 1
    for index in range(1, min(last, _PREAMBLE_LINES)):
        width = widths[index]
        if width > 1 and set(widths[index:]) == {width} and width not in widths[:index]:
            return rows[index][0] if could_be_names(rows[index][1]) else None
    return None

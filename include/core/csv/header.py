"""The header of a file matched with its contract: where each column's cells are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.contracts.columns import Column
from include.contracts.names import code_of, shown_name
from include.core.csv.dialect import DELIMITERS
from include.core.csv.headless import is_comment, looks_like_data
from include.core.csv.names import control_in, could_be_names, folded, near_miss
from include.core.csv.text import MARK
from include.errors import InputFileError

if TYPE_CHECKING:
    from include.contracts.files import CsvContract


@dataclass(frozen=True, kw_only=True)
class Header:
    """Which columns come out of a file, and where in a row they are.

    Attributes:
        cells: the file's header, unquoted.
        names: those cells without blanks around them, and with names for those without any.
        columns: those of the contract in its order, then added ones in the file's order.
        positions: the cell of each column; None for an optional one that the file lacks.
    """

    cells: tuple[str, ...]
    names: tuple[str, ...]
    columns: tuple[Column, ...]
    positions: tuple[int | None, ...]

    def column_at(self, place: int) -> str:
        """Give the name of the column at a place in the row, its SQL name if it has one."""
        if place in self.positions:
            return self.columns[self.positions.index(place)].name
        return self.names[place]


def read_header(
    cells: list[str], *, name: str, line: int, contract: CsvContract, later: dict[int, list[str]]
) -> Header:
    """Match a file's header names with the contract's columns.

    Arguments:
        cells: the header's, unquoted.
        name: what the file's owner calls it.
        line: where the header is.
        contract: what the file should be.
        later: the first rows after the header by their lines.

    Raises:
        InputFileError: the header breaks the contract, or is no header.
    """
    check = _HeaderCheck(name=name, line=line, contract=contract, later=later)
    names = [cell.strip() for cell in cells]
    check.refuse_undecoded(names)
    check.refuse_missing(names)
    check.refuse_controls(names)
    check.refuse_data(names)
    names = check.name_blanks(names)
    check.refuse_doubled(names)
    wanted = [header_of(column) for column in contract.columns]
    places = {found: place for place, found in enumerate(names)}
    unknown = [found for found in names if found not in wanted]
    added = check.added_among(unknown)
    return Header(
        cells=tuple(cells),
        names=tuple(names),
        columns=(*contract.columns, *(Column(name=found, type="text") for found in added)),
        positions=(*map(places.get, wanted), *map(places.get, added)),
    )


def given_header(first: list[str], *, name: str, line: int, contract: CsvContract) -> Header:
    """Give the names of the contract to a file without a header, by position.

    Arguments:
        first: the cells of the first row, unquoted.
        name: what the file's owner calls it.
        line: where that row is.
        contract: what the file should be.

    Raises:
        InputFileError: the first row is a header after all.
    """
    names = [header_of(column) for column in contract.columns]
    if [cell.strip().casefold() for cell in first] == [one.casefold() for one in names]:
        raise InputFileError(
            file=name,
            line=line,
            problem="the first row holds the columns' names, but the contract says that the file "
            "has no header",
            fix="Declare header=True in the contract, or remove the row",
        )
    return Header(
        cells=tuple(names),
        names=tuple(names),
        columns=contract.columns,
        positions=tuple(range(len(names))),
    )


def refuse_other_delimiter(raw: str, *, name: str, line: int, contract: CsvContract) -> None:
    """Raise InputFileError if a header that breaks the quoting rules fits another delimiter."""
    check = _HeaderCheck(name=name, line=line, contract=contract, later={})
    check.refuse_other_delimiter([raw], found=0)


def header_of(column: Column) -> str:
    """Give the name that a column has in the file, without blanks around it."""
    return (column.header or column.name).strip()


class _HeaderCheck:
    """Raises InputFileError for a header that breaks the contract.

    A name that is no near miss of a declared one is named by its place: it may be a row's value.
    """

    def __init__(
        self, *, name: str, line: int, contract: CsvContract, later: dict[int, list[str]]
    ) -> None:
        self._name, self._line, self._contract, self._later = name, line, contract, later
        self._wanted = {header_of(column) for column in contract.columns}

    def _error(self, problem: str, fix: str) -> InputFileError:
        return InputFileError(file=self._name, line=self._line, problem=problem, fix=fix)

    def _below(self, line: int, problem: str) -> InputFileError:
        """Say that the header is further down."""
        return self._error(
            f"{problem}: the header seems to be on line {line}",
            f"Remove the lines before it, or declare preamble_lines = {line - 1} in the contract",
        )

    def refuse_undecoded(self, names: list[str]) -> None:
        """Raise for a byte that the encoding does not have."""
        for place, name in enumerate(names, start=1):
            undecoded = MARK.search(name)
            if undecoded:
                raise self._error(
                    f"column {place} of the header is not {self._contract.encoding}: "
                    f"it holds the byte 0x{ord(undecoded[0]) & 0xFF:02X}",
                    "Save the file as UTF-8, or declare its encoding in the contract, such as "
                    'encoding="cp1252"',
                )

    def refuse_controls(self, names: list[str]) -> None:
        """Raise for a character that no name may hold."""
        for place, name in enumerate(names, start=1):
            control = control_in(name)
            if control:
                raise self._error(
                    f"column {place} of the header holds the control character {code_of(control)}",
                    "Remove it from the name",
                )

    def refuse_missing(self, names: list[str]) -> None:
        """Raise for a missing column, with the likeliest cause."""
        needed = {*self._contract.key, *(column for column, _ in self._contract.only)}
        missing = [
            header_of(column)
            for column in self._contract.columns
            if (column.required or not column.nullable or column.name in needed)
            and header_of(column) not in names
        ]
        if not missing:
            return
        found = len(self._wanted.intersection(names))
        self.refuse_other_delimiter(names, found=found)
        for line, row in self._later.items():
            if found == 0 and self._wanted.intersection(map(str.strip, row)):
                raise self._below(line, "the line holds no declared column")
        free = [one for one in names if one not in self._wanted]
        misses = {one: near_miss(one, free) for one in missing}
        shown = "; ".join(misses[one] or f"`{one}` is not there" for one in missing[:5])
        if found == 0 and not any(misses.values()):
            raise self._error(
                "the line holds none of the declared columns: there is no header here",
                f"Put a header with the required columns here ({', '.join(missing[:5])})",
            )
        raise self._error(
            f"required columns are missing ({', '.join(missing[:5])}): {shown}",
            "Name them so in the file, or make them optional in the contract",
        )

    def refuse_other_delimiter(self, names: list[str], *, found: int) -> None:
        """Raise if cutting the line by another delimiter finds more declared columns."""
        declared = self._contract.delimiter
        if declared is None:
            return
        line = declared.join(names)
        for delimiter, called in DELIMITERS.items():
            cells = [cell.strip().strip('"') for cell in line.split(delimiter)]
            if delimiter != declared and len(self._wanted.intersection(cells)) > found:
                raise self._error(
                    f"the delimiter is not the declared one: it looks like {called}",
                    "Declare it in the contract, or save the file with the declared one",
                )

    def refuse_data(self, names: list[str]) -> None:
        """Raise if any names would do, and these are rather a row's values."""
        if self._contract.unknown_columns != "add" or self._wanted.intersection(names):
            return
        rows = list(self._later.values())
        if is_comment(names, rows):
            raise self._below(next(iter(self._later)), "the line is a comment")
        if looks_like_data(names, rows):
            raise self._error(
                "the first row looks like data (a name is a number like the cells below it, or "
                "a value that its column repeats), so that there is no header",
                "Put a header before it, or declare header=False and the columns in a contract",
            )

    def name_blanks(self, names: list[str]) -> list[str]:
        """Name the columns that have no name by their place, where any name would do."""
        blank = [place for place, name in enumerate(names, start=1) if not name]
        if not blank:
            return names
        strict = self._contract.unknown_columns == "error"
        rows = list(self._later.values())
        lacking = bool(rows) and all(len(row) != len(names) for row in rows)
        if blank[-1] == len(names) > 1 and (strict or lacking):
            raise self._error(
                f"column {len(names)} of the header has no name: the line ends in a delimiter",
                "Remove that delimiter",
            )
        title = 2 * len(blank) > len(names) > 1 and rows and could_be_names(rows[0])
        if strict or title:
            raise self._error(
                f"column {blank[0]} of the header has no name",
                "Name it; if the header is further down, declare preamble_lines",
            )
        return [name or f"column_{place}" for place, name in enumerate(names, start=1)]

    def refuse_doubled(self, names: list[str]) -> None:
        """Raise if two columns have the same name."""
        seen: dict[str, int] = {}
        for place, name in enumerate(names, start=1):
            other = seen.setdefault(folded(name), place)
            if other != place:
                raise self._error(
                    f"columns {other} and {place} of the header have the same name, "
                    "letter case and Unicode form aside",
                    "Rename or remove one of them",
                )

    def added_among(self, unknown: list[str]) -> list[str]:
        """Give the names of columns to add; raise for those that the contract does not take."""
        if unknown and self._contract.unknown_columns == "error":
            shown = ", ".join(map(shown_name, unknown[:5]))
            raise self._error(
                f"the header has columns that the contract does not know ({shown})",
                "Add them to the contract, or let it ignore or add unknown columns",
            )
        added = unknown if self._contract.unknown_columns == "add" else []
        taken = {column.name.casefold() for column in self._contract.columns}
        for name in added:
            if name.casefold() in taken:
                raise self._error(
                    f"the added column {shown_name(name)} has the name of another one",
                    "Rename the column in the file",
                )
        return added

"""The header of a file held against its contract: where each column's cells are."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from include.core.contract import Column
from include.core.csv_dialect import DELIMITERS
from include.core.csv_text import MARK
from include.errors import InputFileError

if TYPE_CHECKING:
    from include.core.contract import CsvContract

MAX_COLUMNS: Final = 1600
MAX_NAME_BYTES: Final = 63
_IN_NAMES: Final = frozenset(" _-/()[]<>=.,:%#&+*'?!@$°²³")
_FIRST_IN_NAMES: Final = frozenset("_%#$")  # a sign that begins a formula is not among them
_COMMENTS: Final = ("--", "/*", "*/")
_LINE_COLUMN: Final = "_line"


@dataclass(frozen=True, kw_only=True)
class Header:
    """Which columns come out of a file, and where in a row they stand.

    Attributes:
        names: all names of the file's header, unquoted.
        columns: those of the contract in its order, then added ones in the file's order.
        positions: the cell of each column; None for an optional one that the file lacks.
    """

    names: tuple[str, ...]
    columns: tuple[Column, ...]
    positions: tuple[int | None, ...]

    def column_at(self, place: int) -> str:
        """Give the name of the column whose cell stands at a place, its SQL name if it has one."""
        if place in self.positions:
            return self.columns[self.positions.index(place)].name
        return self.names[place]


def read_header(
    names: list[str], *, name: str, line: int, contract: CsvContract, later: dict[int, list[str]]
) -> Header:
    """Match a file's header names with the contract's columns.

    Arguments:
        names: the header's cells, unquoted.
        name: what the file's owner calls it.
        line: where the header stands.
        contract: what the file should be.
        later: rows after the header by their lines, to find it there when it is not here.

    Raises:
        InputFileError: the header breaks the contract or the rules for names.
    """
    check = _HeaderCheck(name=name, line=line, contract=contract)
    check.names(names)
    check.required(names, later)
    wanted = [header_of(column) for column in contract.columns]
    places = {found: place for place, found in enumerate(names)}
    unknown = [found for found in names if found not in wanted]
    if unknown and contract.unknown_columns == "error":
        shown = ", ".join(unknown[:5])
        raise check.fault(
            f"the header has columns that the contract does not know ({shown})",
            "Add them to the contract, or let it ignore or add unknown columns",
        )
    added = unknown if contract.unknown_columns == "add" else []
    taken = {column.name.casefold() for column in contract.columns} | {_LINE_COLUMN}
    if any(found.casefold() in taken for found in added):
        raise check.fault(
            "an added column has the name of another one", "Rename the column in the file"
        )
    return Header(
        names=tuple(names),
        columns=(*contract.columns, *(Column(name=found, type="text") for found in added)),
        positions=(*map(places.get, wanted), *map(places.get, added)),
    )


def given_header(first: list[str], *, name: str, line: int, contract: CsvContract) -> Header:
    """Give the names of the contract to a file without a header, by position.

    Arguments:
        first: the cells of the first row, unquoted.
        name: what the file's owner calls it.
        line: where that row stands.
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
    return Header(names=tuple(names), columns=contract.columns, positions=tuple(range(len(names))))


def refuse_other_delimiter(raw: str, *, name: str, line: int, contract: CsvContract) -> None:
    """Raise InputFileError if a header that breaks the quoting rules fits another delimiter."""
    wanted = {header_of(column) for column in contract.columns}
    _HeaderCheck(name=name, line=line, contract=contract).delimiter([raw], wanted, found=0)


def header_of(column: Column) -> str:
    """Give the name that a column has in the file."""
    return column.header or column.name


def is_name(name: str) -> bool:
    """Tell whether a header name is harmless: letters of any script, digits, blanks between.

    Quotes, semicolons, backslashes, control characters and comment marks are refused, so that
    a name stays what it is in SQL, logs and messages.
    """
    return (
        name == name.strip()
        and len(name.encode(errors="replace")) <= MAX_NAME_BYTES
        and (name[:1].isalnum() or name[:1] in _FIRST_IN_NAMES)
        and all(
            char.isalnum() or char in _IN_NAMES or unicodedata.category(char).startswith("M")
            for char in name
        )
        and not any(mark in name for mark in _COMMENTS)
    )


class _HeaderCheck:
    """Raises what is wrong with a header, by position: its names may be a row's values."""

    def __init__(self, *, name: str, line: int, contract: CsvContract) -> None:
        self._name, self._line, self._contract = name, line, contract

    def fault(self, problem: str, fix: str) -> InputFileError:
        return InputFileError(file=self._name, line=self._line, problem=problem, fix=fix)

    def names(self, names: list[str]) -> None:
        if len(names) > MAX_COLUMNS:
            raise self.fault(
                f"the header has {len(names)} columns, and Postgres takes {MAX_COLUMNS}",
                "Split the file",
            )
        for place, name in enumerate(names, start=1):
            self._name_alone(place, name, last=place == len(names))
        seen: dict[str, int] = {}
        for place, name in enumerate(names, start=1):
            folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
            if folded in seen:
                raise self.fault(
                    f"columns {seen[folded]} and {place} of the header have the same name, "
                    "letter case and Unicode form aside",
                    "Rename or remove one of them",
                )
            seen[folded] = place

    def _name_alone(self, place: int, name: str, *, last: bool) -> None:
        """Check one header name for what it holds."""
        where = f"column {place} of the header"
        if not name.strip() and last and place > 1:
            raise self.fault(
                f"{where} has no name: the line ends in a delimiter", "Remove that delimiter"
            )
        if not name.strip():
            raise self.fault(
                f"{where} has no name",
                "Name it; if the header stands further down, declare preamble_lines",
            )
        if "\0" in name:
            raise self.fault(f"{where} holds a NUL character", "Rename the column")
        if MARK.search(name):
            raise self.fault(
                f"{where} is not {self._contract.encoding}",
                "Save the file as UTF-8, or declare its encoding in the contract",
            )
        if len(name.encode()) > MAX_NAME_BYTES:
            raise self.fault(
                f"{where} is longer than {MAX_NAME_BYTES} bytes, where Postgres would cut it",
                "Shorten the name",
            )

    def policy(self, names: list[str]) -> None:
        for place, name in enumerate(names, start=1):
            if not is_name(name):
                raise self.fault(
                    f"column {place} of the header has a name with characters that are not allowed",
                    "Use letters, digits, blanks and simple punctuation",
                )

    def required(self, names: list[str], later: dict[int, list[str]]) -> None:
        """Raise for a missing column, with the likeliest cause."""
        wanted = {header_of(column) for column in self._contract.columns}
        needed = {*self._contract.key, *(column for column, _ in self._contract.only)}
        missing = [
            header_of(column)
            for column in self._contract.columns
            if (column.required or not column.nullable or column.name in needed)
            and header_of(column) not in names
        ]
        if not missing:
            self.policy(names)
            return
        found = len(wanted.intersection(names))
        self.delimiter(names, wanted, found=found)
        for line, row in later.items():
            if found == 0 and wanted.intersection(row):
                raise self.fault(
                    "the line holds no declared column, but one further down does",
                    f"Remove the lines before the header, or declare preamble_lines={line - 1}",
                )
        if found == 0:
            raise self.fault(
                "the line holds none of the declared columns: there is no header here",
                f"Put a header with the required columns here ({', '.join(missing[:5])})",
            )
        self.policy(names)
        raise self.fault(
            f"required columns are missing ({', '.join(missing[:5])})",
            "Add them to the file, or make them optional in the contract",
        )

    def delimiter(self, names: list[str], wanted: set[str], *, found: int) -> None:
        """Raise if cutting the line by another delimiter finds more declared columns."""
        declared = self._contract.delimiter
        if declared is None:
            return
        line = declared.join(names)
        for delimiter, called in DELIMITERS.items():
            cells = [cell.strip('"') for cell in line.split(delimiter)]
            if delimiter != declared and len(wanted.intersection(cells)) > found:
                raise self.fault(
                    f"the delimiter is not the declared one: it looks like {called}",
                    "Declare it in the contract, or save the file with the declared one",
                )

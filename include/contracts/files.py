"""What a dataset declares of its files: how they are written, and how many rows may be bad."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from include.contracts.names import refused_declared

if TYPE_CHECKING:
    from include.contracts.columns import Column


@dataclass(frozen=True, kw_only=True)
class CsvContract:
    """How a CSV file is written, and which of its rows are wanted.

    Attributes:
        columns: the columns to read, in any order in the file.
        key: names of the columns that identify a row; empty when rows have no key. The same
            row twice is a duplicate; the same key with other values is rejected, all of them.
        only: column name to the one value, as written in the file, that a wanted row has;
            other rows are filtered, not rejected.
        delimiter: one character, or None: found among comma, semicolon, tab and bar.
        header: whether the first row names the columns. Without it, cells belong to columns in
            the contract's order.
        encoding: a Python codec name.
        escape: the character that escapes a quote, when the file does not double it.
        preamble_lines: physical lines before the header, or before the first row.
        unknown_columns: a header name that is no column's: an error, ignored, or added as text.
        null_tokens: cells that mean null, as they are in the file: '""' is the quoted empty
            cell, '' the bare one.
        max_field_bytes: bytes of one cell in UTF-8; longer ones are rejected.
        max_bytes: size of the file, after decompression.
        max_ratio: how far a compressed file may expand.
    """

    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    only: tuple[tuple[str, str], ...] = ()
    delimiter: str | None = ","
    header: bool = True
    encoding: str = "utf-8"
    escape: str | None = None
    preamble_lines: int = 0
    unknown_columns: Literal["error", "ignore", "add"] = "error"
    null_tokens: tuple[str, ...] = ("",)
    max_field_bytes: int = 1_048_576
    max_bytes: int = 1_073_741_824
    max_ratio: int = 200

    def __post_init__(self) -> None:
        """Raise ValueError for a contract that no file can meet."""
        problem = refused_declared([column.name for column in self.columns])
        if problem:
            raise ValueError(problem)
        if not self.header and (not self.columns or self.unknown_columns == "add"):
            raise ValueError("without a header, all columns are declared and none are added")


@dataclass(frozen=True, kw_only=True)
class RejectLimit:
    """How many rejected rows a run may have: the larger of rows and share (0 to 1) of all read."""

    rows: int = 0
    share: float = 0.0


NO_REJECTS = RejectLimit()

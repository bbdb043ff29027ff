"""A file as records: opening it finds out its format, its encoding and its dialect."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Final, TypeVar

from include.core.content.formats import HEAD_BYTES, identify
from include.core.csv.compressed import read_decompressed
from include.core.csv.dialect import find_dialect
from include.core.csv.faults import RAW_LIMIT
from include.core.csv.records import RecordReader
from include.core.csv.syntax import Syntax
from include.core.csv.text import decode, whole_lines
from include.errors import InputFileError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from include.contracts.files import CsvContract
    from include.core.csv.spans import Shape

Piece = TypeVar("Piece", str, bytes)

_RECORD_CELLS: Final = 16
"""A record may hold this many times the field limit, and RAW_LIMIT beside."""


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A file whose content and dialect are known.

    Attributes:
        records: all of it, its header the first record if it has one.
        syntax: how its lines are cut into cells.
        line: where the first record must begin.
    """

    records: RecordReader
    syntax: Syntax
    line: int
    _path: Path
    _name: str
    _contract: CsvContract

    def below(self, lines: int, shape: Shape) -> RecordReader:
        """Open the file again, for what comes after so many lines of a header.

        Rows are cut in the light of the header from the first on, also where they were read
        together with it.
        """
        limit = _limit(self._contract)
        _, texts = _read(self._path, name=self._name, contract=self._contract)
        return RecordReader(
            whole_lines(texts, limit=limit),
            name=self._name,
            syntax=self.syntax,
            limit=limit,
            skip=self.line - 1 + lines,
            shape=shape,
        )


def open_records(path: Path, *, name: str, contract: CsvContract) -> Opened:
    """Open a file as records.

    Arguments and errors are those of `rows.read_rows`.
    """
    limit = _limit(contract)
    head, texts = _read(path, name=name, contract=contract)
    _refuse_other_content(head, name=name)
    text, texts = _peek(texts, "")
    dialect = find_dialect(text, whole=len(text) < HEAD_BYTES, name=name, contract=contract)
    syntax = Syntax(delimiter=dialect.delimiter, escape=contract.escape)
    pieces = whole_lines(texts, limit=limit)
    return Opened(
        records=RecordReader(pieces, name=name, syntax=syntax, limit=limit, skip=dialect.skip),
        syntax=syntax,
        line=dialect.skip + 1,
        _path=path,
        _name=name,
        _contract=contract,
    )


def _read(path: Path, *, name: str, contract: CsvContract) -> tuple[bytes, Iterator[str]]:
    """Read a file's text in pieces, and the bytes at its front that show what it is."""
    chunks = read_decompressed(
        path, name=name, max_bytes=contract.max_bytes, max_ratio=contract.max_ratio
    )
    head, chunks = _peek(chunks, b"")
    return head, decode(chunks, name=name, encoding=contract.encoding)


def _limit(contract: CsvContract) -> int:
    """How many characters a record may have."""
    return _RECORD_CELLS * contract.max_field_bytes + RAW_LIMIT


def _refuse_other_content(head: bytes, *, name: str) -> None:
    found = identify(head, whole=len(head) < HEAD_BYTES)
    if found:
        raise InputFileError(
            file=name, line=None, problem=f"the file is {found.what}", fix=found.fix
        )


def _peek(pieces: Iterator[Piece], empty: Piece) -> tuple[Piece, Iterator[Piece]]:
    """Take enough off the front to show what the file is; return that, and all pieces again."""
    head = empty
    while len(head) < HEAD_BYTES and (piece := next(pieces, None)) is not None:
        head += piece
    return head, chain((head,), pieces)

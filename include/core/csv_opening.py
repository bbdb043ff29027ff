"""A file as records: what its bytes are, its encoding and its dialect settled on the way."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Final, TypeVar

from include.core.compressed import read_decompressed
from include.core.content import HEAD_BYTES, identify
from include.core.csv_dialect import find_dialect
from include.core.csv_faults import RAW_LIMIT
from include.core.csv_records import RecordReader
from include.core.csv_syntax import Syntax
from include.core.csv_text import decode, whole_lines
from include.errors import InputFileError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from include.core.contract import CsvContract

Piece = TypeVar("Piece", str, bytes)

_RECORD_CELLS: Final = 16
"""A record may hold this many times the field limit, and RAW_LIMIT beside."""


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A file that is ready to be read.

    Attributes:
        records: of the whole file, its header the first of them if it has one.
        syntax: how its cells are told apart.
        line: where the first record must begin.
    """

    records: RecordReader
    syntax: Syntax
    line: int


def open_records(path: Path, *, name: str, contract: CsvContract) -> Opened:
    """Open a file as records.

    Arguments and errors are those of `csv_rows.read_rows`.
    """
    limit = _RECORD_CELLS * contract.max_field_bytes + RAW_LIMIT
    chunks = read_decompressed(
        path, name=name, max_bytes=contract.max_bytes, max_ratio=contract.max_ratio
    )
    head, chunks = _peek(chunks, b"")
    _refuse_other_content(head, name=name)
    texts = decode(chunks, name=name, encoding=contract.encoding)
    text, texts = _peek(texts, "")
    dialect = find_dialect(text, whole=len(text) < HEAD_BYTES, name=name, contract=contract)
    syntax = Syntax(delimiter=dialect.delimiter, escape=contract.escape)
    pieces = whole_lines(texts, limit=limit)
    return Opened(
        records=RecordReader(pieces, name=name, syntax=syntax, limit=limit, skip=dialect.skip),
        syntax=syntax,
        line=dialect.skip + 1,
    )


def read_raw(
    path: Path, *, lines: Iterable[int], name: str, contract: CsvContract
) -> Iterator[tuple[int, str]]:
    """Read a file again for the rows at the given lines, as they stand in it.

    Arguments:
        path: where the file is.
        lines: where the rows begin, ascending; each is one of a row that was kept.
        name: what its owner calls it.
        contract: how it is written.

    Returns line and raw text of each.
    """
    wanted = iter(lines)
    line = next(wanted, None)
    if line is None:
        return
    opened = open_records(path, name=name, contract=contract)
    for block in opened.records.blocks():
        for number, cells in zip(block.lines, block.records, strict=True):
            if number == line:
                yield number, opened.syntax.delimiter.join(cells)
                line = next(wanted, None)
        if line is None:
            return


def _refuse_other_content(head: bytes, *, name: str) -> None:
    found = identify(head, whole=len(head) < HEAD_BYTES)
    if found:
        raise InputFileError(
            file=name, line=None, problem=f"the file is {found.what}", fix=found.fix
        )


def _peek(pieces: Iterator[Piece], empty: Piece) -> tuple[Piece, Iterator[Piece]]:
    """Take enough off the front to tell what it is; return that, and all pieces again."""
    head = empty
    while len(head) < HEAD_BYTES and (piece := next(pieces, None)) is not None:
        head += piece
    return head, chain((head,), pieces)

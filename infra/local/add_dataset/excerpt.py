"""The beginning of a file, cut between two rows: small enough to be kept beside a test."""

from __future__ import annotations

import io
from itertools import accumulate
from typing import TYPE_CHECKING, Final

from include.core.csv.compressed import read_decompressed
from include.core.csv.faults import Reject
from include.core.csv.rows import read_rows

if TYPE_CHECKING:
    from pathlib import Path

    from include.contracts.files import CsvContract

MOST_BYTES: Final = 100_000
_WIDE: Final = ("utf-16", "utf-32")


def excerpt(path: Path, contract: CsvContract) -> bytes:
    """Give a file as it is where it is small, else its first rows; never compressed.

    Arguments:
        path: a file that can be read by the contract.
        contract: how it is written.
    """
    lines = _physical_lines(_decompressed(path, contract), contract.encoding)
    ends = list(accumulate(map(len, lines)))
    if not ends or ends[-1] <= MOST_BYTES:
        return b"".join(lines)
    fitting = sum(end <= MOST_BYTES for end in ends)
    return b"".join(lines[: _rows_end(path, contract, fitting)])


def _decompressed(path: Path, contract: CsvContract) -> bytes:
    """Read as much as an excerpt needs: a row may be as long as a cell is allowed to be."""
    most = MOST_BYTES + 16 * contract.max_field_bytes
    read = b""
    chunks = read_decompressed(
        path, name=path.name, max_bytes=contract.max_bytes, max_ratio=contract.max_ratio
    )
    for chunk in chunks:
        read += chunk
        if len(read) > most:
            break
    return read


def _physical_lines(content: bytes, encoding: str) -> list[bytes]:
    if not encoding.startswith(_WIDE):
        return content.splitlines(keepends=True)
    text = io.StringIO(content.decode(encoding, errors="ignore"), newline="")
    # The mark of the byte order is before the first line alone.
    plain = encoding if encoding[-2:] in ("le", "be") else f"{encoding}-le"
    first, *others = text.readlines() or [""]
    return [first.encode(encoding), *(line.encode(plain) for line in others)]


def _rows_end(path: Path, contract: CsvContract, fitting: int) -> int | None:
    """Count the lines of the rows that end within so many lines, of one row at least.

    None where there is one row alone.
    """
    starts = (
        item.line if isinstance(item, Reject) else item[0]
        for item in read_rows(path, name=path.name, contract=contract)
    )
    end = next(starts) - 1
    header = end
    for start in starts:
        if start - 1 > fitting and end > header:
            break
        end = start - 1
        if end > fitting:
            break
    return end if end > header else None

"""Reads files that each have one stray quote: `python -m tests.bench.stray_quotes [--rows N]`.

A hundred files, by default of 1,000,000 rows, with the quote at every hundredth place of the
file, in every other one at the beginning of a cell. Each is either refused with the line of the
quote, or every row is counted once. Exits with 1 where that is not so.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final

from include.core.csv.rows import read_rows
from include.datasets.addresses import DATASET
from include.errors import InputFileError

if TYPE_CHECKING:
    from collections.abc import Iterator

PLACES: Final = 100
_HEADER: Final = "ID,HouseNum,Street,Town,Zip\n"
_STYLES: Final = (
    "{0},12,High Street,Springfield,01234\n",
    '{0},12,"High Street",Springfield,01234\n',
    "{0},12,High Street,Springfield,01234\n" * 2 + '{0},7,"1, Low ""Road""",Ulm,89073\n',
)
"""Rows without quotes, with some in each, with some in every third."""


def verdicts(folder: Path, *, rows: int, places: int = PLACES) -> Iterator[str]:
    """Read one file for each place; yields for each "refused", "read", or what is wrong.

    Arguments:
        folder: for one file at a time.
        rows: how many each has.
        places: how many files; the quote of number n stands n / places into its file, or at the
            beginning of the cell after that.
    """
    path = folder / "stray.csv"
    for style in range(len(_STYLES)):
        body = _body(rows, _STYLES[style])
        for number in range(style, places, len(_STYLES)):
            at = len(body) * number // places
            if number // len(_STYLES) % 2:
                at = body.index(",", at) + 1
            path.write_text(f'{_HEADER}{body[:at]}"{body[at:]}', encoding="utf-8")
            verdict = _verdict(path, rows=rows, line=2 + body.count("\n", 0, at))
            yield verdict if verdict in {"refused", "read"} else f"place {number}: {verdict}"


def _body(rows: int, style: str) -> str:
    step = style.count("\n")
    whole = "".join(style.format(number) for number in range(-(-rows // step)))
    return "".join(whole.splitlines(keepends=True)[:rows])


def _verdict(path: Path, *, rows: int, line: int) -> str:
    reader = read_rows(path, name=path.name, contract=DATASET.contract)
    try:
        kept = sum(len(block.lines) for block in reader.blocks())
    except InputFileError as error:
        return "refused" if error.line == line else f"refused for line {error.line}, not {line}"
    counts = reader.counts
    if (counts.read, counts.kept, counts.rejected) == (rows, kept, rows - kept) and kept < rows:
        return "read"
    return f"{counts} of {rows} rows"


def main() -> int:
    """Print how many files were refused or read whole, and what is wrong; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    rows = parser.parse_args().rows
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        found = Counter(verdicts(Path(folder), rows=rows))
    for verdict, files in found.items():
        print(f"{files} files of {rows:,} rows: {verdict}")  # noqa: T201 -- the result of the command
    print(f"{time.monotonic() - began:.0f} s")  # noqa: T201 -- as above
    return 0 if found.keys() <= {"refused", "read"} else 1


if __name__ == "__main__":
    sys.exit(main())

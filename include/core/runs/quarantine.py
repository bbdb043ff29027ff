"""Rows that were not taken, in a file on their way to quarantine."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING

from include.core.runs.ledger import Rejected
from include.errors import RejectLimitError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from include.contracts.files import RejectLimit
    from include.core.csv.faults import Reject


@contextmanager
def set_aside(rejects_file: Path, *, file: str, version: str) -> Iterator[Callable[[Reject], None]]:
    """What adds rejected rows to a file of JSON lines, which is made if need be.

    Arguments:
        rejects_file: where they go.
        file: the source file that they stood in, as its owner knows it.
        version: its commit or object version.
    """
    with rejects_file.open("a", encoding="utf-8") as rows:

        def add(reject: Reject) -> None:
            row = Rejected(
                file=file,
                version=version,
                line=reject.line,
                column_name=reject.column,
                code=reject.code,
                reason=reject.reason,
                raw=reject.raw,
            )
            rows.write(json.dumps(asdict(row)) + "\n")

        yield add


def read_rejected(rejects_file: Path) -> Iterator[Rejected]:
    """The rows that were set aside, in their order."""
    with rejects_file.open(encoding="utf-8") as rows:
        for line in rows:
            yield Rejected(**json.loads(line))


def count_codes(rejects_file: Path) -> dict[str, int]:
    """How many rows each code has."""
    return dict(Counter(row.code for row in read_rejected(rejects_file)))


def allowed_rejects(limit: RejectLimit, *, read: int) -> int:
    """How many of the rows read may be rejected."""
    return max(limit.rows, int(limit.share * read))


def refuse_rejects(
    name: str,
    limit: RejectLimit,
    *,
    read: int,
    rejects_file: Path,
    outcome: str = "Nothing was loaded",
) -> None:
    """Stop where too many rows were set aside.

    Arguments:
        name: the dataset's.
        limit: how many there may be.
        read: rows read in all.
        rejects_file: those set aside.
        outcome: what became of the other rows; stands in the error.

    Raises:
        RejectLimitError: there are more; names place and reason of the first.
    """
    codes = count_codes(rejects_file)
    rejected = sum(codes.values())
    allowed = allowed_rejects(limit, read=read)
    if rejected <= allowed:
        return
    first = next(read_rejected(rejects_file))
    column = f", column {first.column_name}" if first.column_name else ""
    listed = ", ".join(f"{code} {number}" for code, number in sorted(codes.items()))

    def told(place: str) -> str:
        return (
            f"{name}: {rejected} of {read} rows rejected, {allowed} allowed ({listed}); the "
            f"first at {place}{column}: {first.reason}. {outcome}. "
            "Have the source mended, or raise the dataset's reject limit"
        )

    line = f"line {first.line}"
    raise RejectLimitError(told(f"{first.file}, {line}"), of_file=told(line))

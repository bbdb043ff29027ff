"""Small CSV files and what reading them gives."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from include.contracts.columns import Column
from include.contracts.files import CsvContract
from include.core.csv.faults import Counts, Reject
from include.core.csv.rows import read_rows

if TYPE_CHECKING:
    from collections.abc import Iterable

A_AND_B = (Column(name="a", type="text"), Column(name="b", type="text"))


@dataclass
class Taken:
    rows: list[tuple[str | None, ...]]
    lines: list[int]
    rejects: list[Reject]
    counts: Counts
    names: list[str]

    @property
    def codes(self) -> list[tuple[int, str]]:
        return [(reject.line, reject.code) for reject in self.rejects]


def contract(columns: Iterable[Column] = A_AND_B, **settings: Any) -> CsvContract:
    return CsvContract(columns=tuple(columns), **settings)


def take(
    content: bytes | str,
    columns: Iterable[Column] = A_AND_B,
    *,
    name: str = "file.csv",
    **settings: Any,
) -> Taken:
    """Read a whole file and check that its rows are accounted for."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        reader = read_rows(path, name=name, contract=contract(columns, **settings))
        rows: list[tuple[int, tuple[str | None, ...]]] = []
        rejects: list[Reject] = []
        for item in reader:
            if isinstance(item, Reject):
                rejects.append(item)
            else:
                rows.append(item)
    counts = reader.counts
    assert counts.read == counts.kept + counts.filtered + counts.rejected
    assert (counts.kept, counts.rejected) == (len(rows), len(rejects))
    return Taken(
        rows=[values for _, values in rows],
        lines=[line for line, _ in rows],
        rejects=rejects,
        counts=counts,
        names=[column.name for column in reader.columns],
    )


def take_cell(cell: str | bytes, column: Column, **settings: Any) -> str | None:
    """Read one raw cell of a file; a rejected one gives "!" and its code."""
    raw = cell.encode() if isinstance(cell, str) else cell
    key = Column(name="k", type="text")
    taken = take(column.name.encode() + b",k\n" + raw + b",1\n", (column, key), **settings)
    if taken.rejects:
        assert taken.rejects[0].column == column.name
        return "!" + taken.rejects[0].code
    return taken.rows[0][0]

"""What would become of a file if it were sent: where each of its rows would go, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.core.csv.json_rows import JsonRows
from include.core.csv.rows import read_rows
from include.core.runs.quarantine import refuse_rejects
from include.errors import AccountingError, RejectLimitError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from include.contracts.files import CsvContract, RejectLimit


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A file that was read to its end as its pipeline reads it, and sent nowhere.

    Attributes:
        read: rows of the file; the sum of kept, filtered, duplicate and rejected.
        kept: rows that would reach the sink.
        filtered: rows that the contract does not want.
        duplicate: exact copies of a kept row.
        rejected: rows that would go to quarantine.
        rejects: local file of these, as `rejects.read_rejected` reads it.
        causes: a sentence for each reason why the pipeline would refuse the file; none where it
            would go through.
        warnings: a sentence for each warning that the run would end with.
        rows: gives the kept rows as JSON objects, in order of their lines.
    """

    read: int
    kept: int
    filtered: int
    duplicate: int
    rejected: int
    rejects: Path
    rows: Callable[[], Iterator[str]]
    causes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Hold read to the sum of the others; AccountingError if it is off."""
        if self.read != self.kept + self.filtered + self.duplicate + self.rejected:
            raise AccountingError(
                f"{self.read} rows read, of which {self.kept} kept, {self.filtered} filtered, "
                f"{self.duplicate} duplicate and {self.rejected} rejected"
            )


def limit_causes(name: str, limit: RejectLimit, *, read: int, rejects: Path) -> tuple[str, ...]:
    """Give the sentence that a pipeline stops with when too many rows are rejected, if it does.

    Arguments are those of `refuse_rejects`.
    """
    try:
        refuse_rejects(
            name, limit, read=read, rejects_file=rejects, outcome="The file would not go through"
        )
    except RejectLimitError as error:
        return (str(error),)
    return ()


def json_of_lines(
    path: Path, *, lines: Iterable[int], name: str, contract: CsvContract
) -> Iterator[str]:
    """Read a file again for the rows at the given lines, as JSON objects.

    Arguments:
        path: where the file is.
        lines: where the rows begin, ascending; each is one of a row that the reader keeps.
        name: what its owner calls it.
        contract: how it is written.

    Raises:
        RuleError: a column may hold numbers that JSON does not have.
    """
    wanted = iter(lines)
    line = next(wanted, None)
    for block in JsonRows(read_rows(path, name=name, contract=contract)).blocks():
        if line is None:
            return
        for number, text in zip(block.lines, block.texts, strict=True):
            if number == line:
                yield text
                line = next(wanted, None)

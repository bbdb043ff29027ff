"""What would become of a file if it were sent: where each of its rows would go, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from include.core.runs.quarantine import refuse_rejects
from include.errors import AccountingError, RejectLimitError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from include.contracts.files import RejectLimit
    from include.core.csv.faults import Counts

MEMORY: Final = "512MB"
"""DuckDB's memory limit for a trial; what does not fit goes to the trial's folder."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A file that was read to its end as its pipeline reads it, and sent nowhere.

    Attributes:
        counts: what became of the file's rows.
        kept: rows that would reach the sink: those that counts keeps, without duplicates.
        rejects: local file of the rejected rows, as `quarantine.read_rejected` reads it.
        causes: a sentence for each reason why the pipeline would refuse the file; none where it
            would go through.
        warnings: a sentence for each warning that the run would end with.
        rows: gives the kept rows as JSON objects, in order of their lines.
    """

    counts: Counts
    kept: int
    rejects: Path
    rows: Callable[[], Iterator[str]]
    causes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Hold the rows read to the sum of all others; AccountingError if it is off."""
        found = self.counts
        if found.read != self.kept + found.filtered + found.duplicate + found.rejected:
            raise AccountingError(
                f"{found.read} rows read, of which {self.kept} kept, {found.filtered} filtered, "
                f"{found.duplicate} duplicate and {found.rejected} rejected"
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

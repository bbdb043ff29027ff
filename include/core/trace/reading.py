"""What files make of a key: of one version, and of all versions that a run has read together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.core.csv.faults import printable
from include.core.trace.answer import MOST_LINES, SourceLine
from include.core.trace.keys import KeyOfRejects

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from include.contracts.columns import Column
    from include.core.csv.faults import Reject
    from include.core.snapshot.load_csv import CsvFile


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What the files of a run make of a key.

    Attributes:
        values: the row; None for none.
        sources: the lines that bear the key, or one entry without a line for a file that has none.
        refused: the first rejected row that bears the key.
        problem: why nothing can be said; None where all files were read.
    """

    values: dict[str, Any] | None
    sources: Sequence[SourceLine]
    refused: Reject | None
    problem: str | None


def most_lines(lines: list[SourceLine]) -> list[SourceLine]:
    """At most MOST_LINES, those that have the row first: a run may read hundreds of files."""
    if len(lines) <= MOST_LINES:
        return lines
    return sorted(lines, key=lambda line: line["line"] is None)[:MOST_LINES]


class FileKey:
    """Gathers the lines of one file that bear a key; rejected rows come one by one.

    Arguments:
        file: which.
        columns: of the key, as far as the file has columns of these names.
        key: the canonical text of each.
        place: file, version and archive of the lines.

    Attributes:
        refused: rejected rows that bear the key, at most MOST_LINES.
    """

    def __init__(
        self, file: CsvFile, columns: Sequence[Column], key: Mapping[str, str], place: SourceLine
    ) -> None:
        self._file, self._place = file, place
        self._rejects = KeyOfRejects(file, columns, key)
        self.refused: list[Reject] = []

    def on_reject(self, reject: Reject) -> None:
        """Keep a rejected row if it bears the key."""
        if len(self.refused) < MOST_LINES and self._rejects.bears(reject):
            self.refused.append(reject)

    def lines(self, kept: Iterable[int]) -> list[SourceLine]:
        """The lines in the file's order; one entry without a line where there is none.

        Arguments:
            kept: where the rows begin that were not rejected, ascending.
        """
        raw = [(line, printable(text)) for line, text in self._file.read_raw(kept)]
        raw += [(reject.line, reject.raw) for reject in self.refused]
        found = [
            SourceLine({**self._place, "line": line, "raw": text}) for line, text in sorted(raw)
        ]
        return found or [self._place]

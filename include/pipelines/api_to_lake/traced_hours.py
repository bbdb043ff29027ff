"""Answers of an hour read again for one key, each set of them once, by the present declaration."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.core.csv.faults import Reject
from include.core.lake.keyed import find_records
from include.core.lake.records import AS_OF, load_records
from include.core.runs.quarantine import read_rejected
from include.core.snapshot.database import connect_duckdb, safe_errors
from include.core.trace.answer import MOST_LINES, SourceLine
from include.core.trace.reading import Reading, most_lines
from include.core.trace.rows import row_of_cleaning
from include.errors import TerminalError
from include.pipelines.api_to_lake.pages import fetch_pages, pages_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from duckdb import DuckDBPyConnection

    from include.contracts.apis import ApiDataset
    from include.contracts.columns import Column
    from include.core.lake.keyed import KeyedRecord
    from include.core.lake.records import Page
    from include.core.trace.ledger import LedgerRun
    from include.pipelines.api_to_lake.task_values import LakeResources

    Index = tuple[str, str] | None


def index_of(run: LedgerRun) -> Index:
    """Key and SHA-256 of the index that says what a run has read; None where none was kept."""
    (source,) = run.sources
    return (source["file"], source["sha256"]) if "sha256" in source else None


@dataclass(frozen=True, kw_only=True)
class TracedHours:
    """One key of an hour, looked up in one set of answers after another.

    Attributes:
        dataset: the contract.
        as_of: the hour.
        columns: as_of, and those of the dataset.
        key: the canonical text of as_of, and of each column of row_key.
        resources: what the task has opened.
    """

    dataset: ApiDataset
    as_of: datetime
    columns: Sequence[Column]
    key: Mapping[str, str]
    resources: LakeResources

    def read(self, indexes: Iterable[Index]) -> dict[Index, Reading]:
        """Look the key up in the answers of each index.

        Raises:
            WorkerExhaustedError: no disk or memory is left.
        """
        folder, memory = self.resources.hand_over.folder, self.resources.memory
        with connect_duckdb(folder, memory=memory) as connection:
            return {index: self._read(connection, index) for index in indexes}

    def _read(self, connection: DuckDBPyConnection, index: Index) -> Reading:
        if index is None:
            return _unread("Which answers the run has read is not known: it kept no list of them")
        pages: list[Page] = []
        try:
            pages = self._pages(*index)
            return self._look(connection, pages)
        except TerminalError as error:
            return _unread(str(error), self._lines(pages, ()))
        finally:
            # The next answers may need the room.
            for page in pages:
                page.path.unlink(missing_ok=True)

    def _pages(self, key: str, sha256: str) -> list[Page]:
        path = self._folder / "index.json"
        self.resources.hand_over.store.get_file(key, path, sha256=sha256)
        index: Any = json.loads(path.read_bytes())
        return pages_of(self.dataset, self.as_of, index, folder=self._folder)

    def _look(self, connection: DuckDBPyConnection, pages: Sequence[Page]) -> Reading:
        fetch_pages(self.resources.hand_over.store, pages)
        rejects = self._folder / "rejects.jsonl"
        rejects.write_text("")
        key = {name: text for name, text in self.key.items() if name != AS_OF}
        with safe_errors():
            load_records(connection, self.dataset, pages, rejects=rejects)
            found = find_records(connection, self.dataset, pages, key, most=MOST_LINES)
            values = row_of_cleaning(connection, self.columns, "from records", self.key)
        return Reading(
            values=values,
            sources=self._lines(pages, found),
            refused=_refused(rejects, {(pages[each.page].key, each.line) for each in found}),
            problem=None,
        )

    def _lines(self, pages: Sequence[Page], found: Sequence[KeyedRecord]) -> list[SourceLine]:
        """The records in the order of their answers, and the answers that have none."""
        lines = []
        for number, page in enumerate(pages):
            place = SourceLine(
                file=page.key,
                version=page.version,
                line=None,
                raw=None,
                archive=f"s3://{self.resources.hand_over.store.bucket}/{page.key}",
            )
            of_page = [
                SourceLine({**place, "line": each.line, "raw": each.raw})
                for each in found
                if each.page == number
            ]
            lines += of_page or [place]
        return most_lines(lines)

    @property
    def _folder(self) -> Path:
        return self.resources.hand_over.folder


def _unread(problem: str, sources: Sequence[SourceLine] = ()) -> Reading:
    return Reading(values=None, sources=sources, refused=None, problem=problem)


def _refused(rejects: Path, places: set[tuple[str, int]]) -> Reject | None:
    """The first rejected record of some places: key of the answer, and place in it."""
    for row in read_rejected(rejects):
        if row.line is not None and (row.file, row.line) in places:
            return Reject(row.line, row.column_name, row.code, row.reason, row.raw)
    return None

"""Archived files read again for one key, by the present contract and cleaning.

Each version of a file is looked through once, and each set of versions is cleaned once, however
many runs have loaded it. A file stays loaded while the next set has it in the same version.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from include.core.snapshot.database import connect_duckdb, safe_errors
from include.core.snapshot.load_csv import CsvFile
from include.core.statements import read_statement
from include.core.trace.answer import MOST_LINES, SourceLine
from include.core.trace.reading import FileKey, Reading
from include.core.trace.rows import lines_of_key, row_of_cleaning
from include.errors import TerminalError
from include.pipelines.github_csv_to_postgres.transform import load_source

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from duckdb import DuckDBPyConnection

    from include.contracts.columns import Column
    from include.contracts.github import GitHubDataset, GitHubFile
    from include.core.csv.faults import Reject
    from include.core.trace.ledger import LedgerRun
    from include.pipelines.github_csv_to_postgres.task_values import ArchivedFile, Resources

    Version = tuple[str, str, str]
    Versions = tuple[Version, ...]


def versions_of(run: LedgerRun) -> Versions:
    """Which files a run has read: name, commit and digest of each."""
    return tuple((file["source"], file["commit"], file["sha256"]) for file in run.sources)


@dataclass(frozen=True, kw_only=True)
class _Found:
    """What one version of a file has of the key, or why nothing can be said."""

    lines: Sequence[SourceLine]
    refused: Reject | None = None
    problem: str | None = None


@dataclass(frozen=True, kw_only=True)
class TracedVersions:
    """One key, looked up in set after set of versions.

    Attributes:
        dataset: the contract.
        key: the canonical text of each column of its table's key.
        resources: what the task has opened.
    """

    dataset: GitHubDataset
    key: Mapping[str, str]
    resources: Resources
    _found: dict[Version, _Found] = field(default_factory=dict)
    _loaded: dict[str, Version] = field(default_factory=dict)

    def read(self, sets: Mapping[Versions, LedgerRun]) -> dict[Versions, Reading]:
        """Look the key up in each set of versions, of which a run is given.

        Raises:
            WorkerExhaustedError: no disk or memory is left.
        """
        folder, memory = self.resources.hand_over.folder, self.resources.memory
        with connect_duckdb(folder, memory=memory) as connection:
            return {name: self._read(connection, run) for name, run in sets.items()}

    def notes(self) -> list[str]:
        """What files cannot say, since they lack columns of the key."""
        return [
            note
            for source in self.dataset.sources
            if (note := self._what_it_cannot_say(source, self._key(source)))
        ]

    def _read(self, connection: DuckDBPyConnection, run: LedgerRun) -> Reading:
        archived = {file["source"]: file for file in run.sources}
        missing = [one.name for one in self.dataset.sources if one.name not in archived]
        if missing:
            problem = f"The run has read no file named {' and '.join(missing)}"
            return Reading(values=None, sources=(), refused=None, problem=problem)
        files = [(source, archived[source.name]) for source in self.dataset.sources]
        found = [self._look(connection, *each) for each in files]
        unread = next((one.problem for one in found if one.problem), None)
        values = None
        try:
            values = None if unread else self._values(connection, files)
        except TerminalError as error:
            unread = str(error)
        return Reading(
            values=values,
            sources=[line for one in found for line in one.lines],
            refused=next((one.refused for one in found if one.refused), None),
            problem=unread,
        )

    def _look(self, connection: DuckDBPyConnection, source: GitHubFile, file: Any) -> _Found:
        version = _version(file)
        if version not in self._found:
            try:
                self._found[version] = self._load(connection, source, file)
            except TerminalError as error:
                self._found[version] = _Found(lines=[self._place(file)], problem=str(error))
        return self._found[version]

    def _values(
        self, connection: DuckDBPyConnection, files: Sequence[tuple[GitHubFile, Any]]
    ) -> dict[str, Any] | None:
        """What the cleaning makes of the key, once all files are loaded in these versions."""
        for source, file in files:
            if self._loaded.get(source.name) != _version(file):
                self._load(connection, source, file)
        cleaning = read_statement(f"github_csv_to_postgres/clean_{self.dataset.name}")
        with safe_errors():
            columns = self.dataset.table.columns
            return row_of_cleaning(connection, columns, cleaning, self.key)

    def _load(
        self, connection: DuckDBPyConnection, source: GitHubFile, file: ArchivedFile
    ) -> _Found:
        """Load a version of a file in the place of another one, and look the key up in it."""
        self._loaded.pop(source.name, None)
        folder, columns = self.resources.hand_over.folder, self._key(source)
        copy = folder / f"{source.name}.source"
        self.resources.hand_over.store.get_file(file["key"], copy, sha256=file["sha256"])
        name = f"{file['repository']}/{source.path}"
        read = CsvFile(path=copy, name=name, contract=source.contract)
        keyed = FileKey(read, columns, self.key, self._place(file))
        with safe_errors():
            load_source(
                connection, self.dataset, source, read, folder=folder, on_reject=keyed.on_reject
            )
            kept = lines_of_key(connection, source.name, columns, self.key) if columns else []
        lines = keyed.lines(kept)
        # The next version may need the room.
        copy.unlink()
        self._loaded[source.name] = _version(file)
        return _Found(lines=lines, refused=next(iter(keyed.refused), None))

    def _key(self, source: GitHubFile) -> list[Column]:
        """Columns of the key that the file has by name."""
        names = {column.name for column in source.contract.columns}
        table = self.dataset.table
        return [one for one in table.columns if one.name in table.key and one.name in names]

    def _place(self, file: ArchivedFile) -> SourceLine:
        return SourceLine(
            file=f"{file['repository']}/{file['path']}",
            version=file["commit"],
            line=None,
            raw=None,
            archive=f"s3://{self.resources.hand_over.store.bucket}/{file['key']}",
        )

    def _what_it_cannot_say(self, source: GitHubFile, columns: Sequence[Column]) -> str | None:
        if not columns:
            return f"{source.name} has no column named like the key: none of its lines is shown"
        if len(columns) == len(self.dataset.table.key):
            return None
        names = " and ".join(column.name for column in columns)
        return (
            f"{source.name} has only {names} of the key: the first {MOST_LINES} lines with that "
            "are shown"
        )


def _version(file: ArchivedFile) -> Version:
    return file["source"], file["commit"], file["sha256"]

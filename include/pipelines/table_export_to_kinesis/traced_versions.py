"""Versions of an exported table, read again for one key, each once, by the present contract."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.core.snapshot.columns import duckdb_type
from include.core.snapshot.database import connect_duckdb, safe_errors
from include.core.snapshot.texts import text_of
from include.core.statements import quote_identifier
from include.core.trace.answer import SourceLine
from include.core.trace.reading import FileKey, Reading, most_lines
from include.core.trace.rows import as_json, lines_of_key, texts_of_line
from include.errors import TerminalError
from include.pipelines.table_export_to_kinesis.delta import key_of
from include.pipelines.table_export_to_kinesis.loading import (
    EXPORT,
    FILE_LINES,
    ExportLoad,
)
from include.pipelines.table_export_to_kinesis.manifest import MANIFEST
from include.pipelines.table_export_to_kinesis.reading import fetch_files

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from duckdb import DuckDBPyConnection

    from include.contracts.columns import Column
    from include.contracts.exports import TableExport
    from include.core.arrivals.resources import Resources
    from include.core.csv.faults import Reject
    from include.core.trace.ledger import LedgerRun
    from include.pipelines.table_export_to_kinesis.loading import LocalFile
    from include.pipelines.table_export_to_kinesis.states import Export


def version_of(run: LedgerRun) -> str:
    """Which version a run of one version has applied."""
    return str(run.sources[0]["version_id"])


@dataclass(frozen=True, kw_only=True)
class TracedExports:
    """One key, looked up in version after version.

    Attributes:
        dataset: what declares the table.
        key: the canonical text of each column of its key.
        resources: what the task has opened.
    """

    dataset: TableExport
    key: Mapping[str, str]
    resources: Resources

    def read(self, versions: Iterable[str], exports: Mapping[str, Export]) -> dict[str, Reading]:
        """Look the key up in the files of each version.

        Arguments:
            versions: which.
            exports: what ops.export has of them, by version.

        Raises:
            WorkerExhaustedError: no disk or memory is left.
        """
        with connect_duckdb(self.resources.folder, memory=self.resources.memory) as connection:
            return {
                version: self._read(connection, version, exports.get(version))
                for version in versions
            }

    def _read(self, connection: DuckDBPyConnection, version: str, export: Export | None) -> Reading:
        if export is None:
            problem = f"The files of version {version} are not known any more"
            return Reading(values=None, sources=(), refused=None, problem=problem)
        try:
            return self._look(connection, fetch_files(export, self.resources))
        except TerminalError as error:
            problem = str(error)
        places = [
            self._place(file["key"], file["version_id"])
            for name, file in sorted(export.files.items())
            if name != MANIFEST
        ]
        return Reading(values=None, sources=most_lines(places), refused=None, problem=problem)

    def _look(self, connection: DuckDBPyConnection, files: Sequence[LocalFile]) -> Reading:
        folder, columns = self.resources.folder, self.dataset.contract.columns
        key = key_of(self.dataset)
        keyed: list[FileKey] = []
        rejects = folder / "rejects.jsonl"

        def on_reject(number: int, reject: Reject) -> None:
            keyed[number].on_reject(reject)

        loading = ExportLoad(
            connection, self.dataset, files, rejects=rejects, folder=folder, on_reject=on_reject
        )
        with safe_errors():
            keyed += [
                FileKey(loading.source(number), key, self.key, self._place(*file[1:]))
                for number, file in enumerate(files)
            ]
            loading.load()
            loading.leave_one_a_key()
            kept = lines_of_key(connection, EXPORT, key, self.key)
            texts = [_text(column) for column in columns]
            rows = [texts_of_line(connection, EXPORT, texts, line) for line in kept]
        lines = [
            line
            for number, each in enumerate(keyed)
            for line in each.lines([at % FILE_LINES for at in kept if at // FILE_LINES == number])
        ]
        # The next version may need the room.
        for path in (rejects, *(file.path for file in files)):
            path.unlink()
        return Reading(
            values=as_json(columns, rows[0]) if rows else None,
            sources=most_lines(lines),
            refused=next((one for each in keyed for one in each.refused), None),
            problem=None,
        )

    def _place(self, key: str, version_id: str) -> SourceLine:
        return SourceLine(
            file=key,
            version=version_id,
            line=None,
            raw=None,
            archive=f"s3://{self.resources.landing.bucket}/{key}?versionId={version_id}",
        )


def _text(column: Column) -> str:
    """A column's value as canonical text, from the text that it is loaded as."""
    return text_of(column, f"try_cast({quote_identifier(column.name)} as {duckdb_type(column)})")

"""Files that landed, read again for the key of one item, each version once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from include.core.arrivals.versions import fetch
from include.core.csv.faults import Reject
from include.core.snapshot.database import connect_duckdb, safe_errors
from include.core.snapshot.load_csv import CsvFile, load_csv
from include.core.snapshot.texts import sortable_text_of
from include.core.statements import quote_identifier
from include.core.trace.answer import SourceLine
from include.core.trace.keys import json_number
from include.core.trace.reading import FileKey, Reading
from include.core.trace.rows import lines_of_key, texts_of_line
from include.errors import TerminalError
from include.pipelines.csv_upload_to_dynamodb.items import (
    FILE_VERSION,
    ItemFault,
    item_maker,
    key_column,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from duckdb import DuckDBPyConnection

    from include.contracts.uploads import ItemUpload
    from include.core.arrivals.resources import Resources
    from include.core.arrivals.versions import FileVersion
    from include.core.trace.ledger import LedgerRun
    from include.pipelines.csv_upload_to_dynamodb.items import Item

    Version = tuple[str, str]

_RELATION: Final = "upload"


def version_of(run: LedgerRun) -> Version:
    """Which file a run has read: its key in S3, and its object version."""
    return run.sources[0]["key"], run.sources[0]["version_id"]


def as_json(item: Item) -> dict[str, Any]:
    """An item's attributes as JSON, without the version of its file."""
    plain = {}
    for name, attribute in item.items():
        ((kind, value),) = attribute.items()
        if name != FILE_VERSION:
            plain[name] = json_number(value) if kind == "N" else value
    return plain


@dataclass(frozen=True, kw_only=True)
class TracedFiles:
    """One key, looked up in file after file.

    Attributes:
        uploads: all contracts of items.
        key: the key column, and its canonical text.
        resources: what the task has opened.
    """

    uploads: Sequence[ItemUpload]
    key: Mapping[str, str]
    resources: Resources

    def read(self, runs: Sequence[LedgerRun]) -> dict[Version, Reading]:
        """Look the key up in each version of a file.

        Raises:
            WorkerExhaustedError: no disk or memory is left.
        """
        found: dict[Version, Reading] = {}
        with connect_duckdb(self.resources.folder, memory=self.resources.memory) as connection:
            for run in runs:
                if version_of(run) not in found:
                    found[version_of(run)] = self._read(connection, run.sources[0])
        return found

    def _read(self, connection: DuckDBPyConnection, file: Any) -> Reading:
        try:
            return self._look(connection, file)
        except TerminalError as error:
            problem = str(error)
        return Reading(values=None, sources=[_place(file)], refused=None, problem=problem)

    def _look(self, connection: DuckDBPyConnection, file: FileVersion) -> Reading:
        upload = self._upload(file)
        contract = upload.contract
        key = key_column(contract)
        if key.name not in self.key:
            return Reading(values=None, sources=[_place(file)], refused=None, problem=None)
        folder = self.resources.folder
        copy = folder / "traced"
        fetch(self.resources.landing.client, file, copy)
        read = CsvFile(path=copy, name=file["key"], contract=contract)
        keyed = FileKey(read, [key], self.key, _place(file))
        with safe_errors():
            load_csv(connection, _RELATION, read, folder=folder, on_reject=keyed.on_reject)
            kept = lines_of_key(connection, _RELATION, [key], self.key)
            texts = [sortable_text_of(one, quote_identifier(one.name)) for one in contract.columns]
            rows = [texts_of_line(connection, _RELATION, texts, line) for line in kept]
        refused, values = next(iter(keyed.refused), None), None
        lines = keyed.lines(kept)
        copy.unlink()
        try:
            make = item_maker(contract, version=file["order"])
            values = as_json(make(rows[0])) if rows else None
        except ItemFault as fault:
            refused = Reject.of(kept[0], fault, "", column=fault.column)
        return Reading(values=values, sources=lines, refused=refused, problem=None)

    def _upload(self, file: FileVersion) -> ItemUpload:
        """The contract of a file: of the prefixes that fit, the longest."""
        fitting = [one for one in self.uploads if file["key"].startswith(one.prefix)]
        return max(fitting, key=lambda upload: len(upload.prefix))


def _place(file: FileVersion) -> SourceLine:
    return SourceLine(
        file=file["key"],
        version=file["version_id"],
        line=None,
        raw=None,
        archive=f"s3://{file['bucket']}/{file['key']}?versionId={file['version_id']}",
    )

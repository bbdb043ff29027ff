"""The files of an export into one relation of DuckDB: checked rows, one a key."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING, Final, NamedTuple

from include.core.runs.quarantine import set_aside
from include.core.snapshot.load_csv import CsvFile, leave_one_a_key, load_csv, reject_conflicts
from include.core.snapshot.long_keys import reject_long_keys
from include.core.statements import fill, quote_identifiers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from duckdb import DuckDBPyConnection

    from include.contracts.exports import TableExport
    from include.core.csv.faults import Counts, Reject

EXPORT: Final = "export"
"""The relation that the files are loaded into."""
_FILE: Final = "file"
FILE_LINES: Final = 1 << 40
"""Lines of a file are below this; those of the next one are that much higher."""


class LocalFile(NamedTuple):
    """A file of an export that was fetched.

    Attributes:
        path: where it is.
        key: in S3; its end says whether it is gzip.
        version_id: of the object.
    """

    path: Path
    key: str
    version_id: str


class ExportLoad:
    """Loads the files of an export into one relation of DuckDB.

    Arguments:
        connection: where.
        export: the contract.
        files: which.
        rejects: the file of the rows that are set aside.
        folder: for temporary files.
        on_reject: is given each of those rows, too, with its file's place among the files.

    Attributes:
        counts: of each file.
        codes: how many rejected rows each code has.
    """

    def __init__(
        self,
        connection: DuckDBPyConnection,
        export: TableExport,
        files: Sequence[LocalFile],
        *,
        rejects: Path,
        folder: Path,
        on_reject: Callable[[int, Reject], None] | None = None,
    ) -> None:
        self._connection, self._contract = connection, export.contract
        self._files, self._rejects, self._folder = files, rejects, folder
        self._on_reject = on_reject
        self.counts: list[Counts] = []
        self.codes: Counter[str] = Counter()

    def load(self) -> None:
        """Load all files; each row of the export is at a line of its own."""
        self._rejects.touch()
        for number in range(len(self._files)):
            self._load(number)

    def leave_one_a_key(self) -> int:
        """Settle keys that are there more than once, over all files; returns exact copies."""
        repeated = leave_one_a_key(
            self._connection, EXPORT, key=self._contract.key, columns=self._names
        )
        by_file = groupby(repeated.conflicts, key=lambda line: line // FILE_LINES)
        for number, lines in by_file:
            with self._set_aside(number) as add:
                reject_conflicts(
                    self.source(number),
                    [line % FILE_LINES for line in lines],
                    counts=self.counts[number],
                    on_reject=add,
                )
        return repeated.copies

    @property
    def _names(self) -> list[str]:
        return [column.name for column in self._contract.columns]

    def source(self, number: int) -> CsvFile:
        """A file by its place among the files."""
        file = self._files[number]
        return CsvFile(path=file.path, name=file.key, contract=self._contract)

    def _load(self, number: int) -> None:
        source, relation = self.source(number), _FILE if number else EXPORT
        # Keys are settled over all files together.
        keyless = replace(source, contract=replace(self._contract, key=()))
        with self._set_aside(number) as add:
            counts = load_csv(
                self._connection, relation, keyless, folder=self._folder, on_reject=add
            )
            reject_long_keys(
                self._connection,
                relation,
                source,
                key=self._contract.key,
                counts=counts,
                on_reject=add,
            )
        self.counts.append(counts)
        if number:
            names = {"file": _FILE, "export": EXPORT, "columns": quote_identifiers(self._names)}
            add_file = fill("table_export_to_kinesis/make_snapshot.add_file", **names)
            self._connection.execute(add_file, {"before": number * FILE_LINES})
            self._connection.execute(
                fill("table_export_to_kinesis/make_snapshot.drop_file", **names)
            )

    @contextmanager
    def _set_aside(self, number: int) -> Iterator[Callable[[Reject], None]]:
        file = self._files[number]
        with set_aside(self._rejects, file=file.key, version=file.version_id) as add:

            def on_reject(reject: Reject) -> None:
                self.codes[reject.code] += 1
                add(reject)
                if self._on_reject:
                    self._on_reject(number, reject)

            yield on_reject

"""What declares a tenant's table, and what could declare one that nothing does."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from include.core.arrivals.versions import fetch
from include.core.guess.declaration import dataset_name
from include.core.guess.exports import EXAMPLE, declare_export
from include.core.guess.infer import infer
from include.core.snapshot.database import connect_duckdb
from include.errors import SluiceError, UndeclaredTableError, WorkInterruptedError
from include.pipelines.table_export_to_kinesis.file_heads import FETCHED_BYTES, write_head
from include.pipelines.table_export_to_kinesis.manifest import MANIFEST

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from include.contracts.exports import TableExport
    from include.core.arrivals.claim import ReceivedFile
    from include.core.exports.names import ExportName

    DatasetOf = Callable[[str, str], TableExport | None]

MOST_CHARACTERS: Final = 12_000
"""Of a declaration: three of them, all letters of four bytes, fit into a notice."""
GUESSED_TABLES: Final = 3
"""In one run; its other undeclared tables are refused without a declaration."""


class _Guess(NamedTuple):
    """What to say of an undeclared table, and the module to add."""

    advice: str
    module: str


class Declarations:
    """Finds what declares a table; refuses one that nothing declares, with what to add.

    Arguments:
        dataset_of: the declaration of a tenant's table, None where there is none.
        client: a boto3 S3 client.
        taken: names of datasets.
        folder: for temporary files; up to a few megabytes.
        memory: DuckDB's memory limit.
    """

    def __init__(
        self,
        dataset_of: DatasetOf,
        client: Any,
        *,
        taken: Collection[str],
        folder: Path,
        memory: str,
    ) -> None:
        self._dataset_of, self._client, self._taken = dataset_of, client, taken
        self._folder, self._memory = folder, memory
        self._guesses: dict[str, _Guess] = {}

    def of(self, name: ExportName, files: Sequence[ReceivedFile]) -> TableExport:
        """What declares the table of an export.

        Arguments:
            name: which export.
            files: those of it that have landed.

        Raises:
            UndeclaredTableError: nothing does; it has the declaration that the files seem to need.
            ClientError: S3 does not give the file to guess from.
        """
        dataset = self._dataset_of(name["tenant"], name["table"])
        if dataset is None:
            guess = self._guess(name["table"], files)
            raise UndeclaredTableError(
                f"No dataset declares table {name['table']} of tenant {name['tenant']}"
                f"{guess.advice}, deploy it, and take the version again by hand",
                declaration=guess.module,
            )
        return dataset

    def _guess(self, table: str, files: Sequence[ReceivedFile]) -> _Guess:
        """Guess once for all tenants of a table: one declaration is for all of them."""
        if table not in self._guesses:
            if len(self._guesses) == GUESSED_TABLES:
                return _Guess(". Add a declaration, which make try AS=export prints", "")
            self._guesses[table] = self._look(table, files)
        return self._guesses[table]

    def _look(self, table: str, files: Sequence[ReceivedFile]) -> _Guess:
        data = sorted(
            (file for file in files if not file["key"].endswith(f"/{MANIFEST}")),
            key=lambda file: file["key"],
        )
        if not data:
            return _Guess(". None of its files is here to guess one from. Write one", EXAMPLE)
        file = data[0]
        name = file["key"].rpartition("/")[2]
        try:
            return self._read(table, file, name)
        except WorkInterruptedError:
            raise
        except SluiceError as error:
            problem = error.of_file
        except ValueError:
            problem = "no table can have its columns"
        return _Guess(
            f", and none can be guessed from {name}: {problem}. Write one like the example", EXAMPLE
        )

    def _read(self, table: str, file: ReceivedFile, name: str) -> _Guess:
        module_name = dataset_name(table, taken=self._taken)
        with tempfile.TemporaryDirectory(dir=self._folder) as made:
            folder = Path(made)
            fetched = folder / "fetched"
            fetch(self._client, file, fetched, first=FETCHED_BYTES)
            whole = write_head(
                fetched,
                folder / "head.csv",
                name=name,
                whole=fetched.stat().st_size == file["size"],
            )
            with connect_duckdb(folder, memory=self._memory) as connection:
                inferred = infer(folder / "head.csv", connection=connection, folder=folder)
        module = declare_export(inferred, table=table, file=name, name=module_name, head=not whole)
        if len(module) > MOST_CHARACTERS:
            return _Guess(
                f". Its declaration has {len(module)} characters, too many to be shown: add what "
                f"make try AS=export prints for {name}",
                "",
            )
        return _Guess(
            f". Add include/datasets/{module_name}.py as it is below the cause in the notice, in "
            "the log and in ops.run",
            module,
        )

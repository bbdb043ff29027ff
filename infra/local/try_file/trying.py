"""One file through the checks of its pipeline."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from include.contracts.github import GitHubDataset
from include.contracts.uploads import ItemUpload, JsonUpload, Upload
from include.core.arrivals.events import check_name
from include.core.csv.rows import read_rows
from include.errors import ArrivalError, InputFileError, SluiceError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from duckdb import DuckDBPyConnection

    from include.contracts.github import GitHubFile
    from include.core.runs.trial import Trial

    Dataset = GitHubDataset | Upload

DUCKDB_MEMORY = "512MB"


class SourceError(Exception):
    """The dataset has several sources, and nothing tells which of them the file is."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of one file, for as long as `Trying.file` is open.

    Attributes:
        path: the file.
        trial: its rows; None where the file as a whole is refused.
        causes: a sentence for each reason why it would not go through.
        source: which source of its dataset it was read as, if the dataset has sources.
    """

    path: Path
    trial: Trial | None
    causes: tuple[str, ...]
    source: GitHubFile | None = None


class Trying:
    """Tries files of one dataset, one after the other.

    Arguments:
        dataset: the contract.
        source: name of the source that the files are, of a dataset that has several; each file
            is taken for what its header or its name says when None.
        opened: closes what the trials share.
    """

    def __init__(self, dataset: Dataset, *, source: str | None, opened: ExitStack) -> None:
        self._dataset, self._source, self._opened = dataset, source, opened
        self._folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="sluice-try-")))
        self._as_of = datetime.now(timezone.utc)
        self._connection: DuckDBPyConnection | None = None

    @contextmanager
    def file(self, path: Path) -> Iterator[Outcome]:
        """Try one file; what the outcome has is gone at the end.

        Raises:
            SourceError: nothing tells which source of its dataset the file is.
        """
        with tempfile.TemporaryDirectory(dir=self._folder) as folder:
            yield self._outcome(path, Path(folder))

    def _outcome(self, path: Path, folder: Path) -> Outcome:
        source: GitHubFile | None = None
        causes: tuple[str, ...] = ()
        try:
            if isinstance(self._dataset, GitHubDataset):
                source = self._source_of(self._dataset, path)
                trial = self._of_github(self._dataset, source, path, folder)
            else:
                causes = _name_causes(self._dataset, path)
                trial = _of_upload(self._dataset, path, folder)
        except (SluiceError, OSError) as error:
            return Outcome(path=path, trial=None, causes=(*causes, str(error)), source=source)
        return Outcome(path=path, trial=trial, causes=(*causes, *trial.causes), source=source)

    def _of_github(
        self, dataset: GitHubDataset, source: GitHubFile, path: Path, folder: Path
    ) -> Trial:
        # The libraries of one pipeline are not loaded for another's file.
        from include.core.snapshot.files import connect_duckdb  # noqa: PLC0415
        from include.pipelines.github_csv_to_postgres.trial import try_file  # noqa: PLC0415

        if self._connection is None:
            self._connection = self._opened.enter_context(
                connect_duckdb(self._folder, memory=DUCKDB_MEMORY)
            )
        return try_file(
            dataset, source, path, as_of=self._as_of, connection=self._connection, folder=folder
        )

    def _source_of(self, dataset: GitHubDataset, path: Path) -> GitHubFile:
        """Find the source by its given name, else by the header, else by the file's name.

        Raises:
            SourceError: the header fits several sources and the name none.
            InputFileError: neither the header nor the name fits any.
        """
        sources = dataset.sources
        if self._source is not None:
            return next(source for source in sources if source.name == self._source)
        if len(sources) == 1:
            return sources[0]
        refused = {source.name: _refused(source, path) for source in sources}
        fitting = [source for source in sources if not refused[source.name]]
        if len(fitting) == 1:
            return fitting[0]
        for source in fitting or sources:
            if PurePosixPath(source.path).name == path.name:
                return source
        if fitting:
            raise SourceError(
                f"{path.name}: the header fits several sources of {dataset.name}. Say which it is, "
                f"SOURCE={' or '.join(source.name for source in fitting)}"
            )
        raise next(error for error in refused.values() if error)


def _refused(source: GitHubFile, path: Path) -> InputFileError | None:
    """Give what opening the file as this source raises."""
    try:
        read_rows(path, name=path.name, contract=source.contract)
    except InputFileError as error:
        # The traceback would keep the file open.
        return error.with_traceback(None)
    return None


def _name_causes(upload: Upload, path: Path) -> tuple[str, ...]:
    """Give why a file of this name would start no run, if so."""
    try:
        check_name(upload.prefix + path.name)
    except ArrivalError as error:
        return (str(error),)
    return ()


def _of_upload(upload: Upload, path: Path, folder: Path) -> Trial:
    if isinstance(upload, ItemUpload):
        from include.pipelines.csv_upload_to_dynamodb import trial as items  # noqa: PLC0415

        return items.try_file(upload, path, folder=folder)
    if isinstance(upload, JsonUpload):
        from include.pipelines.csv_upload_to_sqs import trial as messages  # noqa: PLC0415

        return messages.try_file(upload, path, folder=folder)
    raise TypeError(f"{upload.name}: no pipeline takes a {type(upload).__name__}")

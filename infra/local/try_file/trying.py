"""One file through the checks of its pipeline."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from include.contracts.exports import TableExport
from include.contracts.github import GitHubDataset
from include.contracts.uploads import ItemUpload, JsonUpload, Upload
from include.core.arrivals.events import name_problem
from include.core.csv.rows import read_rows
from include.core.runs.trial import MEMORY
from include.core.snapshot.database import connect_duckdb
from include.errors import InputFileError, SluiceError, WorkInterruptedError
from include.pipelines.csv_upload_to_dynamodb import trial as items
from include.pipelines.csv_upload_to_sqs import trial as messages
from include.pipelines.github_csv_to_postgres import trial as tables
from include.pipelines.landing import CSV_SUFFIXES, LANDING_PREFIXES, LANDING_SUFFIXES
from include.pipelines.table_export_to_kinesis import PIPELINE as EXPORTS
from include.pipelines.table_export_to_kinesis import trial as exports

if TYPE_CHECKING:
    from collections.abc import Iterator

    from duckdb import DuckDBPyConnection

    from include.contracts.files import CsvContract
    from include.contracts.github import GitHubFile
    from include.core.runs.trial import Trial

    Dataset = GitHubDataset | Upload | TableExport


class SourceError(Exception):
    """The dataset has several sources, and neither header nor name says which the file is."""


@dataclass(frozen=True)
class Workspace:
    """What trials share.

    Attributes:
        folder: for temporary files.
        connection: from connect_duckdb.
    """

    folder: Path
    connection: DuckDBPyConnection


@contextmanager
def workspace() -> Iterator[Workspace]:
    """Give a workspace, and remove it at the end."""
    with tempfile.TemporaryDirectory(prefix="sluice-try-") as name:
        folder = Path(name)
        with connect_duckdb(folder, memory=MEMORY) as connection:
            yield Workspace(folder, connection)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of one file.

    Attributes:
        path: the file.
        trial: its rows; None if the file as a whole is refused.
        causes: a sentence for each reason why it would not go through.
        source: which source of its dataset it was read as, if the dataset has sources.
    """

    path: Path
    trial: Trial | None
    causes: tuple[str, ...]
    source: GitHubFile | None = None


@contextmanager
def tried(
    dataset: Dataset, path: Path, work: Workspace, *, source: str | None = None
) -> Iterator[Outcome]:
    """Try one file; the outcome's files are gone at the end of the context.

    Arguments:
        dataset: the contract.
        path: the file.
        work: what the trials share.
        source: name of the source that the file is, of a dataset that has several; None to find
            it by the file's header or name.

    Raises:
        SourceError: nothing says which source of its dataset the file is.
    """
    with tempfile.TemporaryDirectory(dir=work.folder) as name:
        folder = Path(name)
        if isinstance(dataset, GitHubDataset):
            yield _of_github(dataset, path, work, source=source, folder=folder)
        else:
            yield _of_upload(dataset, path, folder)


def _of_github(
    dataset: GitHubDataset, path: Path, work: Workspace, *, source: str | None, folder: Path
) -> Outcome:
    found = None
    try:
        found = _source_of(dataset, path, source)
        trial = tables.try_file(
            dataset,
            found,
            path,
            as_of=datetime.now(timezone.utc),
            connection=work.connection,
            folder=folder,
        )
    except WorkInterruptedError:
        raise KeyboardInterrupt from None
    except (SluiceError, OSError) as error:
        return Outcome(path=path, trial=None, causes=(str(error),), source=found)
    return Outcome(path=path, trial=trial, causes=trial.causes, source=found)


def _source_of(dataset: GitHubDataset, path: Path, name: str | None) -> GitHubFile:
    """Find the source by its name, else by the file's header, else by the file's name.

    Raises:
        SourceError: the header fits several sources and the file's name none.
        InputFileError: neither the header nor the file's name fits any.
    """
    sources = dataset.sources
    if name is not None:
        return next(source for source in sources if source.name == name)
    if len(sources) == 1:
        return sources[0]
    refused = {source.name: refusal(path, source.contract) for source in sources}
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


def refusal(path: Path, contract: CsvContract) -> InputFileError | None:
    """Give what opening a file under a contract raises; None if its header fits."""
    try:
        read_rows(path, name=path.name, contract=contract)
    except InputFileError as error:
        # The traceback would keep the file open.
        return error.with_traceback(None)
    return None


def _of_upload(upload: Upload | TableExport, path: Path, folder: Path) -> Outcome:
    causes = _name_causes(upload, path)
    try:
        trial = _try_upload(upload, path, folder)
    except WorkInterruptedError:
        raise KeyboardInterrupt from None
    except (SluiceError, OSError) as error:
        return Outcome(path=path, trial=None, causes=(*causes, str(error)))
    return Outcome(path=path, trial=trial, causes=(*causes, *trial.causes))


def _try_upload(upload: Upload | TableExport, path: Path, folder: Path) -> Trial:
    if isinstance(upload, TableExport):
        return exports.try_file(upload, path, folder=folder)
    if isinstance(upload, ItemUpload):
        return items.try_file(upload, path, folder=folder)
    if isinstance(upload, JsonUpload):
        return messages.try_file(upload, path, folder=folder)
    raise TypeError(f"{upload.name}: no pipeline takes a {type(upload).__name__}")


def _name_causes(upload: Upload | TableExport, path: Path) -> tuple[str, ...]:
    """Give why a file of this name would start no run, if so."""
    if isinstance(upload, TableExport):
        prefix, suffixes = LANDING_PREFIXES[EXPORTS], LANDING_SUFFIXES[EXPORTS]
    else:
        prefix, suffixes = upload.prefix, CSV_SUFFIXES
    problem = name_problem(prefix + path.name, suffixes)
    return (problem,) if problem else ()

"""What a file seems to be for which no dataset is named, and a declaration to start from."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from include.contracts.github import GitHubDataset
from include.contracts.uploads import ItemUpload, JsonUpload
from include.core.csv.dialect import called
from include.core.csv.rows import read_rows
from include.core.snapshot.files import connect_duckdb, safe_errors
from include.datasets import all_datasets
from include.errors import InputFileError, SluiceError
from infra.local.try_file.declaration import dataset_name, declare
from infra.local.try_file.infer import infer
from infra.local.try_file.trying import DUCKDB_MEMORY, Trying

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from duckdb import DuckDBPyConnection

    from include.contracts.files import CsvContract
    from infra.local.try_file.infer import Inferred


@dataclass(frozen=True, kw_only=True)
class Look:
    """What a file seems to be.

    Attributes:
        lines: for people; comments, so that they may stand before the declaration.
        declaration: a module of include/datasets; empty for what is no CSV file.
    """

    lines: tuple[str, ...]
    declaration: str = ""


@contextmanager
def looking() -> Iterator[Callable[[Path], Look]]:
    """Give what looks at a file; it may be called many times."""
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="sluice-try-")))
        connection = opened.enter_context(connect_duckdb(folder, memory=DUCKDB_MEMORY))

        def look(path: Path) -> Look:
            try:
                return _look(path, connection, folder)
            except InputFileError as error:
                return Look(lines=(str(error),))
            except (SluiceError, OSError) as error:
                return Look(lines=(f"{path.name}: {error}",))

        yield look


def _look(path: Path, connection: DuckDBPyConnection, folder: Path) -> Look:
    with safe_errors():
        inferred = infer(path, connection=connection, folder=folder)
    name = dataset_name(path.name, taken=[dataset.name for dataset in all_datasets()])
    if inferred.contract.key and not _are_items(inferred, path, name):
        inferred.contract = replace(inferred.contract, key=())
    contract = inferred.contract
    size = f"{inferred.rows} rows, {len(contract.columns)} columns"
    lines = [
        f"# {path.name}: CSV, {called(contract.delimiter or '')}, {contract.encoding}, {size}",
        f"# its header fits {', '.join(_fitting(path)) or 'no shipped dataset'}",
    ]
    if inferred.rejected:
        lines.append(
            f"# {inferred.rejected} of its rows are rejected however it is declared: "
            "DATASET=any_csv lists them"
        )
    return Look(lines=tuple(lines), declaration=declare(inferred, file=path.name, name=name))


def _are_items(inferred: Inferred, path: Path, name: str) -> bool:
    """Tell whether DynamoDB takes every row as an item, by the pipeline's own checks."""
    upload = dataset_of(inferred.contract, name)
    with ExitStack() as opened:
        trying = Trying(upload, source=None, opened=opened)
        outcome = opened.enter_context(trying.file(path))
        return outcome.trial is not None and outcome.trial.rejected == inferred.rejected


def dataset_of(contract: CsvContract, name: str) -> ItemUpload | JsonUpload:
    """Give the dataset that a declaration declares."""
    kind = ItemUpload if contract.key else JsonUpload
    return kind(
        name=name, title="", description="", owner="", prefix=f"uploads/{name}/", contract=contract
    )


def _fitting(path: Path) -> Iterator[str]:
    """Name the datasets, and of several sources the source, whose header the file has."""
    for dataset in all_datasets():
        if not isinstance(dataset, GitHubDataset):
            if _opens(path, dataset.contract):
                yield dataset.name
            continue
        for source in dataset.sources:
            if _opens(path, source.contract):
                many = len(dataset.sources) > 1
                yield f"{dataset.name} (source {source.name})" if many else dataset.name


def _opens(path: Path, contract: CsvContract) -> bool:
    try:
        read_rows(path, name=path.name, contract=contract)
    except InputFileError:
        return False
    return True

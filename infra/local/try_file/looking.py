"""What a file seems to be if no dataset is named, and a declaration to start from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from include.contracts.github import GitHubDataset
from include.contracts.uploads import ItemUpload
from include.core.csv.dialect import called
from include.core.guess.declaration import dataset_name, table_name
from include.core.guess.exports import declare_export
from include.core.guess.infer import infer
from include.core.snapshot.database import safe_errors
from include.datasets import all_datasets, csv_datasets
from include.errors import InputFileError, SluiceError
from infra.local.try_file.declaration import declare
from infra.local.try_file.trying import refusal, tried

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from include.core.guess.infer import Inferred
    from infra.local.try_file.trying import Workspace


@dataclass(frozen=True, kw_only=True)
class Look:
    """What a file seems to be.

    Attributes:
        lines: for people; comments, so that they may precede the declaration in a file.
        declaration: a module of include/datasets; empty if the file is no CSV file.
    """

    lines: tuple[str, ...]
    declaration: str = ""


def look(path: Path, work: Workspace, *, export: bool = False) -> Look:
    """Look at a file, and declare it: as an upload, or as an export of a table of its name."""
    try:
        return _look(path, work, export=export)
    except InputFileError as error:
        return Look(lines=(str(error),))
    except (SluiceError, OSError) as error:
        return Look(lines=(f"{path.name}: {error}",))


def _look(path: Path, work: Workspace, *, export: bool) -> Look:
    with safe_errors():
        inferred = infer(path, connection=work.connection, folder=work.folder)
    name = dataset_name(path.name, taken=[dataset.name for dataset in all_datasets()])
    if not export and inferred.contract.key and not _are_items(inferred, path, work):
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
    file = path.name
    if export:
        declaration = declare_export(inferred, table=table_name(file), file=file, name=name)
    else:
        declaration = declare(inferred, file=file, name=name)
    return Look(lines=tuple(lines), declaration=declaration)


def _are_items(inferred: Inferred, path: Path, work: Workspace) -> bool:
    """Check whether DynamoDB takes every row as an item, by the pipeline's own checks."""
    upload = ItemUpload(
        name="tried",
        title="",
        description="",
        owner="",
        prefix="uploads/tried/",
        contract=inferred.contract,
    )
    with tried(upload, path, work) as outcome:
        return outcome.trial is not None and outcome.trial.counts.rejected == inferred.rejected


def _fitting(path: Path) -> Iterator[str]:
    """Name the datasets, and of several sources the source, whose header the file has."""
    for dataset in csv_datasets():
        if not isinstance(dataset, GitHubDataset):
            if dataset.contract.header and not refusal(path, dataset.contract):
                yield dataset.name
            continue
        for source in dataset.sources:
            if not refusal(path, source.contract):
                many = len(dataset.sources) > 1
                yield f"{dataset.name} (source {source.name})" if many else dataset.name

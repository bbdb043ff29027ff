"""What to ingest: one module a dataset, each with one DATASET."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import TYPE_CHECKING, TypeVar

from include.contracts import (
    ApiDataset,
    GitHubDataset,
    ItemUpload,
    JsonUpload,
    TableExport,
    Upload,
)
from include.errors import ArrivalError

if TYPE_CHECKING:
    from collections.abc import Sequence

    CsvDataset = GitHubDataset | Upload | TableExport
    Dataset = CsvDataset | ApiDataset

D = TypeVar("D", GitHubDataset, JsonUpload, ItemUpload, TableExport, ApiDataset)
U = TypeVar("U", bound=Upload)


def all_datasets() -> list[Dataset]:
    """Every dataset of whatever kind, in order of name; errors are those of github_datasets."""
    return list(_all())


def csv_datasets() -> list[CsvDataset]:
    """Every dataset whose rows come in CSV files; order and errors as above."""
    return [dataset for dataset in _all() if not isinstance(dataset, ApiDataset)]


def github_datasets() -> list[GitHubDataset]:
    """Every dataset that comes from GitHub, in order of name.

    Raises:
        TypeError: a module in this folder has no DATASET, or its name is not the dataset's.
    """
    return _of_kind(GitHubDataset)


def json_uploads() -> list[JsonUpload]:
    """Every kind of file whose rows become JSON messages; order and errors as above."""
    return _of_kind(JsonUpload)


def item_uploads() -> list[ItemUpload]:
    """Every kind of file whose rows become DynamoDB items; order and errors as above."""
    return _of_kind(ItemUpload)


def table_exports() -> list[TableExport]:
    """Every kind of table that comes as exports; order and errors as above."""
    return _of_kind(TableExport)


def api_datasets() -> list[ApiDataset]:
    """Every dataset that comes from an API, in order of name; errors as above."""
    return _of_kind(ApiDataset)


def export_of(exports: Sequence[TableExport], tenant: str, table: str) -> TableExport | None:
    """What declares the table of a tenant: of those that fit, the one with fewest wildcards."""
    fitting = [export for export in exports if export.fits(tenant, table)]
    return min(fitting, key=lambda export: _wildcards(export.tenants + export.tables), default=None)


def upload_of(uploads: Sequence[U], key: str) -> U:
    """What the file of a key is: of the prefixes that fit, the longest decides.

    Raises:
        ArrivalError: no prefix fits.
    """
    fitting = [upload for upload in uploads if key.startswith(upload.prefix)]
    if not fitting:
        raise ArrivalError("No dataset has a prefix that fits the key")
    return max(fitting, key=lambda upload: len(upload.prefix))


def _wildcards(pattern: str) -> int:
    return sum(map(pattern.count, "*?["))


def _of_kind(kind: type[D]) -> list[D]:
    return [dataset for dataset in _all() if isinstance(dataset, kind)]


@cache
def _all() -> list[Dataset]:
    found: list[Dataset] = []
    for module in pkgutil.iter_modules(__path__):
        dataset = getattr(importlib.import_module(f"{__name__}.{module.name}"), "DATASET", None)
        if (
            not isinstance(dataset, GitHubDataset | Upload | TableExport | ApiDataset)
            or dataset.name != module.name
        ):
            raise TypeError(f"{module.name}.py must hold DATASET, a dataset of that name")
        found.append(dataset)
    return sorted(found, key=lambda dataset: dataset.name)

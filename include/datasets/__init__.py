"""What to ingest: one module a dataset, each with one DATASET."""

from __future__ import annotations

import importlib
import pkgutil

from include.core.contract import GitHubDataset


def github_datasets() -> list[GitHubDataset]:
    """Every dataset that comes from GitHub, in order of name.

    Raises:
        TypeError: a module in this folder has no DATASET, or its name is not the dataset's.
    """
    found = []
    for module in pkgutil.iter_modules(__path__):
        dataset = getattr(importlib.import_module(f"{__name__}.{module.name}"), "DATASET", None)
        if not isinstance(dataset, GitHubDataset) or dataset.name != module.name:
            raise TypeError(f"{module.name}.py must hold DATASET, a dataset of that name")
        found.append(dataset)
    return sorted(found, key=lambda dataset: dataset.name)

"""Datasets are found by their modules, and an uploaded file's by its prefix."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from include import datasets
from include.datasets import (
    addresses,
    any_csv,
    github_datasets,
    item_uploads,
    json_uploads,
    upload_of,
)
from include.errors import ArrivalError

FOLDER = Path(datasets.__file__).parent


def test_each_module_is_one_dataset_of_its_kind() -> None:
    modules = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "__init__")
    kinds = (github_datasets(), json_uploads(), item_uploads())
    assert sorted(dataset.name for kind in kinds for dataset in kind) == modules
    assert any_csv.DATASET in json_uploads()
    assert addresses.DATASET in item_uploads()


def test_uploads_of_a_pipeline_land_below_its_prefix_each_below_its_own() -> None:
    for prefix, uploads in (
        ("uploads/sqs/", json_uploads()),
        ("uploads/dynamodb/", item_uploads()),
    ):
        prefixes = [upload.prefix for upload in uploads]
        assert prefix in prefixes, "a file without a dataset of its own would fail"
        assert all(each.startswith(prefix) and each.endswith("/") for each in prefixes)
        assert len(set(prefixes)) == len(prefixes)


def test_columns_of_uploads_and_their_keys_go_together() -> None:
    for upload in (*json_uploads(), *item_uploads()):
        names = [column.name for column in upload.contract.columns]
        assert len(set(names)) == len(names)
        assert set(upload.contract.key) <= set(names)
    assert all(len(upload.contract.key) == 1 for upload in item_uploads())


def test_addresses_map_the_names_of_the_file_to_those_of_the_items() -> None:
    columns = addresses.DATASET.contract.columns
    assert {column.header: (column.name, column.type) for column in columns} == {
        "ID": ("id", "text"),
        "HouseNum": ("house_number", "text"),
        "Street": ("street_address", "text"),
        "Town": ("town", "text"),
        "Zip": ("zip", "text"),
    }


def test_longest_prefix_that_fits_decides() -> None:
    any_file = any_csv.DATASET
    orders = replace(any_file, name="orders", prefix="uploads/sqs/orders/")
    late = replace(any_file, name="late", prefix="uploads/sqs/orders/late/")
    for uploads in ([any_file, orders, late], [late, any_file, orders]):
        assert upload_of(uploads, "uploads/sqs/a.csv") is any_file
        assert upload_of(uploads, "uploads/sqs/orders.csv") is any_file
        assert upload_of(uploads, "uploads/sqs/orders/a.csv") is orders
        assert upload_of(uploads, "uploads/sqs/orders/late/a.csv") is late


@pytest.mark.parametrize("key", ["", "uploads/sqs", "uploads/dynamodb/a.csv", "Uploads/sqs/a.csv"])
def test_file_that_no_prefix_fits_is_an_error_that_names_it(key: str) -> None:
    with pytest.raises(ArrivalError, match=f"{key!r}: no dataset has a prefix that fits"):
        upload_of(json_uploads(), key)


def test_module_without_a_dataset_of_its_name_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for wrong in (None, replace(any_csv.DATASET, name="other")):
        monkeypatch.setattr(any_csv, "DATASET", wrong)
        with pytest.raises(TypeError, match=r"any_csv\.py must hold DATASET"):
            datasets._all.__wrapped__()

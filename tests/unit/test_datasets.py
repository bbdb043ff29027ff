"""Datasets are found by their modules, and an uploaded file's by its prefix."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from include import datasets
from include.datasets import (
    addresses,
    any_csv,
    api_datasets,
    covid_us_daily,
    covid_us_states_daily,
    github_datasets,
    item_uploads,
    json_uploads,
    table_exports,
    upload_of,
)
from include.errors import ArrivalError
from tests.support.csv_files import take

FOLDER = Path(datasets.__file__).parent


def test_each_module_is_one_dataset_of_its_kind() -> None:
    modules = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "__init__")
    kinds = (github_datasets(), json_uploads(), item_uploads(), table_exports(), api_datasets())
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
def test_file_that_no_prefix_fits_is_an_error(key: str) -> None:
    with pytest.raises(ArrivalError, match="No dataset has a prefix that fits the key"):
        upload_of(json_uploads(), key)


def test_module_without_a_dataset_of_its_name_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for wrong in (None, replace(any_csv.DATASET, name="other")):
        monkeypatch.setattr(any_csv, "DATASET", wrong)
        with pytest.raises(TypeError, match=r"any_csv\.py must hold DATASET"):
            datasets._all.__wrapped__()


def test_shipped_datasets_declare_what_their_sources_promise_of_each_value() -> None:
    states = {column.name: column for column in covid_us_states_daily.COLUMNS}
    assert states["fips"].pattern == "[0-9]{2}"
    assert states["state"].min_length == 1
    for dataset in (covid_us_daily.DATASET, covid_us_states_daily.DATASET):
        columns = [*dataset.table.columns]
        columns += [column for source in dataset.sources for column in source.contract.columns]
        for column in columns:
            if column.name in {"cases", "deaths", "recovered"}:
                assert column.minimum == 0
            if column.type == "date":
                assert column.minimum == date(2019, 1, 1)
    key = addresses.DATASET.contract.columns[0]
    taken = take("id,k\n1,1\n0007,1\nA-12,1\nTotal,1\n", (replace(key, header=None),),
                 unknown_columns="ignore")  # fmt: skip
    assert taken.codes == [(5, "pattern_mismatch")]

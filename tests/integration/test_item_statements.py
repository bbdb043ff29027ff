"""Statements as long as DynamoDB takes them, against a real emulator's table."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from include.contracts.columns import Column
from include.datasets.addresses import DATASET
from include.errors import DeliveryRefusedError
from include.pipelines.csv_upload_to_dynamodb.item_writes import STATEMENT_CHARACTERS
from tests.integration.item_places import place

if TYPE_CHECKING:
    from include.contracts.uploads import ItemUpload
    from tests.support.item_runs import ItemPlace

__all__ = ["place"]

COLUMNS = 320


def wide_upload(table: str, characters: int) -> ItemUpload:
    """Items whose longest statement has so many characters, written out here once more."""
    names = [f"c{number:03}_______" for number in range(COLUMNS)]
    removed = "".join(f' REMOVE "{name}"' for name in names)
    statement = (
        f'UPDATE "{table}"{removed} SET "file_version"=? WHERE "id"=? AND "file_version" IS MISSING'
    )
    names[0] += "x" * (characters - len(statement))
    columns = (
        Column(name="id", type="text", nullable=False, header="id"),
        *(Column(name=name, type="text", header=name[:4]) for name in names),
    )
    return replace(DATASET, contract=replace(DATASET.contract, columns=columns))


def test_statement_of_8192_characters_is_written(place: ItemPlace) -> None:
    upload = wide_upload(place.table, STATEMENT_CHARACTERS)
    here = replace(place, upload=upload)
    names = [column.header or "" for column in upload.contract.columns]
    full, bare = ["k", *("v" for _ in names[1:])], ["k", *("" for _ in names[1:])]
    for number, row in enumerate((full, bare)):
        text = f"{','.join(names)}\n{','.join(row)}\n"
        (result,) = here.run(here.put(text), run_id=f"r{number}")
        assert result["counts"]["delivered"] == 1
        assert len(here.items()["k"]) == 2 + len([cell for cell in row[1:] if cell])


def test_statement_of_8193_characters_is_refused_before_anything_is_written(
    place: ItemPlace,
) -> None:
    upload = wide_upload(place.table, STATEMENT_CHARACTERS + 1)
    here = replace(place, upload=upload)
    text = ",".join(column.header or "" for column in upload.contract.columns)
    with pytest.raises(DeliveryRefusedError, match=r"320 columns and has 8193 characters"):
        here.run(here.put(f"{text}\n"), run_id="r")
    assert here.sent_events() == []
    assert here.items() == {}

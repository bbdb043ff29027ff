"""Rows as DynamoDB items, and which rows are none."""

from __future__ import annotations

from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st

from include.contracts.columns import Column
from include.contracts.files import CsvContract
from include.pipelines.csv_upload_to_dynamodb.items import (
    ITEM_BYTES,
    ItemFault,
    item_maker,
    item_size,
    key_column,
)
from tests.support.examples import examples

ID = Column(name="id", type="text")


def contract(*columns: Column, **settings: Any) -> CsvContract:
    return CsvContract(columns=(ID, *columns), **{"key": ("id",), **settings})


def make(value: str | None, kind: Any = "text", *, key: str | None = "k") -> dict[str, Any]:
    return item_maker(contract(Column(name="v", type=kind)), version="7")((key, value))


@pytest.mark.parametrize(
    ("kind", "text", "attribute"),
    [
        ("text", "007", {"S": "007"}),
        ("text", "", {"S": ""}),
        ("smallint", "-32768", {"N": "-32768"}),
        ("integer", "12", {"N": "12"}),
        ("bigint", "9223372036854775807", {"N": "9223372036854775807"}),
        ("numeric", "1.50", {"N": "1.50"}),
        ("numeric", "9" * 38, {"N": "9" * 38}),
        ("numeric", "1" + "0" * 125, {"N": "1" + "0" * 125}),
        ("numeric", "0.0", {"N": "0.0"}),
        ("numeric", "0." + "0" * 129 + "1", {"N": "0." + "0" * 129 + "1"}),
        ("double precision", "1e+30", {"N": "1e+30"}),
        ("boolean", "true", {"BOOL": True}),
        ("boolean", "false", {"BOOL": False}),
        ("date", "2024-02-29", {"S": "2024-02-29"}),
        ("timestamptz", "2024-02-29T05:06:07.500000Z", {"S": "2024-02-29T05:06:07.500000Z"}),
    ],
)
def test_each_type_becomes_dynamodb_s(kind: str, text: str, attribute: dict[str, Any]) -> None:
    assert make(text, kind) == {"id": {"S": "k"}, "v": attribute, "file_version": {"S": "7"}}


def test_null_is_no_attribute() -> None:
    assert make(None) == {"id": {"S": "k"}, "file_version": {"S": "7"}}


@pytest.mark.parametrize(
    ("kind", "text", "code"),
    [
        ("numeric", "1" * 39, "too_many_digits"),
        ("numeric", "1" + "0" * 37 + ".1", "too_many_digits"),
        ("numeric", "1" + "0" * 126, "out_of_range"),
        ("double precision", "1e-131", "out_of_range"),
        ("double precision", "-1e300", "out_of_range"),
        ("numeric", "NaN", "not_finite"),
        ("double precision", "inf", "not_finite"),
    ],
)
def test_number_that_dynamodb_has_not_is_refused_with_its_column(
    kind: str, text: str, code: str
) -> None:
    with pytest.raises(ItemFault) as caught:
        make(text, kind)
    assert (caught.value.code, caught.value.column) == (code, "v")


@pytest.mark.parametrize(
    ("key", "code"),
    [
        (None, "null"),
        ("", "key_empty"),
        ("  ", "key_empty"),
        ("\t\r\n", "key_empty"),
        ("\xa0\u3000\u2028", "key_empty"),
        ("\ufeff\u200b\u00ad", "key_empty"),
        ("é" * 1025, "key_too_long"),
    ],
)
def test_key_that_dynamodb_has_not_is_refused(key: str | None, code: str) -> None:
    with pytest.raises(ItemFault) as caught:
        make("v", key=key)
    assert (caught.value.code, caught.value.column) == (code, "id")


@pytest.mark.parametrize("key", [" a", "0", "-", "\u200b東", "🙂", "\ue000"])
def test_key_with_a_character_that_can_be_seen_is_taken_as_it_stands(key: str) -> None:
    assert make("v", key=key)["id"] == {"S": key}


def test_longest_key_is_taken() -> None:
    assert make("v", key="é" * 1024)["id"] == {"S": "é" * 1024}


def test_item_of_400_kb_is_taken_and_of_one_byte_more_is_not() -> None:
    left = ITEM_BYTES - item_size(make(""))
    assert item_size(make("x" * left)) == ITEM_BYTES
    with pytest.raises(ItemFault) as caught:
        make("x" * (left + 1))
    assert (caught.value.code, caught.value.column) == ("item_too_large", None)


def test_size_is_of_names_and_values_in_utf_8() -> None:
    assert item_size({"é": {"S": "東"}}) == 2 + 3
    assert item_size({"b": {"BOOL": True}}) == 1 + 1


@hypothesis.given(
    sign=st.sampled_from(["", "-"]),
    whole=st.text("0123456789", max_size=19),
    fraction=st.text("0123456789", min_size=1, max_size=19),
)
@hypothesis.settings(max_examples=examples(100))
def test_size_of_numbers_is_never_below_what_dynamodb_counts(
    sign: str, whole: str, fraction: str
) -> None:
    significant = len((whole + fraction).strip("0"))
    documented = (significant + 1) // 2 + 1
    size = item_size({"": {"N": f"{sign}{whole}.{fraction}000"}})
    assert documented <= size <= documented + 21


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (CsvContract(columns=(ID,)), "one key column"),
        (CsvContract(columns=(ID,), key=("id", "id")), "one key column"),
        (CsvContract(columns=(ID,), key=("other",)), "one key column"),
        (
            CsvContract(columns=(Column(name="id", type="numeric"),), key=("id",)),
            "no type for a key",
        ),
        (contract(Column(name="file_version", type="text")), "by themselves"),
        (contract(unknown_columns="add"), "none are added"),
    ],
)
def test_contract_that_cannot_be_one_of_items_is_refused(wrong: CsvContract, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        key_column(wrong)

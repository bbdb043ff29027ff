"""Records of an API's answers as typed rows, and what becomes of those that are none."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from include.contracts import ApiField, Column
from include.core.lake.answers import check_page
from include.datasets.payments_hourly import DATASET as PAYMENTS
from include.datasets.weather_hourly import DATASET as WEATHER
from include.errors import InputFileError
from tests.unit.core.lake.pages import HOUR, dataset_of, loaded, loaded_pages, page_of

if TYPE_CHECKING:
    from pathlib import Path

    from include.contracts.columns import ColumnType
    from include.core.lake.records import Page

CONTENT = "h7k-not-for-messages"
THINGS = dataset_of(
    ApiField(path="id", column=Column(name="id", type="bigint", nullable=False)),
    ApiField(path="at", column=Column(name="at", type="timestamptz", required=False)),
    ApiField(path="in.value", column=Column(name="value", type="text", required=False)),
    key=("id",),
    event_time="at",
)


def weather(number: int = 1, **others: Any) -> dict[str, Any]:
    return {
        "id": number,
        "name": "Berlin",
        "dt": 1_700_000_000,
        "main": {"temp": 3.5, "feels_like": 1, "pressure": 1013, "humidity": 80},
        "wind": {"speed": 4.1, "deg": 240},
        "clouds": {"all": 75},
        **others,
    }


def one_column(kind: ColumnType, *, epoch: Any = None, **declared: Any) -> Any:
    """A dataset whose column value is under test."""
    field = ApiField(path="value", column=Column(name="value", type=kind, **declared), epoch=epoch)
    return dataset_of(*THINGS.fields[:2], field, key=("id",), event_time="at")


def test_record_of_each_answer_is_a_row() -> None:
    with loaded(WEATHER, weather(2), weather(1)) as found:
        assert found.rows("city_id, temperature, as_of") == [
            (1, 3.5, HOUR.replace(tzinfo=None)),
            (2, 3.5, HOUR.replace(tzinfo=None)),
        ]
        assert (found.hour.read, found.hour.kept, found.rejects) == (2, 2, [])


def test_relation_has_the_declared_columns_and_the_hour() -> None:
    with loaded(WEATHER, weather()) as found:
        described = found.connection.execute("describe records").fetchall()
    kinds = {name: kind for name, kind, *_ in described}
    assert [*kinds] == [*(column.name for column in WEATHER.columns), "as_of"]
    assert (kinds["measured_at"], kinds["as_of"]) == ("TIMESTAMP_MS", "TIMESTAMP_MS")


def test_number_in_quotes_is_rejected() -> None:
    body = [weather(1), weather(2, clouds={"all": "75"})]
    with loaded(WEATHER, body) as found:
        (row,) = found.rejects
    assert (row.line, row.column_name, row.code) == (2, "clouds", "not_a_number")
    assert json.loads(row.raw) == body[1]
    assert row.file == "raw/000.json"
    assert "75" not in row.reason


def test_first_column_at_fault_is_named() -> None:
    with loaded(WEATHER, weather(1, name=5, dt="x"), weather(2)) as found:
        assert [(row.column_name, row.code) for row in found.rejects] == [("city", "not_a_text")]


@pytest.mark.parametrize("record", ["null", "5", '"x"', "[]", '[{"id": 1}]', "true"])
def test_record_that_is_no_object_is_rejected(record: str) -> None:
    with loaded(THINGS, f'[{record}, {{"id": 1, "at": null, "in": {{}}}}]'.encode()) as found:
        (row,) = found.rejects
        assert (row.line, row.column_name, row.code) == (1, None, "not_an_object")
        assert (found.hour.read, found.hour.kept) == (2, 1)


def test_list_of_records_within_an_answer_is_found() -> None:
    payment = {
        "id": "p",
        "created_at": "2026-01-01T10:00:00Z",
        "status": "COMPLETED",
        "amount_money": {"amount": 100, "currency": "EUR"},
    }
    with loaded(PAYMENTS, {"payments": [payment], "cursor": "next"}) as found:
        assert found.rows("payment_id, amount") == [("p", 100)]


def test_answers_without_records_are_an_hour_without_rows() -> None:
    with loaded(THINGS, [], []) as found:
        assert found.rows() == []
        assert (found.hour.read, found.hour.unknown) == (0, [])


def test_no_answers_are_no_hours(tmp_path: Path) -> None:
    with loaded_pages(THINGS, [], tmp_path) as found:
        assert (found.counts, found.rows()) == ({}, [])


def test_answers_of_one_file_are_answers_each(tmp_path: Path) -> None:
    page = page_of(tmp_path, {"id": 1})
    with loaded_pages(
        THINGS, [page, replace(page, as_of=HOUR + timedelta(hours=1))], tmp_path
    ) as found:
        assert [counts.kept for counts in found.counts.values()] == [1, 1]


def test_file_is_found_whatever_its_name_is(tmp_path: Path) -> None:
    pages = [page_of(tmp_path, {"id": n}, name) for n, name in enumerate(["[a]*?.json", "a.json"])]
    with loaded_pages(THINGS, pages, tmp_path) as found:
        assert found.rows("id") == [(0,), (1,)]


def test_hour_in_another_zone_is_kept_in_utc() -> None:
    there = datetime(2026, 3, 29, 3, tzinfo=timezone(timedelta(hours=2)))
    with loaded(THINGS, {"id": 1}, as_of=there) as found:
        assert found.rows("as_of") == [(datetime(2026, 3, 29, 1),)]  # noqa: DTZ001 -- as the lake has it
        assert [*found.counts] == [there]


def test_same_record_again_is_a_duplicate_and_another_one_of_its_key_a_conflict() -> None:
    same, other = {"id": 1, "in": {"value": "a"}}, {"id": 2, "in": {"value": "b"}}
    with loaded(THINGS, [same, other, same], [{"id": 2}, {**same, "more": 1}]) as found:
        assert found.rows("id") == [(1,)]
        assert [(row.file, row.line, row.code, row.column_name) for row in found.rejects] == [
            ("raw/000.json", 2, "key_conflict", "id"),
            ("raw/001.json", 1, "key_conflict", "id"),
        ]
        counts = found.hour
    assert (counts.read, counts.kept, counts.rejected, counts.duplicate) == (5, 1, 2, 2)


def test_same_key_in_another_hour_is_another_row(tmp_path: Path) -> None:
    hours = [HOUR, HOUR + timedelta(hours=1)]
    pages = [page_of(tmp_path, {"id": 1}, f"{hour:%H}.json", hour) for hour in hours]
    with loaded_pages(THINGS, pages, tmp_path) as found:
        assert [counts.kept for counts in found.counts.values()] == [1, 1]


def test_fields_that_are_not_declared_are_named_by_hour(tmp_path: Path) -> None:
    later = HOUR + timedelta(hours=1)
    bodies = [[{"id": 1, "z": {"deep": 1}}, {"id": 2, "in": {"other": []}}], {"id": 1}]
    pages = [
        page_of(tmp_path, body, f"{number}.json", hour)
        for number, (body, hour) in enumerate(zip(bodies, [HOUR, later], strict=True))
    ]
    with loaded_pages(THINGS, pages, tmp_path) as found:
        assert found.counts[HOUR].unknown == ["in.other", "z"]
        assert found.counts[later].unknown == []


def test_required_field_that_is_gone_from_all_records_refuses_the_hour() -> None:
    records = [weather(1, main={"feels_like": CONTENT}), weather(2, main=None)]
    with pytest.raises(InputFileError) as caught, loaded(WEATHER, records):
        pass
    assert "main.temp (column temperature) is gone from all 2 records" in str(caught.value)
    assert "2026-01-01T10:00Z" in str(caught.value)
    assert CONTENT not in str(caught.value)


def test_required_field_that_is_null_or_in_one_record_is_there() -> None:
    gone = weather(1, clouds={})
    with loaded(WEATHER, gone, weather(2, clouds={"all": None})) as found:
        assert found.hour.kept == 2
    with loaded(WEATHER, gone, weather(2)) as found:
        assert found.hour.kept == 2


def test_records_that_are_no_objects_lack_no_field() -> None:
    with loaded(WEATHER, [None]) as found:
        assert found.hour.rejects_by_code == {"not_an_object": 1}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "no JSON"),
        (b"<html><body>Bad gateway</body></html>", "no JSON"),
        (b'[{"id": 1}, {"id"', "no JSON"),
        (b'[{"id": 1}] x', "no JSON"),
        (b'{"name": "\xff"}', "not UTF-8"),
        (b'["\\ud800"]', "no JSON"),
        (b'["a\nb"]', "no JSON"),
        (b"5", "neither"),
        (b'"x"', "neither"),
        (b"null", "neither"),
        ("[]".encode("utf-16"), "not UTF-8"),
    ],
)
def test_answer_that_has_no_records_is_refused(tmp_path: Path, body: bytes, words: str) -> None:
    page = page_of(tmp_path, body.replace(b"Bad", CONTENT.encode()), "bad.json")
    good = page_of(tmp_path, {"id": 1}, "good.json")
    assert words in (check_page(page.path, THINGS) or "")
    assert check_page(good.path, THINGS) is None
    with pytest.raises(InputFileError) as caught, loaded_pages(THINGS, [good, page], tmp_path):
        pass
    assert str(caught.value).startswith("raw/bad.json: ")
    assert words.rsplit(maxsplit=1)[-1] in str(caught.value)
    assert CONTENT not in str(caught.value)


def test_answer_above_the_limit_is_refused_and_one_of_ten_mebibytes_is_read(tmp_path: Path) -> None:
    def of_records(count: int) -> Page:
        body = [{"id": number, "other": "x" * 500} for number in range(count)]
        return page_of(tmp_path, body, f"{count}.json")

    page = of_records(20_000)
    assert page.path.stat().st_size > 10 << 20
    with loaded_pages(THINGS, [page], tmp_path) as found:
        assert found.hour.kept == 20_000
    with (
        pytest.raises(InputFileError, match="16,777,216 bytes"),
        loaded_pages(THINGS, [of_records(32_000)], tmp_path),
    ):
        pass


def test_answer_that_memory_does_not_hold_is_refused_and_the_others_beside_it_are_not(
    tmp_path: Path,
) -> None:
    many = page_of(tmp_path, b"[" + b"1," * 3_800_000 + b"1]", "many.json")
    with (
        pytest.raises(InputFileError, match=r"raw/many\.json: The answer takes more memory"),
        loaded_pages(THINGS, [page_of(tmp_path, {"id": 1}, "one.json"), many], tmp_path),
    ):
        pass


@pytest.mark.parametrize("body", [{}, {"payments": None}, {"payments": {}}, [], {"payments": 5}])
def test_answer_without_its_list_is_refused(tmp_path: Path, body: object) -> None:
    page, dataset = page_of(tmp_path, body), replace(PAYMENTS, absent_is_empty=False)
    assert "payments" in (check_page(page.path, dataset) or "")
    with pytest.raises(InputFileError, match="payments"), loaded_pages(dataset, [page], tmp_path):
        pass


def test_answer_without_its_list_is_empty_where_that_is_declared(tmp_path: Path) -> None:
    page = page_of(tmp_path, {})
    assert check_page(page.path, PAYMENTS) is None
    with loaded_pages(PAYMENTS, [page], tmp_path) as loaded:
        assert loaded
    others: list[object] = [[], {"payments": 5}, {"payments": None}]
    for body in others:
        assert "payments" in (check_page(page_of(tmp_path, body).path, PAYMENTS) or "")


def test_empty_list_is_an_answer(tmp_path: Path) -> None:
    assert check_page(page_of(tmp_path, {"payments": []}).path, PAYMENTS) is None
    assert check_page(page_of(tmp_path, []).path, THINGS) is None


def test_byte_order_mark_is_no_data(tmp_path: Path) -> None:
    page = page_of(tmp_path, b'\xef\xbb\xbf{"id": 1}')
    assert check_page(page.path, THINGS) is None
    with loaded_pages(THINGS, [page], tmp_path) as found:
        assert found.rows("id") == [(1,)]


@pytest.mark.parametrize("body", [b'[{"id": 1},]', b' \t\r\n[ {"id" :1 , } ] '])
def test_comma_at_the_end_of_a_list_loses_nothing(body: bytes) -> None:
    with loaded(THINGS, body) as found:
        assert found.rows("id") == [(1,)]


def test_name_that_comes_twice_rejects_the_record() -> None:
    body = b'[{"id": 1, "id": 2}, {"id": 3, "in": {"value": "a", "value": "a"}}, {"id": 4}]'
    with loaded(THINGS, body) as found:
        assert found.rows("id") == [(4,)]
        assert [(row.line, row.code) for row in found.rejects] == [
            (1, "duplicate_name"),
            (2, "duplicate_name"),
        ]


def test_nul_in_a_text_rejects_the_record() -> None:
    body = rb'[{"id": 1, "in": {"value": "a\u0000"}}, {"id": 2, "in": {"value": "a\\u0000"}}]'
    with loaded(THINGS, body) as found:
        assert found.rows("value") == [("a\\u0000",)]
        assert [row.code for row in found.rejects] == ["nul"]


def test_text_of_any_script_is_kept_unchanged() -> None:
    text = "é\u200b😀\t\"\\/\u2028'; drop table--"
    with loaded(THINGS, {"id": 1, "in": {"value": text}}) as found:
        assert found.rows("value") == [(text,)]


def test_deep_nesting_is_read_and_rejected_where_a_value_belongs() -> None:
    deep = b"[" * 200_000 + b"]" * 200_000
    body = b'[{"id": 1, "other": %b}, {"id": 2, "in": {"value": %b}}]' % (deep, deep)
    with loaded(THINGS, body) as found:
        assert found.rows("id") == [(1,)]
        assert [row.code for row in found.rejects] == ["not_a_text"]
        assert len(found.rejects[0].raw) <= 65_536


@pytest.mark.parametrize(
    ("kind", "declared", "given", "kept"),
    [
        ("bigint", {}, "9007199254740993", 9007199254740993),
        ("bigint", {}, "9223372036854775807", 9223372036854775807),
        ("bigint", {}, "9223372036854775808", "out_of_range"),
        ("bigint", {}, "1" * 400, "out_of_range"),
        ("bigint", {}, "1.0", "whole_number_with_point"),
        ("bigint", {}, "1e2", "whole_number_with_point"),
        ("bigint", {"zero_fraction": True}, "1.0", 1),
        ("bigint", {"zero_fraction": True}, "9007199254740993.0", "inexact"),
        ("bigint", {}, "1.5", "not_an_integer"),
        ("bigint", {}, '"1"', "not_an_integer"),
        ("bigint", {}, "true", "not_an_integer"),
        ("bigint", {}, "1e400", "not_an_integer"),
        ("smallint", {}, "32768", "out_of_range"),
        ("double precision", {}, "1e400", "not_finite"),
        ("double precision", {}, "NaN", "not_finite"),
        ("double precision", {}, "-Infinity", "not_finite"),
        ("double precision", {}, "9007199254740993", "inexact"),
        ("double precision", {}, "9007199254740992", 9007199254740992.0),
        ("double precision", {}, "1" * 400, "not_finite"),
        ("double precision", {}, "{}", "not_a_number"),
        ("numeric", {"precision": (5, 2)}, "0.285", "too_precise"),
        ("numeric", {"precision": (5, 2)}, "999.99", 999.99),
        ("numeric", {"precision": (5, 2)}, "1000", "out_of_range"),
        ("boolean", {}, "1", "not_a_boolean"),
        ("boolean", {}, '"true"', "not_a_boolean"),
        ("boolean", {}, "false", False),
        ("text", {"nullable": False}, "null", "null"),
        ("text", {"enum": ("a",)}, '"b"', "not_in_enum"),
        ("text", {"max_length": 1}, '"é😀"', "text_too_long"),
        ("text", {}, "[]", "not_a_text"),
        ("date", {}, '"2023-02-29"', "not_a_date"),
        ("date", {}, '"2024-02-29T00:00:00Z"', "not_a_date"),
        ("date", {}, "20240229", "not_a_date"),
        ("timestamptz", {}, '"2024-01-01T10:00:00"', "no_zone"),
        ("timestamptz", {}, '"2024-12-31T23:59:60Z"', "not_a_timestamp"),
        ("timestamptz", {}, "1700000000", "not_a_timestamp"),
        ("timestamptz", {"zone": "Europe/Berlin"}, '"2026-03-29T02:30:00"', "nonexistent_time"),
        ("timestamptz", {"zone": "Europe/Berlin"}, '"2026-10-25T02:30:00"', "ambiguous_time"),
        ("timestamptz", {"zone": "Australia/Lord_Howe"}, '"2026-04-05T01:45:00"', "ambiguous_time"),
    ],
)
def test_value_is_kept_exactly_or_rejected(
    kind: ColumnType, declared: dict[str, Any], given: str, kept: Any
) -> None:
    with loaded(
        one_column(kind, **declared), f'{{"id": 1, "at": null, "value": {given}}}'.encode()
    ) as found:
        rows, codes = found.rows("value"), [row.code for row in found.rejects]
    if isinstance(kept, str):
        assert (rows, codes) == ([], [kept])
    else:
        assert codes == []
        assert float(rows[0][0]) == kept if kind == "numeric" else rows == [(kept,)]


@pytest.mark.parametrize(
    ("kind", "declared"),
    [
        ("date", {"formats": ("%d.%m.%Y",)}),
        ("text", {"trim": True}),
        ("bigint", {"group_char": ","}),
    ],
)
def test_spelling_of_a_cell_cannot_be_declared_for_json(
    kind: ColumnType, declared: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match=f"JSON has no {next(iter(declared))}"):
        one_column(kind, **declared)


@pytest.mark.parametrize(
    ("given", "moment"),
    [
        ("2026-03-29T03:30:00", "2026-03-29T01:30:00"),
        ("2026-10-25T03:30:00", "2026-10-25T02:30:00"),
        ("2026-10-25T02:30:00+01:00", "2026-10-25T01:30:00"),
        ("2026-12-31T23:59:59.9999", "2026-12-31T22:59:59.999000"),
    ],
)
def test_time_without_an_offset_is_in_the_declared_zone(given: str, moment: str) -> None:
    dataset = one_column("timestamptz", zone="Europe/Berlin")
    with loaded(dataset, {"id": 1, "at": None, "value": given}) as found:
        assert [value.isoformat() for (value,) in found.rows("value")] == [moment]


@pytest.mark.parametrize(
    ("epoch", "given", "moment"),
    [
        ("s", 1_700_000_000, "2023-11-14T22:13:20"),
        ("s", 1_700_000_000.1239, "2023-11-14T22:13:20.123000"),
        ("s", -0.0001, "1969-12-31T23:59:59.999000"),
        ("ms", 1_700_000_000_000, "2023-11-14T22:13:20"),
        ("s", 1_700_000_000_000, None),
        ("ms", 10**30, None),
    ],
)
def test_moment_as_a_number_is_of_the_declared_unit(
    epoch: str, given: float, moment: str | None
) -> None:
    dataset = one_column("timestamptz", epoch=epoch)
    with loaded(dataset, {"id": 1, "at": None, "value": given}) as found:
        if moment:
            assert [value.isoformat() for (value,) in found.rows("value")] == [moment]
        else:
            assert [row.code for row in found.rejects] == ["out_of_range"]


def test_ten_thousand_records_in_one_answer_are_ten_thousand_rows() -> None:
    body = [
        {"id": number, "in": {"value": number if number % 1000 == 7 else "x"}}
        for number in range(10_000)
    ]
    with loaded(THINGS, body) as found:
        assert (found.hour.read, found.hour.kept, found.hour.rejected) == (10_000, 9_990, 10)
        assert [row.line for row in found.rejects] == [n * 1000 + 8 for n in range(10)]

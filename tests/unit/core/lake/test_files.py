"""Files of the lake: what others read of them, what changes in them, and what Glue says of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from pyarrow import parquet

from include.contracts import ApiField, Column
from include.core.lake.changes import Changes, compare_hour
from include.core.lake.glue_columns import glue_columns
from include.core.lake.records import write_hour, write_table
from tests.unit.core.lake.pages import HOUR, dataset_of, loaded, loaded_pages, page_of

if TYPE_CHECKING:
    from pathlib import Path

THINGS = dataset_of(
    ApiField(path="id", column=Column(name="id", type="integer", nullable=False)),
    ApiField(path="at", column=Column(name="at", type="timestamptz"), epoch="s"),
    ApiField(path="text", column=Column(name="text", type="text", required=False)),
    ApiField(path="n", column=Column(name="n", type="numeric", precision=(9, 2), required=False)),
    ApiField(path="d", column=Column(name="d", type="date", required=False)),
    ApiField(
        path="f", column=Column(name="f", type="double precision", required=False), unit="m/s"
    ),
    ApiField(path="b", column=Column(name="b", type="boolean", required=False)),
    ApiField(path="s", column=Column(name="s", type="smallint", required=False)),
    key=("id",),
    event_time="at",
)
FULL = {
    "id": 1,
    "at": 1_700_000_000.5,
    "text": "é",
    "n": 1.25,
    "d": "2024-02-29",
    "f": 0.1,
    "b": True,
    "s": 7,
}
MOMENT = datetime(2023, 11, 14, 22, 13, 20, 500_000)  # noqa: DTZ001 -- as the lake has it


def thing(number: int, **others: Any) -> dict[str, Any]:
    return {"id": number, "at": 0, **others}


def test_other_readers_find_the_rows_as_they_are(tmp_path: Path) -> None:
    file = tmp_path / "rows.parquet"
    with loaded(THINGS, [thing(2), FULL]) as found:
        assert write_table(found.connection, THINGS, file) == 2
        rows = found.rows("*")
    read = parquet.read_table(file)
    assert [tuple(row.values()) for row in read.to_pylist()] == rows
    assert duckdb.connect().execute("from read_parquet($f)", {"f": str(file)}).fetchall() == rows
    assert rows[0][1] == MOMENT
    assert {field.name: str(field.type) for field in read.schema} == {
        "id": "int32",
        "at": "timestamp[ms]",
        "text": "string",
        "n": "decimal128(9, 2)",
        "d": "date32[day]",
        "f": "double",
        "b": "bool",
        "s": "int16",
        "as_of": "timestamp[ms]",
    }
    metadata = parquet.ParquetFile(file).metadata
    assert {metadata.row_group(0).column(n).compression for n in range(9)} == {"ZSTD"}


@pytest.mark.parametrize("count", [0, 1, 10_000])
def test_same_records_in_another_order_make_the_same_bytes(tmp_path: Path, count: int) -> None:
    records = [thing(number, text=f"t{number % 7}") for number in range(count)]
    files = [tmp_path / "a.parquet", tmp_path / "b.parquet"]
    for file, bodies in zip(files, [[records], [records[::-2], records[-2::-2]]], strict=True):
        with loaded(THINGS, *bodies) as found:
            assert write_table(found.connection, THINGS, file) == count
    assert files[0].read_bytes() == files[1].read_bytes()
    assert parquet.read_metadata(files[0]).num_rows == count


def test_file_of_an_hour_has_that_hour_alone(tmp_path: Path) -> None:
    hours = [HOUR, HOUR + timedelta(hours=1)]
    pages = [page_of(tmp_path, thing(n), f"{n}.json", hour) for n, hour in enumerate(hours)]
    with loaded_pages(THINGS, pages, tmp_path) as found:
        assert write_hour(found.connection, THINGS, hours[1], tmp_path / "hour.parquet") == 1
        assert write_table(found.connection, THINGS, tmp_path / "day.parquet") == 2
    (row,) = parquet.read_table(tmp_path / "hour.parquet").to_pylist()
    assert (row["id"], row["as_of"]) == (1, hours[1].replace(tzinfo=None))
    day = parquet.read_table(tmp_path / "day.parquet")["as_of"].to_pylist()
    assert day == [hour.replace(tzinfo=None) for hour in hours]


def written(folder: Path, records: list[dict[str, Any]], dataset: Any = THINGS) -> Path:
    file = folder / "base[1].parquet"
    with loaded(dataset, records) as found:
        write_table(found.connection, dataset, file)
    return file


def test_rows_of_an_hour_are_compared_by_key_and_null_equals_null(tmp_path: Path) -> None:
    base = written(tmp_path, [thing(1), thing(2, text="a"), thing(3, f=1.5), thing(4)])
    newest = [thing(1), thing(2), thing(3, f=2.5), thing(5)]
    with loaded(THINGS, newest) as found:
        changes = compare_hour(found.connection, THINGS, base, HOUR)
        later = compare_hour(found.connection, THINGS, base, HOUR + timedelta(hours=1))
    assert changes == Changes(inserted=1, updated=2, unchanged=1, deleted=1)
    assert later == Changes()


def test_all_rows_are_new_where_there_is_no_file() -> None:
    with loaded(THINGS, [thing(1), thing(2)]) as found:
        assert compare_hour(found.connection, THINGS, None, HOUR) == Changes(inserted=2)


def test_column_that_is_new_changes_the_rows_that_have_it(tmp_path: Path) -> None:
    old = replace(THINGS, fields=THINGS.fields[:2])
    base = written(tmp_path, [thing(1), thing(2)], old)
    with loaded(THINGS, [thing(1), thing(2, text="new")]) as found:
        changes = compare_hour(found.connection, THINGS, base, HOUR)
    assert changes == Changes(updated=1, unchanged=1)


def test_column_of_another_type_is_compared_as_today_s(tmp_path: Path) -> None:
    fields = list(THINGS.fields)
    fields[0] = replace(fields[0], column=replace(fields[0].column, type="bigint"))
    fields[5] = replace(fields[5], column=Column(name="f", type="text", required=False))
    old = replace(THINGS, fields=tuple(fields))
    base = written(tmp_path, [thing(1, f="1.5"), thing(2, f="x"), thing(3)], old)
    with loaded(THINGS, [thing(1, f=1.5), thing(2, f=2), thing(3)]) as found:
        changes = compare_hour(found.connection, THINGS, base, HOUR)
    assert changes == Changes(updated=1, unchanged=2)


def test_glue_has_the_types_of_athena_and_the_units() -> None:
    columns = {column["Name"]: column for column in glue_columns(THINGS)}
    assert {name: column["Type"] for name, column in columns.items()} == {
        "id": "int",
        "at": "timestamp",
        "text": "string",
        "n": "decimal(9,2)",
        "d": "date",
        "f": "double",
        "b": "boolean",
        "s": "smallint",
        "as_of": "timestamp",
    }
    assert columns["f"]["Comment"] == "m/s"
    assert all(set(column) == {"Name", "Type", "Comment"} for column in columns.values())

"""The tables of the lake as Athena answers them on the emulator."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import duckdb
import psycopg2
import pytest

from include.core.lake.glue_table import keep_table, table_input
from include.datasets import payments_hourly, weather_hourly
from infra.local.outcome import lake as lake_rows
from infra.local.state import Running

if TYPE_CHECKING:
    from pathlib import Path

    from include.contracts.apis import ApiDataset
    from include.core.aws.objects import ObjectStore
    from tests.conftest import Aws

COLUMNS = [
    {"Name": "city", "Type": "string", "Comment": ""},
    {"Name": "temperature", "Type": "double", "Comment": "°C"},
    {"Name": "measured_at", "Type": "timestamp", "Comment": "UTC"},
    {"Name": "as_of", "Type": "timestamp", "Comment": "UTC"},
]
HOURS = "values ('2020-12-05 {:02}:07:00'::timestamp_ms)"


class Lake:
    """A dataset's table over a bucket of its own."""

    def __init__(self, aws: Aws, store: ObjectStore, folder: Path, dataset: ApiDataset) -> None:
        self.store, self.folder = store, folder
        self.glue, self.athena = aws.client("glue"), aws.client("athena")
        self.workgroup = aws.outputs["AthenaWorkgroup"]
        self.dataset = dataset
        self.database = store.bucket.replace("-", "_")
        self.glue.create_database(DatabaseInput={"Name": self.database})

    def keep(self, columns: list[dict[str, str]] = COLUMNS) -> bool:
        table = table_input(self.dataset, bucket=self.store.bucket, columns=columns)
        return keep_table(self.glue, self.database, table)

    def table(self) -> Any:
        name = self.dataset.name
        return self.glue.get_table(DatabaseName=self.database, Name=name)["Table"]

    def file(self, rows: str) -> bytes:
        """A Parquet file of what a statement of DuckDB gives."""
        path = self.folder / f"{time.monotonic_ns()}.parquet"
        with duckdb.connect() as connection:
            connection.execute(f"copy ({rows}) to '{path}' (format parquet, compression zstd)")
        return path.read_bytes()

    def put(self, place: str, rows: str) -> None:
        key = f"lake/{self.dataset.name}/{place}/part.parquet"
        self.store.client.put_object(Bucket=self.store.bucket, Key=key, Body=self.file(rows))

    def ask(self, query: str) -> list[tuple[str | None, ...]]:
        """The rows of an answer, all of them text, as Athena's API gives them."""
        query_id = self.athena.start_query_execution(
            QueryString=query.format(table=f'"{self.database}"."{self.dataset.name}"'),
            WorkGroup=self.workgroup,
        )["QueryExecutionId"]
        while True:
            answer = self.athena.get_query_execution(QueryExecutionId=query_id)
            status = answer["QueryExecution"]["Status"]
            if status["State"] not in ("QUEUED", "RUNNING"):
                break
            time.sleep(0.02)
        assert status["State"] == "SUCCEEDED", status
        found = self.athena.get_query_results(QueryExecutionId=query_id)["ResultSet"]["Rows"]
        return [tuple(cell.get("VarCharValue") for cell in row["Data"]) for row in found[1:]]


def weather_row(city: str, temperature: float, hour: int = 8) -> str:
    return (
        f"select '{city}' as city, {temperature}::double as temperature, "
        f"'2020-12-05 {hour:02}:01:02.345'::timestamp_ms as measured_at, "
        f"'2020-12-05 {hour:02}:07:00'::timestamp_ms as as_of"
    )


@pytest.fixture
def days(aws: Aws, lake: ObjectStore, tmp_path: Path) -> Lake:
    return Lake(aws, lake, tmp_path, weather_hourly.DATASET)


@pytest.fixture
def hours(aws: Aws, lake: ObjectStore, tmp_path: Path) -> Lake:
    return Lake(aws, lake, tmp_path, payments_hourly.DATASET)


def test_days_are_found_without_a_partition_being_added(days: Lake) -> None:
    assert days.keep()
    days.put("dt=2020-12-05", weather_row("Berlin", 3.5))
    days.put("dt=2020-12-06", weather_row("Tokyo", 7))
    query = "select city, temperature, dt from {table} where dt = '2020-12-05'"
    assert days.ask(query) == [("Berlin", "3.5", "2020-12-05")]
    assert days.ask("select city from {table} order by dt") == [("Berlin",), ("Tokyo",)]
    assert days.ask("select city from {table} where dt between '2020-12-06' and '2020-12-09'") == [
        ("Tokyo",)
    ]


def test_hours_are_found_by_day_and_number(hours: Lake) -> None:
    assert hours.keep()
    for hour in (7, 12):
        hours.put(f"dt=2020-12-05/hour={hour:02}", weather_row("Berlin", hour, hour))
    query = "select temperature, dt, hour from {table} where dt = '2020-12-05' and hour = 7"
    assert hours.ask(query) == [("7.0", "2020-12-05", "7")]
    assert hours.ask("select count(*) from {table} where hour between 8 and 12") == [("1",)]


def test_table_without_a_file_has_no_row(days: Lake) -> None:
    days.keep()
    assert days.ask("select count(*) from {table} where dt = '2020-12-05'") == [("0",)]


def test_moments_are_in_milliseconds_and_utc(days: Lake) -> None:
    days.keep()
    days.put("dt=2020-12-05", weather_row("Berlin", 3.5))
    ((measured, as_of),) = days.ask("select measured_at, as_of from {table}")
    assert (measured or "")[:23] == "2020-12-05 08:01:02.345"
    assert (as_of or "")[:19] == "2020-12-05 08:07:00"
    later = "select city from {table} where measured_at > timestamp '2020-12-05 08:01:02.344'"
    assert days.ask(later) == [("Berlin",)]
    assert days.ask(later.replace(".344", ".345")) == []


def test_column_that_older_files_lack_is_null_in_them(days: Lake) -> None:
    days.keep()
    days.put("dt=2020-12-05", weather_row("Berlin", 3.5))
    assert days.keep([*COLUMNS, {"Name": "rain", "Type": "double", "Comment": "mm"}])
    newer = weather_row("Berlin", 4.5).replace("select ", "select 0.2::double as rain, ", 1)
    days.put("dt=2020-12-06", newer)
    assert days.ask("select dt, rain from {table} order by dt") == [
        ("2020-12-05", None),
        ("2020-12-06", "0.2"),
    ]


def test_query_while_a_file_is_replaced_sees_one_or_the_other(days: Lake) -> None:
    days.keep()
    sizes = (1, 50)
    versions = [
        days.file(f"{weather_row('Berlin', 1)} from range({size}) as ten") for size in sizes
    ]
    key = "lake/weather_hourly/dt=2020-12-05/part.parquet"
    stop = threading.Event()

    def replace_again_and_again() -> int:
        count = 0
        while not stop.is_set():
            body = versions[count % 2]
            days.store.client.put_object(Bucket=days.store.bucket, Key=key, Body=body)
            count += 1
        return count

    with ThreadPoolExecutor() as pool:
        replaced = pool.submit(replace_again_and_again)
        try:
            seen = [
                days.ask("select count(*) from {table} where dt = '2020-12-05'")[0][0]
                for _ in range(30)
            ]
        finally:
            stop.set()
    assert replaced.result() > 30
    assert set(seen) <= {"0", *map(str, sizes)}
    assert set(map(str, sizes)) <= set(seen)


# What a run shows of it


@pytest.fixture
def running(days: Lake, aws: Aws, warehouse_uri: str, loader_uri: str) -> Running:
    """A stack with an hour of weather in its ledger, the last of its day west of Greenwich."""
    assert loader_uri  # so the database is up to date
    with closing(psycopg2.connect(warehouse_uri)) as opened, opened, opened.cursor() as cursor:
        cursor.execute(
            "insert into ops.run (dag_id, run_id, sink, as_of, status, started_at) values"
            " ('weather_hourly', 'one', 'lake.weather_hourly', '2020-12-04 23:07-05', 'success',"
            " now()), ('covid_us_daily', 'one', 'covid.us_daily', now(), 'success', now())"
        )
    places = {"LakeDatabase": days.database, "LakeWorkgroup": days.workgroup}
    return Running(
        pid=0,
        ui_port=0,
        warehouse_uri=warehouse_uri,
        endpoint=aws.endpoint,
        notices_queue="",
        outputs=aws.outputs | places,
        env={},
    )


def test_run_shows_the_first_rows_of_its_day_the_newest_first(days: Lake, running: Running) -> None:
    days.keep([*COLUMNS[:2], COLUMNS[-1]])
    rows = [
        f"select '{city}' as city, {temperature}::double as temperature, "
        f"'2020-12-0{day} 0{hour}:07:00'::timestamp_ms as as_of"
        for city, temperature, day, hour in (
            ("Berlin", "-3.5", 5, 3),
            ("York", "null", 5, 4),
            ("York", "11", 5, 2),
            ("Tokyo", "1", 4, 5),
        )
    ]
    days.put("dt=2020-12-05", " union all ".join(rows[:3]))
    days.put("dt=2020-12-04", rows[3])
    query, *shown = lake_rows(running, "weather_hourly", "one").splitlines()
    table = f'"{days.database}"."weather_hourly"'
    assert query == f"  select * from {table} where dt = '2020-12-05' order by as_of desc limit 10"
    assert shown == [
        "  city    temperature  as_of                dt",
        "  York              -  2020-12-05 04:07:00  2020-12-05",
        "  Berlin         -3.5  2020-12-05 03:07:00  2020-12-05",
        "  York           11.0  2020-12-05 02:07:00  2020-12-05",
    ]


def test_run_shows_ten_rows_at_most_and_says_where_there_is_none(
    days: Lake, running: Running
) -> None:
    days.keep()
    assert lake_rows(running, "weather_hourly", "one").splitlines()[1:] == ["  no row"]
    days.put("dt=2020-12-05", f"{weather_row('Berlin', 1)} from range(11) as eleven")
    assert len(lake_rows(running, "weather_hourly", "one").splitlines()) == 2 + 10


def test_run_says_why_athena_has_no_answer(running: Running) -> None:
    assert "Athena has no answer: " in lake_rows(running, "weather_hourly", "one")


def test_run_that_writes_to_no_table_of_the_lake_shows_none(running: Running) -> None:
    assert (
        lake_rows(running, "covid_us_daily", "one")
        == lake_rows(running, "weather_hourly", "two")
        == ""
    )


# Keeping the table


def test_table_is_changed_only_where_it_differs(days: Lake) -> None:
    assert [days.keep(), days.keep(), days.keep()] == [True, False, False]
    first = days.table()
    assert days.keep(COLUMNS[:-1])
    assert [column["Name"] for column in days.table()["StorageDescriptor"]["Columns"]] == [
        column["Name"] for column in COLUMNS[:-1]
    ]
    days.dataset = replace(days.dataset, description="Another one.")
    assert days.keep(COLUMNS[:-1])
    assert days.table()["VersionId"] != first["VersionId"]
    days.dataset = replace(days.dataset, partition="hour")
    assert days.keep(COLUMNS[:-1])
    assert [key["Name"] for key in days.table()["PartitionKeys"]] == ["dt", "hour"]
    assert not days.keep(COLUMNS[:-1])


def test_what_glue_adds_to_a_table_makes_no_difference(days: Lake) -> None:
    days.keep()
    table = table_input(days.dataset, bucket=days.store.bucket, columns=COLUMNS)
    table["Parameters"] = {**table["Parameters"], "added": "by a crawler"}
    table["StorageDescriptor"] = {**table["StorageDescriptor"], "NumberOfBuckets": 0}
    days.glue.update_table(DatabaseName=days.database, TableInput=table)
    assert not days.keep()


def test_partitions_are_no_columns_of_the_files(hours: Lake) -> None:
    added = [{"Name": name, "Type": "string", "Comment": ""} for name in ("dt", "hour")]
    hours.keep([*COLUMNS, *added])
    assert hours.table()["StorageDescriptor"]["Columns"] == COLUMNS


def test_writers_at_once_make_one_table_and_change_it_once(days: Lake) -> None:
    with ThreadPoolExecutor(8) as pool:
        for columns in (COLUMNS, COLUMNS[:-1]):
            done = list(pool.map(lambda _: days.keep(columns), range(8)))  # noqa: B023 - the map ends with the round
            assert any(done)
            assert not days.keep(columns)


class _Interrupted:
    """A Glue client beside which another writer is always first, some number of times."""

    def __init__(self, glue: Any, times: int) -> None:
        self._glue, self._times = glue, times
        self.exceptions = glue.exceptions

    def get_table(self, **given: Any) -> Any:
        return self._glue.get_table(**given)

    def create_table(self, **given: Any) -> Any:
        self._interrupt(lambda: self._glue.create_table(**given))
        return self._glue.create_table(**given)

    def update_table(self, **given: Any) -> Any:
        def change() -> None:
            table = {**given["TableInput"], "Description": f"of another writer {self._times}"}
            self._glue.update_table(DatabaseName=given["DatabaseName"], TableInput=table)

        self._interrupt(change)
        return self._glue.update_table(**given)

    def _interrupt(self, change: Any) -> None:
        if self._times:
            self._times -= 1
            change()


@pytest.fixture
def described(days: Lake) -> dict[str, Any]:
    return table_input(days.dataset, bucket=days.store.bucket, columns=COLUMNS)


def test_table_that_another_writer_has_just_made_is_looked_at_again(
    days: Lake, described: dict[str, Any]
) -> None:
    interrupted = _Interrupted(days.glue, 1)
    assert not keep_table(interrupted, days.database, described)


def test_table_that_another_writer_changes_meanwhile_is_changed_after_it(
    days: Lake, described: dict[str, Any]
) -> None:
    days.keep(COLUMNS[:-1])
    assert keep_table(_Interrupted(days.glue, 3), days.database, described)
    assert days.table()["Description"] == days.dataset.description
    assert not days.keep()


def test_table_that_others_change_without_end_is_an_error(
    days: Lake, described: dict[str, Any]
) -> None:
    days.keep(COLUMNS[:-1])
    with pytest.raises(days.glue.exceptions.ConcurrentModificationException):
        keep_table(_Interrupted(days.glue, 100), days.database, described)


def test_database_that_is_not_there_is_an_error(days: Lake, described: dict[str, Any]) -> None:
    with pytest.raises(days.glue.exceptions.EntityNotFoundException):
        keep_table(days.glue, "nowhere", described)

"""From an API's answers to a Parquet file of the lake, and the floor: pyarrow alone."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import duckdb
import pyarrow as pa
import pyarrow.json as arrow_json
from pyarrow import compute, parquet

from include.contracts.apis import ApiCall, ApiDataset, ApiField, ApiKey
from include.contracts.columns import Column
from include.core.lake.records import Page, load_records, write_table
from include.core.scratch import scratch_folder
from include.core.snapshot.database import connect_duckdb
from include.settings import Settings
from tests.bench.clock import Clock

if TYPE_CHECKING:
    from collections.abc import Iterator

_HOUR: Final = datetime(2026, 1, 1, tzinfo=timezone.utc)
_PAGE_RECORDS: Final = 10_000
_NUMBERS: Final = {
    "main": ("temp", "feels_like", "pressure", "humidity"),
    "wind": ("speed", "deg", "gust"),
    "clouds": ("all",),
    "rain": ("1h",),
}
DATASET: Final = ApiDataset(
    name="weather",
    title="Weather",
    description="Records of the benchmarks.",
    owner="bench",
    schedule=None,
    url="https://api.example.com/weather",
    key=ApiKey(connection="bench_api", parameter="key"),
    calls=(ApiCall(name="all", params={}),),
    fields=(
        ApiField(path="id", column=Column(name="city_id", type="bigint", nullable=False)),
        ApiField(path="name", column=Column(name="city", type="text", nullable=False)),
        ApiField(path="dt", column=Column(name="measured_at", type="timestamptz"), epoch="s"),
        *(
            ApiField(
                path=f"{holder}.{name}",
                column=Column(name=f"{holder}_{name}", type="double precision", required=False),
            )
            for holder, names in _NUMBERS.items()
            for name in names
        ),
        ApiField(path="weather.0.description", column=Column(name="sky", type="text")),
    ),
    row_key=("city_id",),
    event_time="measured_at",
)
# Shaped as https://openweathermap.org/current is.
_RECORDS: Final = """
select
    {'lon': (hash(i) % 36000) / 100.0, 'lat': (hash(i + 1) % 18000) / 100.0} as coord,
    [{
        'id': 804, 'main': 'Clouds', 'icon': '04d',
        'description': ['overcast clouds', 'clear sky', 'light rain'][i % 3 + 1]
    }] as weather,
    'stations' as base,
    {
        'temp': (hash(i + 3) % 6000) / 100.0, 'feels_like': (hash(i + 4) % 6000) / 100.0,
        'temp_min': 13.5, 'temp_max': 15.1, 'pressure': 980 + hash(i + 5) % 60,
        'humidity': hash(i + 6) % 100, 'sea_level': 1012, 'grnd_level': 1008
    } as main,
    10000 as visibility,
    {'speed': (hash(i + 7) % 2000) / 100.0, 'deg': hash(i + 8) % 360, 'gust': null} as wind,
    {'all': hash(i + 9) % 100} as clouds,
    if(i % 3 = 0, {'1h': (hash(i + 10) % 500) / 100.0}, null) as rain,
    1700000000 + i as dt,
    {'type': 2, 'id': 2011538, 'country': 'DE', 'sunrise': 1700000000, 'sunset': 1700030000} as sys,
    3600 as timezone,
    i as id,
    'City ' || i as name,
    200 as cod
from range($first, $end) as numbers (i)
"""
_WRITE: Final = "copy ({records}) to $to (format json, array {array})"


def lake_made(*, folder: str, rows: int) -> tuple[float, dict[str, int]]:
    """Answers of 10,000 records each, and the same records as lines.

    Arguments:
        folder: where they go.
        rows: how many records.
    """
    here, clock = Path(folder), Clock()
    here.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as connection:
        bound: dict[str, Any] = {"first": 0, "end": rows, "to": str(_lines(here))}
        connection.execute(_WRITE.format(records=_RECORDS, array="false"), bound)
        for number, first in enumerate(range(0, rows, _PAGE_RECORDS)):
            bound = {"first": first, "end": min(rows, first + _PAGE_RECORDS)}
            bound["to"] = str(here / f"{number:06}.json")
            connection.execute(_WRITE.format(records=_RECORDS, array="true"), bound)
    return clock.stop(rows=rows)


def lake_sluice(*, folder: str) -> tuple[float, dict[str, int]]:
    """Answers into checked rows of one file, as a task makes it."""
    pages = [*_pages(Path(folder))]
    with scratch_folder("bench", root=Path(folder)) as scratch:
        clock = Clock()
        with connect_duckdb(scratch, memory=Settings.duckdb_memory) as connection:
            counts = load_records(connection, DATASET, pages, rejects=scratch / "rejects.jsonl")
            rows = write_table(connection, DATASET, scratch / "rows.parquet")
        return clock.stop(rows=rows, rejected=counts[_HOUR].rejected)


def lake_pyarrow(*, folder: str, declared: bool) -> tuple[float, dict[str, int]]:
    """The floor: the same records as lines into a file, nothing checked and nothing in order.

    Arguments:
        folder: where they are.
        declared: pyarrow is given the fields, and passes over the others.
    """
    clock = Clock()
    options = arrow_json.ParseOptions(
        explicit_schema=_schema() if declared else None,
        unexpected_field_behavior="ignore" if declared else "infer",
    )
    table = arrow_json.read_json(_lines(Path(folder)), parse_options=options).flatten()
    sky = compute.list_element(table["weather"], 0)
    table = table.append_column("sky", compute.struct_field(sky, "description"))
    nested = [field.name for field in table.schema if pa.types.is_nested(field.type)]
    parquet.write_table(table.drop_columns(nested), Path(folder) / "arrow", compression="zstd")
    return clock.stop(rows=table.num_rows)


def _schema() -> Any:
    numbers = [
        (holder, pa.struct([(name, pa.float64()) for name in names]))
        for holder, names in _NUMBERS.items()
    ]
    sky = pa.list_(pa.struct([("description", pa.string())]))
    return pa.schema(
        [
            ("id", pa.int64()),
            ("name", pa.string()),
            ("dt", pa.int64()),
            *numbers,
            ("weather", sky),
        ]
    )


def _lines(folder: Path) -> Path:
    return folder / "records.jsonl"


def _pages(folder: Path) -> Iterator[Page]:
    for path in sorted(folder.glob("*.json")):
        yield Page(path=path, key=path.name, version="1", as_of=_HOUR)

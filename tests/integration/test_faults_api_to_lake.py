"""Workers that die, and runs side by side: every hour is in the table once, and told once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from typing_extensions import Self

from include.datasets import weather_hourly
from include.pipelines.api_to_lake.partition import partition_key
from infra.local.stand_ins.api_faults import Fault
from tests.integration.api_places import EIGHT, api, payments, weather
from tests.support.worker_processes import WAIT_SECONDS, Worker, failpoints_of, processes

if TYPE_CHECKING:
    from multiprocessing.synchronize import Barrier

    from infra.local.stand_ins.api import ApiStandIn
    from tests.support.api_runs import ApiPlace

__all__ = ["api", "payments", "weather"]

PIPELINE = Path(__file__).parents[2] / "include" / "pipelines" / "api_to_lake"
FAILPOINTS = failpoints_of(sorted(PIPELINE.glob("*.py")))
SEVEN, NINE = EIGHT - timedelta(hours=1), EIGHT + timedelta(hours=1)
CITIES = len(weather_hourly.DATASET.calls)
PROCESSES = 4


class Reader:
    """Reads the day's file all the time, and remembers how many rows each hour had."""

    def __init__(self, place: ApiPlace) -> None:
        self._place, self._seen, self._ended = place, set[tuple[int, ...]](), False
        self._threads = ThreadPoolExecutor(max_workers=1)

    def __enter__(self) -> Self:
        self._reading = self._threads.submit(self._read)
        return self

    def __exit__(self, *_: object) -> None:
        self._ended = True
        self._reading.result()
        self._threads.shutdown()
        assert self._seen <= {(), (CITIES,), (CITIES, CITIES), (CITIES, CITIES, CITIES)}

    def _read(self) -> None:
        path = self._place.folder / "polled.parquet"
        with duckdb.connect() as opened:
            while not self._ended:
                body = self._place.published(EIGHT)
                if body is None:
                    self._seen.add(())
                    continue
                path.write_bytes(body)
                counted = "select count(*) from read_parquet(?) group by as_of"
                found = opened.execute(counted, [str(path)]).fetchall()
                self._seen.add(tuple(count for (count,) in found))


def check(place: ApiPlace, *hours: datetime, run_ids: tuple[str, ...]) -> None:
    """What holds after a fault and the rerun behind it."""
    assert place.rows(EIGHT) == place.expected(*hours)
    counted = place.query(
        "select as_of, sum(inserted), sum(updated), sum(deleted), sum(rejected) from ops.run "
        "group by as_of order by as_of"
    )
    assert counted == [(as_of, CITIES, 0, 0, 0) for as_of in sorted(hours)]
    told = place.query("select run_id, status, sent_at is not null from ops.outbox order by 1")
    assert told == [(run_id, "success", True) for run_id in sorted(run_ids)]
    assert place.query("select count(*) from ops.api_hour where planned is not null") == [(0,)]
    assert place.query("select count(*) from ops.missed_hour") == [(0,)]
    assert not list((place.folder / "sluice").iterdir())
    uploads = place.store.client.list_multipart_uploads(Bucket=place.lake)
    assert "Uploads" not in uploads
    rewritten = "select xmin::text from ops.run order by run_id"
    before = place.published(EIGHT), place.query(rewritten)
    replace(place, folder=place.folder / "once more").run(hours[-1], run_ids[-1])
    assert (place.published(EIGHT), place.query(rewritten)) == before


def test_there_are_failpoints_on_both_sides_of_each_side_effect() -> None:
    assert len(set(FAILPOINTS)) == len(FAILPOINTS) >= 10


@pytest.mark.parametrize("failpoint", FAILPOINTS)
def test_run_killed_at_any_moment_goes_on_where_it_was(weather: ApiPlace, failpoint: str) -> None:
    weather.run(SEVEN, "before")
    with Reader(weather):
        weather.run_dying_at(failpoint, EIGHT, "killed")
        # An hour that another run adds meanwhile has to stay, and be counted as its own.
        weather.run(NINE, "between")
        weather.run(EIGHT, "killed")
    check(weather, SEVEN, NINE, EIGHT, run_ids=("before", "between", "killed"))


def test_hour_whose_publisher_died_is_the_others_where_it_put_nothing(weather: ApiPlace) -> None:
    weather.run_dying_at("lake.planned", EIGHT, "killed")
    assert weather.run(EIGHT, "other")["inserted"] == CITIES
    assert weather.run(EIGHT, "killed")["inserted"] == 0
    check(weather, EIGHT, run_ids=("other", "killed"))


def run_at(place: ApiPlace, barrier: Barrier, as_of: datetime, run_id: str) -> None:
    """A run that begins when all others do."""
    barrier.wait(WAIT_SECONDS)
    place.run(as_of, run_id)


def test_hours_of_a_day_at_once_are_all_in_its_file(weather: ApiPlace) -> None:
    hours = [EIGHT + timedelta(hours=number) for number in range(PROCESSES)]
    barrier = processes.Barrier(PROCESSES)
    begun = [
        Worker(
            partial(run_at, weather, barrier, as_of, f"run {number}"),
            failpoints=weather.folder / "failpoints",
        )
        for number, as_of in enumerate(hours)
    ]
    assert [worker.end() for worker in begun] == ["done"] * PROCESSES
    check(weather, *hours, run_ids=tuple(f"run {number}" for number in range(PROCESSES)))


def test_one_hour_at_once_is_in_its_file_once(weather: ApiPlace) -> None:
    barrier = processes.Barrier(PROCESSES)
    begun = [
        Worker(
            partial(run_at, weather, barrier, EIGHT, f"run {number}"),
            failpoints=weather.folder / "failpoints",
        )
        for number in range(PROCESSES)
    ]
    assert [worker.end() for worker in begun] == ["done"] * PROCESSES
    check(weather, EIGHT, run_ids=tuple(f"run {number}" for number in range(PROCESSES)))


@pytest.mark.parametrize("failpoint", ["fetch.counted", "fetch.kept"])
def test_deaths_spend_requests_of_the_hour(
    weather: ApiPlace, api: ApiStandIn, failpoint: str
) -> None:
    one = replace(weather, dataset=replace(weather.dataset, calls=weather.dataset.calls[:1]))
    for _ in range(weather.dataset.attempts):
        one.run_dying_at(failpoint, EIGHT, "killed")
    asked = len(api.requests)
    assert one.run(EIGHT, "killed") is None
    assert len(api.requests) == asked <= weather.dataset.attempts


def test_server_that_asks_for_patience_is_not_asked_before(
    weather: ApiPlace, api: ApiStandIn
) -> None:
    api.fault = Fault(kind="status", status=429, retry_after=3600)
    hasty: Any = replace(weather, retry_seconds=600)
    assert hasty.run(EIGHT) is None
    assert len(api.requests) == CITIES


def test_plan_of_another_run_is_not_taken_over(weather: ApiPlace) -> None:
    weather.run_dying_at("lake.put", EIGHT, "killed")
    assert weather.run(EIGHT, "other")["unchanged"] == CITIES
    assert weather.run(EIGHT, "killed")["inserted"] == CITIES
    check(weather, EIGHT, run_ids=("other", "killed"))


def test_file_replaced_meanwhile_is_made_again(weather: ApiPlace) -> None:
    weather.run_dying_at("convert.handed_over", EIGHT, "killed")
    weather.run(NINE, "other")
    weather.run(EIGHT, "killed")
    check(weather, NINE, EIGHT, run_ids=("other", "killed"))


def test_write_whose_condition_fails_changes_nothing(weather: ApiPlace) -> None:
    path = weather.folder / "late"
    path.write_bytes(b"late")
    weather.run(EIGHT)
    before = weather.published(EIGHT)
    key = partition_key(weather.dataset, EIGHT)
    assert not weather.store.replace_file(key, path, etag=None)
    assert not weather.store.replace_file(key, path, etag='"0123456789abcdef0123456789abcdef"')
    assert not weather.store.replace_file(f"{key}.gone", path, etag='"0123456789abcdef"')
    assert weather.published(EIGHT) == before

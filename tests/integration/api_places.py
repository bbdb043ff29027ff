"""Places where APIs are asked and tables of the lake are filled: fixtures that tests import."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from include.datasets import payments_hourly, weather_hourly
from infra.local.stand_ins.api import ApiStandIn
from tests.support.api_runs import KEY, ApiPlace, hour

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from include.core.aws.objects import ObjectStore
    from tests.conftest import Aws

EIGHT = hour("2020-12-05T08")


@pytest.fixture
def api() -> Iterator[ApiStandIn]:
    hosts = ("api.openweathermap.org", "connect.squareup.com")
    with ApiStandIn(dict.fromkeys(hosts, KEY)) as stand_in:
        stand_in.now = EIGHT + timedelta(minutes=7)
        yield stand_in


@pytest.fixture
def weather(
    api: ApiStandIn, loader_uri: str, aws: Aws, lake: ObjectStore, tmp_path: Path
) -> ApiPlace:
    database = lake.bucket.replace("-", "_")
    aws.client("glue").create_database(DatabaseInput={"Name": database})
    # No test waits for the pace that the real API asks for.
    dataset = replace(weather_hourly.DATASET, calls_a_minute=1_000_000)
    return ApiPlace(
        dataset=dataset,
        loader_uri=loader_uri,
        aws=aws.endpoint,
        lake=lake.bucket,
        database=database,
        stand_in=api.url,
        folder=tmp_path,
    )


@pytest.fixture
def payments(weather: ApiPlace) -> ApiPlace:
    return replace(weather, dataset=replace(payments_hourly.DATASET, calls_a_minute=1_000_000))

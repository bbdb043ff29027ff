"""Exports as they land, are published, and are applied: real Postgres, S3 and Kinesis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.stream_places import stream
from tests.support.export_runs import ExportPlace

if TYPE_CHECKING:
    from pathlib import Path

    from include.core.aws.objects import ObjectStore
    from tests.conftest import Aws

__all__ = ["stream"]


@pytest.fixture
def place(
    aws: Aws,
    warehouse_uri: str,
    loader_uri: str,
    stream: str,
    lake: ObjectStore,
    landing: str,
    tmp_path: Path,
) -> ExportPlace:
    return ExportPlace(
        loader_uri=loader_uri,
        owner_uri=warehouse_uri,
        aws=aws.endpoint,
        stream=stream,
        lake=lake.bucket,
        landing=landing,
        folder=tmp_path,
    )


def target(place: ExportPlace) -> list[tuple[Any, ...]]:
    return place.query('select pk, c1, c2, c3 from exports."acme__test_table" order by pk')


def test_three_exports_end_as_the_newest_in_the_target(place: ExportPlace) -> None:
    exports = [
        "1;a;b;c\n2;x;;\n3;q;w;e\n",
        '1;a;b;c\n2;x;"";changed\n4;n;n;n\n',
        "2;x;y;z\n4;n;n;n\n5;5;5;5\n",
    ]
    counts = []
    for day, text in enumerate(exports, 1):
        landed = place.put(f"acme/test_table/2026-01-0{day}/all.csv.gz", text)
        counts.append(place.publish(landed, run_id=f"publish{day}"))
        place.run(f"apply{day}")
    assert counts == [
        {"read": 3, "delivered": 3},
        {"read": 3, "unchanged": 1, "delivered": 2, "deleted": 1},
        {"read": 3, "unchanged": 1, "delivered": 2, "deleted": 1},
    ]
    assert target(place) == [("2", "x", "y", "z"), ("4", "n", "n", "n"), ("5", "5", "5", "5")]
    assert place.states() == {
        f"acme/test_table/2026-01-0{day}": "applied" for day in range(1, 4)
    }

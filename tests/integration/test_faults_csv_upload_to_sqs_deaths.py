"""Tasks that die, lose their file or the database: no row is lost, few come twice."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from include.core.warehouse.connection import transaction
from include.errors import ArrivalBusyError, WarehouseUnavailableError
from tests.integration.delivery_places import place
from tests.support.clients import client
from tests.support.deliveries import ANY, Place, rows_of
from tests.support.faulty_api import NONE, Call, Fault, FaultyApi
from tests.support.json_queue_consumer import check_delivered, consume
from tests.support.tcp_proxy import Fate, Proxy, Seen
from tests.support.worker_processes import Worker, failpoints_of

__all__ = ["place"]

pytestmark = pytest.mark.usefixtures("quick")

PIPELINE = Path(__file__).parents[2] / "include" / "pipelines" / "csv_upload_to_sqs"
FAILPOINTS = sorted(set(failpoints_of(PIPELINE.glob("*.py"))))
BATCH = {"deliver.batch_sent", "deliver.batch_recorded"}
FILE = {"deliver.file_stored", "deliver.pointer_sent", "deliver.pointer_recorded"}
PARTS = {"deliver.part_stored", "deliver_part.fetched", "deliver_part.sent"}
IN_FLIGHT = 4 * 10  # senders, and rows of a batch
TAKE_OVER = "update ops.arrival set token = token + 1"


def test_every_side_effect_has_a_failpoint() -> None:
    assert FAILPOINTS == [
        "deliver.batch_recorded", "deliver.batch_sent", "deliver.checked", "deliver.fetched",
        "deliver.file_stored", "deliver.handed_over", "deliver.held", "deliver.part_stored",
        "deliver.pointer_recorded", "deliver.pointer_sent", "deliver.sent", "deliver_part.fetched",
        "deliver_part.sent",
    ]  # fmt: skip


@pytest.mark.thorough(usual=5)
@pytest.mark.parametrize(
    ("failpoint", "part_rows"),
    [
        *((name, 20_000) for name in sorted({*FAILPOINTS} - FILE - PARTS)),
        *((name, 60) for name in sorted({*FAILPOINTS} - FILE - {"deliver.sent"})),
    ],
)
def test_delivery_survives_the_death_of_its_task(
    place: Place, failpoint: str, part_rows: int
) -> None:
    place = replace(place, upload=replace(ANY, part_rows=part_rows))
    content = rows_of(200)
    file = place.put(content)
    place.die_at(failpoint, file)
    early = place.messages()
    assert place.deliver(file)["counts"]["delivered"] == 200
    consumed = consume([*early, *place.messages()])
    check_delivered(consumed, content, file)
    assert consumed.repeats <= (IN_FLIGHT if failpoint in BATCH else 0)


@pytest.mark.thorough(usual=2)
@pytest.mark.parametrize("calls", [1, 17, 38])
@pytest.mark.parametrize("failpoint", sorted(BATCH))
def test_rows_in_flight_at_its_death_come_twice_at_most(
    place: Place, failpoint: str, calls: int
) -> None:
    content = rows_of(400)
    file = place.put(content)

    def arm(call: Call) -> Fault:
        if call.number == calls:
            (place.failpoints / failpoint).touch()
        return NONE

    with FaultyApi(place.aws, arm) as queue:
        broken = replace(place, sqs=queue.url)
        worker = Worker(partial(broken.deliver, file), failpoints=place.failpoints)
        assert worker.end() == "killed"
    early = place.messages()
    assert len(early) >= calls * 10
    place.deliver(file)
    consumed = consume([*early, *place.messages()])
    check_delivered(consumed, content, file)
    assert consumed.repeats <= IN_FLIGHT


def test_each_death_leaves_rows_for_the_next_try_to_go_on_from(place: Place) -> None:
    content = rows_of(400)
    file = place.put(content)
    messages = []
    for failpoint in ["deliver.batch_sent", "deliver.batch_recorded"] * 3:
        place.die_at(failpoint, file)
        messages += place.messages()
    place.deliver(file)
    consumed = consume([*messages, *place.messages()])
    check_delivered(consumed, content, file)
    assert consumed.repeats <= 6 * IN_FLIGHT


@pytest.mark.thorough(usual=3)
@pytest.mark.parametrize("failpoint", sorted({*FAILPOINTS} - BATCH - PARTS))
def test_delivery_as_a_file_survives_the_death_of_its_task(place: Place, failpoint: str) -> None:
    place = replace(place, upload=replace(ANY, delivery="file"))
    file = place.put(rows_of(200))
    place.die_at(failpoint, file)
    early = place.messages()
    assert place.deliver(file)["counts"]["delivered"] == 200
    pointers = [*early, *place.messages()]
    assert len(pointers) == (2 if failpoint == "deliver.pointer_sent" else 1)
    assert len(set(map(str, pointers))) == 1
    pointer = json.loads(pointers[0].body)
    place.store.get_file(pointer["key"], place.folder / "copy", sha256=pointer["sha256"])
    s3 = client("s3", place.aws)
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=place.lake)
    assert s3.list_objects_v2(Bucket=place.lake, Prefix="json/")["KeyCount"] == 1


def test_task_that_has_lost_the_file_stops(place: Place) -> None:
    file = place.put(rows_of(1000))

    def take_over(call: Call) -> Fault:
        if call.number == 20:
            with transaction(place.connect, doing="take over") as cursor:
                cursor.execute(TAKE_OVER)
        return NONE

    with FaultyApi(place.aws, take_over) as queue:
        broken = replace(place, sqs=queue.url)
        with pytest.raises(ArrivalBusyError, match="Another run has taken it over"):
            broken.deliver(file)
        assert len(queue.calls) <= 20 + 2 * 4


def test_delivery_goes_on_after_the_database_was_lost(place: Place) -> None:
    content = rows_of(500)
    file = place.put(content)

    def cut(seen: Seen) -> Fate:
        marks = sum(
            "insert into ops.arrival_progress" in statement for statement in seen.statements
        )
        return Fate.CUT if marks == 9 else Fate.PASS

    with Proxy(place.warehouse_uri, cut) as proxy:
        broken = replace(place, warehouse_uri=proxy.uri)
        with pytest.raises(WarehouseUnavailableError):
            broken.deliver(file)
        assert proxy.fired
    early = place.messages()
    assert 80 <= len(early) <= 200
    place.deliver(file)
    consumed = consume([*early, *place.messages()])
    check_delivered(consumed, content, file)
    assert consumed.repeats <= IN_FLIGHT

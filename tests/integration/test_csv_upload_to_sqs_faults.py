"""Queues that fail in part or as a whole, and tasks that die: no row is lost, few come twice."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from include.core.postgres import transaction
from include.errors import ArrivalBusyError, DeliveryRefusedError, WarehouseUnavailableError
from tests.integration.delivery_places import place
from tests.support.apart import Worker
from tests.support.clients import client
from tests.support.deliveries import ANY, Place, rows_of
from tests.support.faulty_api import NONE, THROTTLED, Call, Fault, FaultyApi
from tests.support.json_queue_consumer import check_delivered, consume
from tests.support.tcp_proxy import Fate, Proxy, Seen

__all__ = ["place"]

PIPELINE = Path(__file__).parents[2] / "include" / "pipelines" / "csv_upload_to_sqs"
FAILPOINT = re.compile(r"\bfailpoint\(\s*\"([^\"]+)\"")
FAILPOINTS = sorted(
    {name for file in PIPELINE.glob("*.py") for name in FAILPOINT.findall(file.read_text())}
)
BATCH = {"deliver.batch_sent", "deliver.batch_recorded"}
FILE = {"deliver.file_stored", "deliver.pointer_sent", "deliver.pointer_recorded"}
IN_FLIGHT = 4 * 10  # senders, and rows of a batch
TAKE_OVER = "update ops.arrival set token = token + 1"


@dataclass
class Script:
    """Faults for the calls that a row is in, one after the other; no fault for all others."""

    row: int
    faults: list[Fault]
    left: list[Fault] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.left = [*self.faults]

    def __call__(self, call: Call) -> Fault:
        return self.left.pop(0) if self.row in call.rows and self.left else NONE


def deliver_under(place: Place, script: Script, count: int = 95) -> tuple[FaultyApi, Any]:
    """Deliver a file under faults, all of which must happen; every row comes out."""
    content = rows_of(count)
    file = place.put(content)
    with FaultyApi(place.aws, script) as queue:
        result = replace(place, sqs=queue.url).deliver(file)
    assert queue.fired == len(script.faults)
    assert script.left == []
    assert result["counts"]["delivered"] == count
    consumed = consume(place.messages())
    check_delivered(consumed, content, file)
    return queue, consumed


@pytest.mark.parametrize("unheard", [False, True])
@pytest.mark.parametrize("places", [(0,), (4,), (9,), (0, 9), tuple(range(10))])
def test_only_failed_entries_are_sent_again(
    place: Place, places: tuple[int, ...], *, unheard: bool
) -> None:
    # The second batch is rows 11 to 20; whatever is left of it has another row in it.
    script = Script(row=11 + places[0], faults=[Fault(places=places, unheard=unheard)])
    queue, consumed = deliver_under(place, script)
    sent = [call.rows for call in queue.calls if call.rows[0] in range(11, 21)]
    assert sent == [tuple(range(11, 21)), tuple(11 + at for at in places)]
    assert consumed.repeats == 0


def test_entries_that_fail_again_are_sent_a_third_time_alone(place: Place) -> None:
    faults = [Fault(places=(2, 5, 7)), Fault(places=(0, 2))]
    queue, consumed = deliver_under(place, Script(row=13, faults=faults))
    sent = [call.rows for call in queue.calls if call.rows[0] in range(11, 21)]
    assert sent == [tuple(range(11, 21)), (13, 16, 18), (13, 18)]
    assert consumed.repeats == 0


def test_throttled_entries_are_sent_again_although_it_is_the_senders_fault(place: Place) -> None:
    fault = Fault(places=(1, 2), code="ThrottlingException", sender_fault=True)
    queue, consumed = deliver_under(place, Script(row=12, faults=[fault]))
    assert (12, 13) in [call.rows for call in queue.calls]
    assert consumed.repeats == 0


@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=503, code="ServiceUnavailable"),
        Fault(status=500, code="InternalFailure"),
        THROTTLED,
        Fault(status=403, code="RequestThrottled"),
        Fault(reset="before"),
    ],
)
def test_call_that_fails_as_a_whole_is_made_again(place: Place, fault: Fault) -> None:
    queue, consumed = deliver_under(place, Script(row=35, faults=[fault] * 3))
    assert [call.rows for call in queue.calls].count(tuple(range(31, 41))) == 4
    assert consumed.repeats == 0


def test_rows_whose_acknowledgement_is_lost_come_twice_and_no_others(place: Place) -> None:
    _, consumed = deliver_under(place, Script(row=35, faults=[Fault(reset="after")] * 2))
    assert {number for number, times in consumed.times.items() if times > 1} == set(range(31, 41))
    assert consumed.repeats == 20


def test_row_that_is_refused_for_good_fails_the_file_after_its_batch_got_through(
    place: Place,
) -> None:
    content = rows_of(300)
    file = place.put(content)
    refusal = Fault(places=(4,), code="InvalidMessageContents", sender_fault=True)
    with FaultyApi(place.aws, Script(row=105, faults=[refusal])) as queue:
        broken = replace(place, sqs=queue.url)
        with pytest.raises(DeliveryRefusedError, match=r"1 of 10 .*InvalidMessageContents") as told:
            broken.deliver(file)
        assert queue.fired == 1
    assert "Town" not in str(told.value)
    early = place.messages()
    taken = {message.row_number for message in early}
    assert taken >= set(range(1, 111)) - {105}
    assert len(taken) < 200
    place.deliver(file)
    consumed = consume([*early, *place.messages()])
    check_delivered(consumed, content, file)
    assert consumed.repeats == 9


def test_queue_that_is_gone_is_an_error_at_once(place: Place) -> None:
    file = place.put(rows_of(30))
    gone = replace(place, queue_url=place.queue_url + "-gone")
    with pytest.raises(DeliveryRefusedError, match="the call is refused"):
        gone.deliver(file)


@pytest.mark.parametrize("failpoint", [name for name in FAILPOINTS if name not in FILE])
def test_delivery_survives_the_death_of_its_task(place: Place, failpoint: str) -> None:
    content = rows_of(200)
    file = place.put(content)
    place.die_at(failpoint, file)
    early = place.messages()
    assert place.deliver(file)["counts"]["delivered"] == 200
    consumed = consume([*early, *place.messages()])
    check_delivered(consumed, content, file)
    assert consumed.repeats <= (IN_FLIGHT if failpoint in BATCH else 0)


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


@pytest.mark.parametrize("failpoint", [name for name in FAILPOINTS if name not in BATCH])
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
        with pytest.raises(ArrivalBusyError, match="another run has taken it over"):
            broken.deliver(file)
        assert len(queue.calls) <= 20 + 2 * 4


def test_delivery_goes_on_after_the_database_was_lost(place: Place) -> None:
    content = rows_of(500)
    file = place.put(content)

    def cut(seen: Seen) -> Fate:
        marks = sum("update ops.arrival" in statement for statement in seen.statements)
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

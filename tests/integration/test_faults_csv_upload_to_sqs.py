"""Queues that fail in part or as a whole: only what they did not take goes again."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from include.errors import DeliveryRefusedError
from tests.integration.delivery_places import place
from tests.support.deliveries import Place, rows_of
from tests.support.faulty_api import NONE, THROTTLED, Call, Fault, FaultyApi
from tests.support.json_queue_consumer import check_delivered, consume

__all__ = ["place"]

pytestmark = pytest.mark.usefixtures("quick")


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
    # The second batch is rows 11 to 20; what is left of it has another row in it.
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
        with pytest.raises(
            DeliveryRefusedError, match=r"1 of 10 .*InvalidMessageContents"
        ) as refused:
            broken.deliver(file)
        assert queue.fired == 1
    assert "Town" not in str(refused.value)
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

"""Uploads into items when calls fail in part or whole, answers get lost, and workers die."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from include.core.aws import batches
from include.errors import DeliveryRefusedError, DeliveryUnavailableError
from tests.integration.item_places import lenient, place, rejected_rows, rows, without_version
from tests.support.faulty_api import NONE, THROTTLED, Call, Fault, FaultyApi
from tests.support.items_oracle import expect
from tests.support.worker_processes import failpoints_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.item_runs import ItemPlace

__all__ = ["place"]

pytestmark = pytest.mark.usefixtures("quick")

PIPELINE = Path(__file__).parents[2] / "include/pipelines/csv_upload_to_dynamodb"
FAILPOINTS = sorted(failpoints_of(PIPELINE.glob("*.py")))

REFUSALS: dict[str, Callable[[Call], tuple[int, ...]]] = {
    "first": lambda _: (0,),
    "middle": lambda call: (len(call.entries) // 2,),
    "last": lambda call: (len(call.entries) - 1,),
    "all": lambda call: tuple(range(len(call.entries))),
}


def behind(place: ItemPlace, api: FaultyApi) -> ItemPlace:
    return replace(place, dynamodb=api.url, eventbridge=api.url)


def sometimes(
    action: str, fate: Callable[[Call], Fault], *, times: int = 1
) -> Callable[[Call], Fault]:
    """This fate for the first calls of one action, none for others."""
    return lambda call: fate(call) if (call.action == action and call.number < times) else NONE


@pytest.mark.thorough(usual=6)
@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("places", REFUSALS)
@pytest.mark.parametrize("action", ["BatchExecuteStatement", "PutEvents", "BatchGetItem"])
def test_what_failed_of_a_batch_goes_again_and_nothing_else_does(
    place: ItemPlace, action: str, places: str, times: int
) -> None:
    text = rows(30)

    def refuse(call: Call) -> Fault:
        code = "InternalFailure" if action == "PutEvents" else "ThrottlingError"
        return Fault(places=REFUSALS[places](call), code=code)

    with FaultyApi(place.aws, sometimes(action, refuse, times=times)) as api:
        (result,) = behind(place, api).run(place.put(text), run_id="r")
    assert without_version(place.items()) == expect(text).items
    assert result["counts"]["delivered"] == 30
    assert "cause" not in result
    events = place.sent_events()
    assert len(events) == len({event["event_id"] for event in events}) == 6
    sent = Counter(
        repr(entry) for call in api.calls if call.action == action for entry in call.entries
    )
    assert sum(sent.values()) > len(sent)
    again = sum(count - 1 for count in sent.values())
    assert again == sum(
        len(refuse(call).places) for call in api.calls if call.action == action
        and call.number < times
    )  # fmt: skip


@pytest.mark.parametrize("action", ["BatchExecuteStatement", "PutEvents", "BatchGetItem"])
def test_whole_call_that_is_throttled_goes_again(place: ItemPlace, action: str) -> None:
    throttled = sometimes(action, lambda _: THROTTLED, times=6)
    with FaultyApi(place.aws, throttled) as api:
        (result,) = behind(place, api).run(place.put(rows(30)), run_id="r")
    assert result["counts"]["delivered"] == len(place.items()) == 30


@pytest.mark.parametrize("before", [0, 30])
def test_write_whose_answer_is_lost_is_recognised(place: ItemPlace, before: int) -> None:
    if before:
        place.run(place.put(rows(before, town="Elsewhere")), run_id="before")
    lost = sometimes("BatchExecuteStatement", lambda _: Fault(reset="after"), times=8)
    text = rows(30)
    with FaultyApi(place.aws, lost) as api:
        (result,) = behind(place, api).run(place.put(text), run_id="r")
    assert without_version(place.items()) == expect(text).items
    assert result["counts"]["delivered"] == 30


def test_events_whose_answer_is_lost_come_twice_with_the_same_id(place: ItemPlace) -> None:
    lost = sometimes("PutEvents", lambda _: Fault(reset="after"))
    with FaultyApi(place.aws, lost) as api:
        behind(place, api).run(place.put(rows(30)), run_id="r")
    ids = Counter(event["event_id"] for event in place.sent_events())
    assert sorted(ids.values()) == [1, 1, 1, 1, 2, 2]


def test_item_that_dynamodb_refuses_for_good_fails_the_load_without_its_value(
    place: ItemPlace,
) -> None:
    refused = sometimes(
        "BatchExecuteStatement", lambda _: Fault(places=(3,), code="ValidationError"), times=9
    )
    with (
        FaultyApi(place.aws, refused) as api,
        pytest.raises(DeliveryRefusedError) as caught,
    ):
        behind(place, api).run(place.put(rows(10)), run_id="r")
    assert str(caught.value) == (
        f"items to the table {place.table}: 1 of 10 entries refused (ValidationError 1)"
    )
    assert len(place.items()) == 9
    (result,) = place.run(place.put(rows(10)), run_id="r")
    assert result["counts"]["delivered"] == len(place.items()) == 10


def test_table_that_takes_nothing_for_long_fails_the_load_for_now(
    place: ItemPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "_backoff", lambda _: 1000)
    never = sometimes("BatchExecuteStatement", lambda _: Fault(places=(0,)), times=10**6)
    with FaultyApi(place.aws, never) as api, pytest.raises(DeliveryUnavailableError):
        behind(place, api).run(place.put(rows(10)), run_id="r")


def test_every_side_effect_has_a_failpoint() -> None:
    assert FAILPOINTS == [
        "extract.chunk_stored", "extract.events_sent", "extract.fetched", "extract.held",
        "extract.rejects_stored", "load.batch_written", "load.events_sent", "load.written",
        "observe.found", "tally.merged", "transform.events_sent", "transform.stored",
    ]  # fmt: skip


@pytest.mark.thorough(usual=4)
@pytest.mark.parametrize("failpoint", FAILPOINTS)
def test_file_survives_the_death_of_its_worker(place: ItemPlace, failpoint: str) -> None:
    place = lenient(place)
    good = rows(60)
    file = place.put(f"{good}bad\n{'1' * 2049},1,,,\n")
    place.die_at(failpoint, file, run_id="r")
    (result,) = place.run(file, run_id="r")
    assert without_version(place.items()) == expect(good).items
    assert result["counts"] == {
        "read": 62, "rejected": 2, "duplicate": 0, "superseded": 0, "delivered": 60,
    }  # fmt: skip
    assert "cause" not in result
    assert rejected_rows(place, result) == [(62, "too_few_columns"), (63, "key_too_long")]
    events = {(event["stage"], event["chunk"]): event["event_id"] for event in place.sent_events()}
    stages = ("extracted", "transformed", "loaded")
    assert set(events) == {
        *((stage, chunk) for stage in stages for chunk in range(3)),
        ("rejected", None),
        ("rejected", 2),
    }


@pytest.mark.parametrize("failpoint", ["load.batch_written", "load.written"])
def test_update_survives_the_death_of_its_worker(place: ItemPlace, failpoint: str) -> None:
    place.run(place.put(rows(60, town="Elsewhere")), run_id="before")
    text = rows(70)
    file = place.put(text)
    place.die_at(failpoint, file, run_id="r")
    assert len(place.items()) >= 60
    (result,) = place.run(file, run_id="r")
    assert without_version(place.items()) == expect(text).items
    assert result["counts"]["delivered"] == 70

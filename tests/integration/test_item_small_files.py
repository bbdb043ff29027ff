"""Files of one chunk of items: the task that has read them writes them, with the same outcome."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from include.errors import RejectLimitError
from tests.integration.item_places import HEADER, lenient, place, rejected_rows, rows
from tests.support.worker_processes import die_at

if TYPE_CHECKING:
    from include.core.arrivals.claim import ReceivedFile
    from tests.support.item_runs import ItemPlace

__all__ = ["place"]

FAILPOINTS = (
    "extract.held", "extract.chunk_stored", "extract.rejects_stored", "extract.events_sent",
    "transform.stored", "transform.events_sent", "load.batch_written", "load.written",
    "load.events_sent", "observe.found",
)  # fmt: skip
BAD = f"bad\n{'1' * 2049},1,,,\n"


def received(place: ItemPlace, text: str) -> ReceivedFile:
    (file,) = place.receive([place.put(text)], "small")
    return file


def stages_of(place: ItemPlace) -> set[tuple[str, int | None, int]]:
    return {(event["stage"], event["chunk"], event["rows"]) for event in place.sent_events()}


def test_outcome_is_that_of_the_stages_one_by_one(place: ItemPlace) -> None:
    place = lenient(place)
    text = rows(20) + BAD
    (by_stage,) = place.run(place.put(text), run_id="by stage")
    stages, items = stages_of(place), place.items()
    extracted = place.take_in(received(place, text), "small")
    (result,) = place.tally([extracted], [], "small")
    assert rejected_rows(place, result) == rejected_rows(place, by_stage)
    assert result["counts"] == by_stage["counts"]
    assert result["rejects_by_code"] == by_stage["rejects_by_code"]
    assert result.keys() == by_stage.keys()
    assert stages_of(place) == stages
    assert place.items().keys() == items.keys()


@pytest.mark.parametrize(("count", "written"), [(0, False), (1, True), (25, True), (26, False)])
def test_only_a_file_of_one_chunk_is_written_at_once(
    place: ItemPlace, count: int, *, written: bool
) -> None:
    extracted = place.take_in(received(place, rows(count)), "small")
    assert ("observed" in extracted) == written
    assert len(place.items()) == (count if written else 0)
    (result,) = place.tally([extracted], [], "small")
    assert ("cause" in result) == (count == 26)


@pytest.mark.thorough(usual=3)
@pytest.mark.parametrize("failpoint", FAILPOINTS)
def test_it_survives_the_death_of_its_worker(place: ItemPlace, failpoint: str) -> None:
    place = lenient(place)
    file = received(place, rows(20) + BAD)
    task = partial(place.take_in, file, "small")
    die_at(failpoint, task, failpoints=place.failpoints)
    (result,) = place.tally([task()], [], "small")
    assert len(place.items()) == 20
    assert result["counts"] == {
        "read": 22, "rejected": 2, "duplicate": 0, "superseded": 0, "delivered": 20,
    }  # fmt: skip
    assert "cause" not in result
    assert {stage for stage, _, _ in stages_of(place)} == {
        "extracted", "rejected", "transformed", "loaded",
    }  # fmt: skip


def test_row_that_is_no_item_stops_it_where_none_may_be_rejected(place: ItemPlace) -> None:
    file = received(place, HEADER + f"{'1' * 2049},1,,,\n")
    with pytest.raises(RejectLimitError, match="Nothing of this chunk was loaded"):
        place.take_in(file, "small")
    assert place.items() == {}

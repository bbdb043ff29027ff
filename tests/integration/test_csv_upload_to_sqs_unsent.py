"""What does not go into the queue: files that are refused, done, or held by another run."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import pytest

from include.contracts.files import RejectLimit
from include.core.arrivals.registry import hold, release_run
from include.core.runs.run import Run
from include.core.warehouse.connection import transaction
from include.errors import (
    ArrivalBusyError,
    ArrivalError,
    InputFileError,
    RejectLimitError,
    RuleError,
)
from tests.integration.delivery_places import TYPED, place, typed
from tests.support.clients import client
from tests.support.deliveries import ANY, DAG_ID, Place, rows_of
from tests.support.json_queue_consumer import check_delivered, consume

if TYPE_CHECKING:
    from include.core.arrivals.claim import ReceivedFile

__all__ = ["place"]


@pytest.mark.parametrize("delivery", ["messages", "file"])
def test_nothing_is_sent_of_a_file_with_too_many_rejects(place: Place, delivery: Any) -> None:
    rows = "ID,share,open,since,note\n" + "1,1,t,2024-01-01,x\n" * 50 + "secret,,,,\n"
    with pytest.raises(RejectLimitError, match=r"1 of 51 rows rejected, 0 allowed") as caught:
        typed(place, delivery=delivery).deliver(place.put(rows.encode()))
    assert "secret" not in str(caught.value)
    assert place.messages() == []


@pytest.mark.parametrize("delivery", ["messages", "file"])
def test_nothing_is_sent_of_a_file_whose_fault_shows_at_its_end(
    place: Place, delivery: Any
) -> None:
    file = place.put(rows_of(50_000) + b'50001,"never closed\n')
    with pytest.raises(InputFileError, match="never closed"):
        replace(place, upload=replace(ANY, delivery=delivery)).deliver(file)
    assert place.messages() == []
    assert "Contents" not in client("s3", place.aws).list_objects_v2(
        Bucket=place.lake, Prefix="json/"
    )


@pytest.mark.parametrize("delivery", ["messages", "file"])
def test_file_that_is_done_sends_nothing(place: Place, delivery: Any) -> None:
    place = replace(place, upload=replace(ANY, delivery=delivery))
    file = place.put(rows_of(12))
    result = place.deliver(file)
    place.complete(file, result)
    assert len(place.messages()) == (12 if delivery == "messages" else 1)
    assert place.deliver(file) == result
    assert place.messages() == []


@pytest.mark.parametrize("delivery", ["messages", "file"])
def test_rerun_of_a_delivery_that_ended_sends_nothing(place: Place, delivery: Any) -> None:
    place = replace(place, upload=replace(ANY, delivery=delivery))
    file = place.put(rows_of(95))
    first = place.deliver(file)
    assert place.messages()
    again = place.deliver(file)
    assert again["counts"] == first["counts"]
    assert place.messages() == []


def test_rows_made_by_another_contract_count_as_not_sent(place: Place) -> None:
    file = place.put(b"ID,share,open,since,note\n1,1,t,2024-01-01,x\n2,x,t,2024-01-01,y\n")
    typed(place, rejects=RejectLimit(rows=1)).deliver(file)
    assert consume(place.messages()).row_numbers == [1]
    place.deliver(file)
    assert consume(place.messages()).row_numbers == [1, 2]


def test_file_that_another_run_holds_is_left_alone(place: Place) -> None:
    file = place.put(rows_of(5))
    hold(place.connect, DAG_ID, file, Run(dag_id=DAG_ID, run_id="other"))
    with pytest.raises(ArrivalBusyError):
        place.deliver(file)
    assert place.messages() == []


def test_file_that_another_run_left_is_gone_on_with(place: Place) -> None:
    content = rows_of(300)
    file = place.put(content)
    place.die_at("deliver.batch_recorded", file, "first")
    with transaction(place.connect, doing="fail") as cursor:
        release_run(cursor, Run(dag_id=DAG_ID, run_id="first"), cause="killed")
    place.deliver(file, "second")
    consumed = consume(place.messages())
    check_delivered(consumed, content, file)
    assert consumed.repeats <= 30


@pytest.mark.parametrize(
    ("change", "problem"),
    [({"etag": "0" * 32}, "other content"), ({"key": "uploads/sqs/a\x01.csv"}, "characters")],
)
def test_file_that_is_not_what_was_found_is_refused(
    place: Place, change: dict[str, str], problem: str
) -> None:
    file = cast("ReceivedFile", {**place.put(rows_of(5)), **change})
    with pytest.raises(ArrivalError, match=problem):
        place.deliver(file)
    assert place.messages() == []


def test_contract_with_a_key_is_refused(place: Place) -> None:
    keyed = replace(place, upload=replace(ANY, contract=replace(TYPED, key=("id",))))
    with pytest.raises(RuleError, match="which of two rows"):
        keyed.deliver(place.put(b"ID,share,open,since,note\n"))

"""A large file in parts, each of them a task: sent side by side, and gone on with by itself."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import pytest

from include.core.warehouse.connection import transaction
from include.errors import ArchiveError, ArrivalBusyError
from include.pipelines.csv_upload_to_sqs import tally
from tests.integration.delivery_places import counts, place
from tests.support.clients import client
from tests.support.deliveries import ANY, Place, rows_of
from tests.support.faulty_api import Call, Fault, FaultyApi
from tests.support.json_queue_consumer import check_delivered, consume
from tests.support.worker_processes import die_at

if TYPE_CHECKING:
    from include.pipelines.csv_upload_to_sqs import Part

__all__ = ["place"]

pytestmark = pytest.mark.usefixtures("quick")

IN_FLIGHT = 4 * 10  # senders, and rows of a batch


def in_parts(place: Place, rows: int) -> Place:
    return replace(place, upload=replace(ANY, part_rows=rows))


def parts_of(place: Place, count: int, *, size: int) -> tuple[Place, list[Part]]:
    cut = in_parts(place, size)
    return cut, cut.read(cut.put(rows_of(count)))["parts"]


@pytest.mark.parametrize(
    ("count", "size", "rows"),
    [(21, 20, [20, 1]), (40, 20, [20, 20]), (95, 10, [10] * 9 + [5]), (3, 1, [1, 1, 1])],
)
def test_every_row_of_a_large_file_is_one_message(
    place: Place, count: int, size: int, rows: list[int]
) -> None:
    cut, content = in_parts(place, size), rows_of(count)
    file = cut.put(content)
    delivered = cut.read(file)
    assert [part["rows"] for part in delivered["parts"]] == rows
    assert [part["number"] for part in delivered["parts"]] == [*range(1, len(rows) + 1)]
    assert place.messages() == []
    sent = [cut.deliver_part(part) for part in reversed(delivered["parts"])]
    (result,) = tally([delivered], sent)
    assert result["counts"] == counts(count)
    assert "cause" not in result
    assert not {"parts", "began"} & result.keys()
    consumed = consume(place.messages())
    check_delivered(consumed, content, file)
    assert consumed.repeats == 0


def test_file_of_one_part_is_sent_by_its_first_task(place: Place) -> None:
    cut = in_parts(place, 20)
    assert "parts" not in cut.read(cut.put(rows_of(20)))
    assert len(place.messages()) == 20


def test_parts_are_sent_at_the_same_time(place: Place) -> None:
    cut, content = in_parts(place, 100), rows_of(400)
    file = cut.put(content)
    with ThreadPoolExecutor(4) as threads:
        sent = [*threads.map(cut.deliver_part, cut.read(file)["parts"])]
    assert [part["rows"] for part in sent] == [100] * 4
    consumed = consume(place.messages())
    check_delivered(consumed, content, file)
    assert consumed.repeats == 0


@pytest.mark.parametrize("failpoint", ["deliver.batch_sent", "deliver.batch_recorded"])
def test_part_that_dies_goes_on_from_its_own_marks(place: Place, failpoint: str) -> None:
    cut, content = in_parts(place, 150), rows_of(450)
    file = cut.put(content)
    first, second, third = cut.read(file)["parts"]
    cut.deliver_part(first)
    die_at(failpoint, partial(cut.deliver_part, second), failpoints=place.failpoints)
    cut.deliver_part(third)
    early = place.messages()
    assert {message.row_number for message in early} > {*range(1, 151), *range(301, 451)}
    cut.deliver_part(second)
    consumed = consume([*early, *place.messages()])
    check_delivered(consumed, content, file)
    assert consumed.repeats <= IN_FLIGHT


def test_part_that_was_sent_sends_nothing_again(place: Place) -> None:
    cut, (first, _) = parts_of(place, 30, size=20)
    sent = cut.deliver_part(first)
    assert len(place.messages()) == 20
    assert cut.deliver_part(first)["rows"] == sent["rows"] == 20
    assert place.messages() == []


def test_part_that_is_cleared_after_the_end_of_its_run_sends_nothing(place: Place) -> None:
    cut = in_parts(place, 20)
    file = cut.put(rows_of(30))
    delivered = cut.read(file)
    sent = [cut.deliver_part(part) for part in delivered["parts"]]
    cut.complete(file, tally([delivered], sent)[0])
    assert len(place.messages()) == 30
    assert cut.deliver_part(delivered["parts"][0])["rows"] == 20
    assert place.messages() == []


def test_next_run_sends_only_what_parts_have_left(place: Place) -> None:
    cut, content = in_parts(place, 100), rows_of(300)
    file = cut.put(content)
    first, _, third = cut.read(file, "first")["parts"]
    for part in (first, third):
        cut.deliver_part(part, "first")
    early = place.messages()
    with transaction(place.connect, doing="end the lease") as cursor:
        cursor.execute("update ops.arrival set claimed_until = now() - interval '1 s'")
    assert cut.deliver(file, "second")["counts"] == counts(300)
    consumed = consume([*early, *place.messages()])
    check_delivered(consumed, content, file)
    assert consumed.repeats == 0


def test_marks_of_parts_of_another_size_do_not_count(place: Place) -> None:
    content = rows_of(80)
    file = place.put(content)
    cut = in_parts(place, 40)
    # The second part has the rows 41 to 80 here, and 21 to 40 below.
    cut.deliver_part(cut.read(file)["parts"][1])
    early = place.messages()
    in_parts(place, 20).deliver(file)
    check_delivered(consume([*early, *place.messages()]), content, file)


def test_part_of_a_file_that_another_run_has_taken_over_stops(place: Place) -> None:
    cut, (first, _) = parts_of(place, 2000, size=1000)

    def take_over(call: Call) -> Fault:
        if call.number == 20:
            with transaction(place.connect, doing="take over") as cursor:
                cursor.execute("update ops.arrival set token = token + 1")
        return Fault()

    with FaultyApi(place.aws, take_over) as queue:
        broken = replace(cut, sqs=queue.url)
        with pytest.raises(ArrivalBusyError, match="Another run has taken it over"):
            broken.deliver_part(first)
        assert len(queue.calls) <= 20 + 2 * 4
        with pytest.raises(ArrivalBusyError, match="Another run has taken it over"):
            broken.deliver_part(first)
    assert len(queue.calls) <= 20 + 2 * 4


def test_part_that_is_not_what_was_stored_is_refused(place: Place) -> None:
    cut, (first, _) = parts_of(place, 30, size=20)
    client("s3", place.aws).put_object(Bucket=place.lake, Key=first["key"], Body=b"other")
    with pytest.raises(ArchiveError):
        cut.deliver_part(first)
    assert place.messages() == []


def test_file_whose_parts_were_not_all_sent_says_how_many(place: Place) -> None:
    cut = in_parts(place, 20)
    delivered = cut.read(cut.put(rows_of(70)))
    sent = [cut.deliver_part(part) for part in delivered["parts"][1:3]]
    (result,) = tally([delivered], sent)
    assert result["cause"] == "30 of 70 rows were not sent, those of 2 of 4 parts"
    assert result["missing"] == 30

"""Rejected rows of a file that went to a queue: sent alone, once, under their own numbers."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from include.contracts.columns import Column
from include.contracts.files import CsvContract, RejectLimit
from include.errors import ArrivalError
from tests.integration.delivery_places import place
from tests.support.deliveries import ANY, Place
from tests.support.json_queue_consumer import expected_attributes
from tests.support.upload_runs import SINK, UploadRuns
from tests.support.worker_processes import die_at

if TYPE_CHECKING:
    from include.core.arrivals.results import FileResult

__all__ = ["place"]

CONTENT = "id,town\n1,a\nx2,b\n3,c\nx4,d\n5,e\nx6,f\n"


def contract(pattern: str) -> CsvContract:
    return CsvContract(
        columns=(Column(name="id", type="text", pattern=pattern), Column(name="town", type="text"))
    )


NARROW, WIDER, WIDEST = contract("[0-9]+"), contract("[0-9]+|x[24]"), contract(".*")


@dataclass(frozen=True)
class Files:
    """Files of one name, delivered under contracts that change."""

    runs: UploadRuns
    place: Place

    def run(
        self,
        run_id: str,
        rules: CsvContract,
        *,
        rejected: bool = True,
        **settings: Any,
    ) -> dict[str, int]:
        """A whole run of the newest version; returns the ledger's counts."""
        received = self.runs.receive_by_hand(("a.csv", None), run_id=run_id)
        results = [
            self.deliver(file, run_id, rules, rejected=rejected, **settings)
            for file in received["files"]
        ]
        return self.runs.finish(received, results, run_id)

    def deliver(
        self, file: Any, run_id: str, rules: CsvContract, *, rejected: bool, **settings: Any
    ) -> FileResult:
        limit = RejectLimit(rows=100)
        upload = replace(ANY, contract=rules, rejects=limit, **settings)
        place = replace(self.place, upload=upload, rejected_of=SINK if rejected else None)
        return place.deliver(file, run_id)

    def sent(self) -> list[tuple[int, str]]:
        """Number and id of each row that has come since the last call."""
        return sorted(
            (message.row_number, json.loads(message.body)["id"])
            for message in self.place.messages()
        )

    def waiting(self) -> list[int]:
        return [line for (line,) in self.runs.query("select line from ops.open_reject order by 1")]


@pytest.fixture
def files(runs: UploadRuns, place: Place) -> Files:
    """A file of six rows has been delivered, of which three were rejected."""
    found = Files(runs, replace(place, lake=runs.bucket))
    runs.put("a.csv", CONTENT)
    found.run("first", NARROW, rejected=False)
    assert found.sent() == [(1, "1"), (3, "3"), (5, "5")]
    assert found.waiting() == [3, 5, 7]
    return found


def test_only_rows_that_wait_and_are_good_by_now_are_sent_under_their_own_numbers(
    files: Files,
) -> None:
    assert files.run("second", WIDER) == {"read": 3, "delivered": 2, "rejected": 1}
    messages = files.place.messages()
    file = files.runs.file("a.csv")
    assert sorted(message.row_number for message in messages) == [2, 4]
    for message in messages:
        assert message.attributes == expected_attributes(file, message.row_number)
    assert files.waiting() == [7]
    assert files.run("third", WIDEST) == {"read": 1, "delivered": 1}
    assert files.sent() == [(6, "x6")]
    assert files.waiting() == []


def test_replay_without_news_sends_nothing_and_leaves_what_waits(files: Files) -> None:
    assert files.run("second", NARROW) == {"read": 3, "rejected": 3}
    assert (files.sent(), files.waiting()) == ([], [3, 5, 7])


def test_row_that_was_set_aside_is_not_sent(files: Files) -> None:
    files.runs.query(
        "update ops.rejected_row set settled_at = now(), settled_how = 'set aside',"
        " settled_by_dag = '', settled_by_run = '', settled_why = 'word' where line = 5"
    )
    assert files.run("second", WIDEST)["delivered"] == 2
    assert files.sent() == [(2, "x2"), (6, "x6")]


def test_row_that_was_delivered_once_is_never_sent_by_a_replay(files: Files) -> None:
    """A narrower contract rejected, in a run of the whole file, what had gone out before."""
    files.run("whole", contract("[1]"), rejected=False)
    files.sent()
    assert files.waiting() == [3, 4, 5, 6, 7]
    assert files.run("second", WIDEST)["delivered"] == 3
    assert files.sent() == [(2, "x2"), (4, "x4"), (6, "x6")]
    assert files.waiting() == []
    files.run("narrow again", NARROW, rejected=False)
    files.sent()
    assert files.run("third", WIDEST) == {}
    assert files.sent() == []
    assert files.waiting() == []


def test_row_that_has_become_bad_since_it_was_delivered_is_not_counted_by_a_replay(
    files: Files,
) -> None:
    assert files.run("second", contract("x2"))["rejected"] == 2
    assert (files.sent(), files.waiting()) == ([(2, "x2")], [5, 7])


def test_contract_that_numbers_rows_anew_is_refused(files: Files) -> None:
    fewer = replace(WIDEST, only=(("town", "b"),))
    received = files.runs.receive_by_hand(("a.csv", None), run_id="second")
    with pytest.raises(ArrivalError, match=r"finds 1 rows in the file, and .* found 6"):
        files.deliver(received["files"][0], "second", fewer, rejected=True)
    assert files.sent() == []


def test_file_that_no_run_has_delivered_is_refused(files: Files) -> None:
    files.runs.put("a.csv", CONTENT)
    received = files.runs.receive_by_hand(("a.csv", None), run_id="second")
    with pytest.raises(ArrivalError, match="No run has delivered the file"):
        files.deliver(received["files"][0], "second", WIDEST, rejected=True)


def test_file_of_rows_gets_a_file_and_a_pointer_of_its_own(runs: UploadRuns, place: Place) -> None:
    files = Files(runs, replace(place, lake=runs.bucket))
    runs.put("a.csv", CONTENT)
    files.run("first", NARROW, rejected=False, delivery="file")
    files.run("second", WIDER, delivery="file")
    files.run("third", WIDER, delivery="file")
    first, second = sorted(
        (json.loads(message.body) | message.attributes for message in place.messages()),
        key=lambda pointer: -int(pointer["rows"]),
    )
    assert (first["rows"], second["rows"]) == (3, 2)
    assert len({pointer["idempotency_key"] for pointer in (first, second)}) == 2
    for pointer, ids in ((first, ["1", "3", "5"]), (second, ["x2", "x4"])):
        body = files.place.store.client.get_object(Bucket=runs.bucket, Key=pointer["key"])["Body"]
        assert [json.loads(line)["id"] for line in body.read().splitlines()] == ids
    assert files.waiting() == [7]


def test_large_replay_goes_in_parts(files: Files) -> None:
    assert files.run("second", WIDEST, part_rows=1)["delivered"] == 3
    assert files.sent() == [(2, "x2"), (4, "x4"), (6, "x6")]


def test_second_replay_of_the_same_file_waits_for_the_first(files: Files) -> None:
    first = files.runs.receive_by_hand(("a.csv", None), run_id="second")
    second = files.runs.receive_by_hand(("a.csv", None), run_id="third")
    assert (second["files"], second["busy"]) == ([], 1)
    result = files.deliver(first["files"][0], "second", WIDEST, rejected=True)
    files.runs.finish(first, [result], "second")
    assert len(files.sent()) == 3
    assert files.run("fourth", WIDEST) == {}
    assert files.sent() == []


@pytest.mark.parametrize("failpoint", ["deliver.batch_sent", "deliver.batch_recorded"])
def test_replay_that_dies_between_sending_and_settling_sends_no_other_row_twice(
    files: Files, failpoint: str
) -> None:
    received = files.runs.receive_by_hand(("a.csv", None), run_id="second")
    deliver = partial(files.deliver, received["files"][0], "second", WIDEST, rejected=True)
    die_at(failpoint, deliver, failpoints=files.place.failpoints)
    assert files.waiting() == [3, 5, 7]
    again = files.runs.receive_by_hand(("a.csv", None), run_id="second")
    result = files.deliver(again["files"][0], "second", WIDEST, rejected=True)
    files.runs.finish(again, [result], "second")
    assert {number for number, _ in files.sent()} == {2, 4, 6}
    assert files.waiting() == []

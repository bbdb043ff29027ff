"""Files that land in S3 into items of a real emulator's table, stage by stage."""

from __future__ import annotations

import gzip
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from include.contracts.columns import Column
from include.core.arrivals.shares import rows_a_task
from include.errors import ArrivalBusyError, RejectLimitError
from include.pipelines.csv_upload_to_dynamodb import report_failure
from tests.integration.item_places import (
    HEADER,
    create_table,
    lenient,
    place,
    rejected_rows,
    rows,
    without_version,
)
from tests.support.clients import client
from tests.support.items_oracle import expect

if TYPE_CHECKING:
    from tests.conftest import Aws
    from tests.support.item_runs import ItemPlace

__all__ = ["place"]


@pytest.mark.parametrize("count", [0, 1, 24, 25, 26, 60])
def test_every_row_of_a_file_becomes_an_item(place: ItemPlace, count: int) -> None:
    text = rows(count)
    (result,) = place.run(place.put(text), run_id="r")
    assert without_version(place.items()) == expect(text).items
    assert result["counts"] == {
        "read": count, "rejected": 0, "duplicate": 0, "superseded": 0, "delivered": count,
    }  # fmt: skip
    assert "cause" not in result
    assert result["rejects"] is None
    extracted = [event for event in place.sent_events() if event["stage"] == "extracted"]
    assert sorted(event["rows"] for event in extracted) == sorted(
        min(25, count - begin) for begin in range(0, count, 25)
    )


AWKWARD = HEADER + (
    '1,5,"Elm St, ""North""\nBack door",Ogdenville,04001\n'
    '2,6,Oak St,"Shelby, ville",\n'
    '3,7,Pine St,Springfield,00001\n'
    '3,7,"Pine St",Springfield,00001\n'
    '4,8,Ash St,Springfield,00001\n'
    '4,9,Ash St,Springfield,00001\n'
    ',10,Fir St,Springfield,00001\n'
    '5,11\n'
    '007, 12 ,Ünter den Linden,東京,é\n'
)  # fmt: skip


def test_items_and_counts_are_what_plain_python_makes_of_the_file(place: ItemPlace) -> None:
    place = lenient(place)
    (result,) = place.run(place.put(AWKWARD), run_id="r")
    expected = expect(AWKWARD)
    assert without_version(place.items()) == expected.items
    assert len(expected.items) == 4
    assert result["counts"] == {
        "read": expected.read,
        "rejected": expected.rejected,
        "duplicate": expected.duplicate,
        "superseded": 0,
        "delivered": len(expected.items),
    }
    assert result["rejects_by_code"] == {"key_conflict": 2, "null": 1, "too_few_columns": 1}
    assert rejected_rows(place, result) == [
        (9, "null"), (10, "too_few_columns"), (7, "key_conflict"), (8, "key_conflict"),
    ]  # fmt: skip


def test_row_that_dynamodb_would_refuse_is_rejected_and_the_others_load(place: ItemPlace) -> None:
    first, *others = place.upload.contract.columns
    any_id = (replace(first, pattern=None), *others)
    contract = replace(place.upload.contract, null_tokens=("NULL",), columns=any_id)
    place = lenient(place, contract=contract)
    long, huge = "k" * 2049, "x" * 410_000
    text = (
        HEADER + f'a,1,s,t,z\n"",2,s,t,z\n{long},3,s,t,z\nb,4,"{huge}\ny",t,z\nbad\nc,5,,NULL,z\n'
    )
    (result,) = place.run(place.put(text), run_id="r")
    assert {key: set(item) for key, item in place.items().items()} == {
        "a": {"id", "house_number", "street_address", "town", "zip", "file_version"},
        "c": {"id", "house_number", "street_address", "zip", "file_version"},
    }
    assert result["rejects_by_code"] == {
        "too_few_columns": 1, "key_empty": 1, "key_too_long": 1, "item_too_large": 1,
        "continued": 1,
    }  # fmt: skip
    assert sorted(rejected_rows(place, result)) == [
        (3, "key_empty"), (4, "key_too_long"), (5, "item_too_large"), (6, "continued"),
        (7, "too_few_columns"),
    ]  # fmt: skip
    assert (result["counts"]["read"], result["counts"]["delivered"]) == (7, 2)
    assert "cause" not in result
    rejections = [event for event in place.sent_events() if event["stage"] == "rejected"]
    assert sorted((event["chunk"] is None, event["rows"]) for event in rejections) == [
        (False, 4), (True, 1),
    ]  # fmt: skip


def test_largest_item_and_longest_key_that_dynamodb_takes_are_loaded(place: ItemPlace) -> None:
    key, version = "k" * 2047 + "1", 34 + len("file_version")
    file = place.put("later")
    version = len("file_version") + len(file["order"])
    left = 409_600 - len("id") - len(key) - len("street_address") - version
    text = HEADER + f"{key},,{'x' * left},,\n" + f"{key[1:]},,{'x' * (left + 2)},,\n"
    place = lenient(place)
    (result,) = place.run(place.put(text), run_id="r")
    assert list(place.items()) == [key]
    assert result["rejects_by_code"] == {"item_too_large": 1}


def test_line_of_sums_below_the_rows_becomes_no_item(place: ItemPlace) -> None:
    text = HEADER + "1,2,High Street,Ulm,01234\nA-2,,,,\nTotal,,,,1\n"
    place = lenient(place)
    (result,) = place.run(place.put(text), run_id="r")
    assert set(place.items()) == {"1", "A-2"}
    assert rejected_rows(place, result) == [(4, "pattern_mismatch")]


def test_too_many_rejects_stop_a_file_before_anything_is_written(place: ItemPlace) -> None:
    with pytest.raises(RejectLimitError):
        place.run(place.put(AWKWARD), run_id="r")
    assert place.items() == {}


def test_too_many_rejects_of_one_chunk_stop_it_and_of_all_fail_the_file(place: ItemPlace) -> None:
    contract = replace(place.upload.contract, null_tokens=("NULL",))
    limit = replace(place.upload.rejects, rows=1, share=0.0)
    long = [f"{n}{'k' * 2048},1,s,t,z\n" for n in range(2)]
    one = replace(
        place, upload=replace(place.upload, contract=contract, rejects=limit, chunk_rows=2)
    )
    with pytest.raises(RejectLimitError, match="Nothing of this chunk was loaded"):
        one.run(one.put(HEADER + "".join(long)), run_id="one")
    assert place.items() == {}
    each = replace(one, upload=replace(one.upload, chunk_rows=1))
    (result,) = each.run(each.put(HEADER + "".join(long)), run_id="each")
    assert result["cause"].startswith("2 of 2 rows rejected, 1 too many")


def test_file_that_is_done_is_not_read_again(place: ItemPlace) -> None:
    file = place.put(rows(3))
    (result,) = place.run(file, run_id="r")
    place.sent_events()
    (again,) = place.run(file, run_id="another")
    assert again == result
    assert place.sent_events() == []


def test_item_that_goes_between_load_and_observe_is_named_and_fails_the_file(
    place: ItemPlace,
) -> None:
    file = place.put(rows(60))
    place.load(file, run_id="r")
    for key in ("0003", "0059"):
        client("dynamodb", place.aws).delete_item(TableName=place.table, Key={"id": {"S": key}})
    (result,) = place.observe(file, run_id="r")
    assert (result["missing"], result["missing_ids"]) == (2, ["0003", "0059"])
    assert result["cause"] == "2 of 60 rows are neither in the table nor rejected"
    assert result["counts"]["delivered"] == 58


def test_chunk_that_was_never_looked_up_fails_the_file(place: ItemPlace) -> None:
    file = place.put(rows(60))
    place.run(file, run_id="r")
    extracted = [place.once("r", "extract-0", dict)]
    observed = [place.once("r", f"observe-0-{number}", dict) for number in (0, 2)]
    (result,) = place.tally(extracted, observed, "r")
    assert result["missing"] == 25
    assert result["cause"].endswith("; 1 of 3 chunks were not looked up")


def test_run_that_another_has_taken_over_from_writes_nothing_more(place: ItemPlace) -> None:
    file = place.put(rows(3))
    place.load(file, run_id="r")
    chunk = place.once("r", "transform-0-0", dict)
    place.receive([file], "r")
    with pytest.raises(ArrivalBusyError):
        place.load_chunk(chunk, "r")


def test_files_of_one_run_share_its_chunks_and_have_a_result_each(place: ItemPlace) -> None:
    files = [place.put(rows(30, town=town), f"uploads/dynamodb/{town}.csv") for town in "abc"]
    results = place.run(*files, run_id="r")
    assert [result["index"] for result in results] == [0, 1, 2]
    # They landed within a second or two, and those of one second are ordered by their keys.
    superseded = [result["counts"]["superseded"] for result in results]
    assert sorted(superseded) == [0, 30, 30]
    assert {item["town"] for item in place.items().values()} == {"abc"[superseded.index(0)]}


def test_gzipped_file_is_read(place: ItemPlace) -> None:
    file = place.put(gzip.compress(rows(3).encode()), "uploads/dynamodb/a.csv.gz")
    (result,) = place.run(file, run_id="r")
    assert result["counts"]["delivered"] == 3


def test_each_stage_of_a_chunk_is_an_event_with_ranges_and_counts(place: ItemPlace) -> None:
    file = place.put(rows(30))
    place.run(file, run_id="r")
    events = place.sent_events()
    stages = sorted((event["stage"], event["chunk"], event["rows"]) for event in events)
    assert stages == [
        ("extracted", 0, 25), ("extracted", 1, 5),
        ("loaded", 0, 25), ("loaded", 1, 5),
        ("transformed", 0, 25), ("transformed", 1, 5),
    ]  # fmt: skip
    assert {(event["first_id"], event["last_id"]) for event in events} == {
        ("0000", "0024"), ("0025", "0029"),
    }  # fmt: skip
    assert len({event["event_id"] for event in events}) == 6
    for event in events:
        named = {name: event[name] for name in ("bucket", "key", "version_id", "run_id")}
        assert named == {
            "run_id": "r",
            **{name: file[name] for name in ("bucket", "key", "version_id")},
        }


def test_event_that_is_sent_again_has_the_same_id(place: ItemPlace) -> None:
    loaded = place.load(place.put(rows(1)), run_id="r")
    first = {event["event_id"] for event in place.sent_events() if event["stage"] == "loaded"}
    place.load_chunk(loaded[0], "r")
    assert {event["event_id"] for event in place.sent_events()} == first


def test_events_reach_the_observer_queue_of_the_template(place: ItemPlace, aws: Aws) -> None:
    here = replace(place, bus=aws.outputs["EventsBus"], queue=aws.outputs["ObserverQueueUrl"])
    here.sent_events()
    here.run(here.put(rows(1)), run_id="r")
    report_failure(here.events("r"), here.put("x"), "it broke")
    assert [(event["stage"], event["cause"]) for event in here.sent_events()] == [
        ("extracted", None), ("transformed", None), ("loaded", None), ("failed", "it broke"),
    ]  # fmt: skip


def test_types_of_the_contract_arrive_as_dynamodb_s(place: ItemPlace) -> None:
    types = {
        "n": "numeric", "f": "double precision", "o": "boolean", "d": "date", "z": "timestamptz",
        "i": "integer",
    }  # fmt: skip
    columns = (
        Column(name="id", type="bigint", nullable=False),
        *(Column(name=name, type=kind) for name, kind in types.items()),  # type: ignore[arg-type] # literals
        Column(name="p", type="numeric", precision=(9, 2)),
    )
    contract = replace(place.upload.contract, columns=columns)
    place = lenient(place, contract=contract)
    create_table(place.aws, f"{place.table}-n", key_type="N")
    place = replace(place, table=f"{place.table}-n")
    text = (
        "id,n,f,o,d,z,i,p\n"
        "10,1.50,0.1,yes,2024-02-29,2021-03-04T05:06:07.5+01:00,-7,1.5\n"
        f"9,{'9' * 39},,,,,,\n"
        "2,,,no,,,,\n"
    )
    (result,) = place.run(place.put(text), run_id="r")
    order = place.once("r", "receive", dict)[0]["order"]
    assert place.items() == {
        "2": {"id": "2", "o": False, "file_version": order},
        "10": {
            "id": "10", "n": "1.5", "f": "0.1", "o": True, "d": "2024-02-29",
            "z": "2021-03-04T04:06:07.500000Z", "i": "-7", "p": "1.5", "file_version": order,
        },
    }  # fmt: skip
    assert result["rejects_by_code"] == {"too_many_digits": 1}
    ranges = {
        (event["first_id"], event["last_id"]) for event in place.sent_events() if event["first_id"]
    }
    assert ranges == {("2", "10")}


@pytest.mark.parametrize(
    ("count", "files", "chunks"),
    [(0, 1, 0), (25, 1, 1), (26, 1, 2), (1_000_000, 1, 1000), (1_000_000, 3, 333), (99, 2000, 1)],
)
def test_run_has_at_most_a_thousand_chunks_however_many_its_files(
    count: int, files: int, chunks: int
) -> None:
    size = rows_a_task(25, count, files=files)
    assert size >= 25
    assert -(-count // size) == chunks

"""Faults of the stream: throttled, expired, split, merged, trimmed, foreign, repeated."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from include.errors import SourceUnavailableError
from include.pipelines.kinesis_to_postgres import stream as kinesis
from tests.integration.stream_places import place, publisher, stream
from tests.support.faulty_api import NONE, THROTTLED, Fault
from tests.support.faulty_stream import FaultyStream
from tests.support.published_changes import LINES, THINGS, line, things

if TYPE_CHECKING:
    from tests.support.published_changes import Publisher, Row
    from tests.support.stream_runs import StreamPlace

__all__ = ["place", "publisher", "stream"]

FIRST, SECOND, THIRD = (f"shardId-{number:012}" for number in range(3))
SLOW = Fault(status=400, code="ProvisionedThroughputExceededException")
EXPIRED = Fault(status=400, code="ExpiredIteratorException")
UNKNOWN = Fault(status=400, code="InvalidArgumentException")
REASONS = "select code, raw, file from ops.rejected_row where sink like 'kinesis:%' order by id"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls that were not answered go again almost at once."""
    monkeypatch.setattr(kinesis, "_backoff", lambda _: 0.01)


def kept(place: StreamPlace, publisher: Publisher, version: str, rows: list[Row]) -> None:
    """Publish a version whole, with its rows in the lake."""
    publisher.publish(THINGS, version, rows, snapshot=place.keep(THINGS, version, rows))


def warnings_of(place: StreamPlace, *runs: str) -> list[str]:
    """Sentences in the ledger that people must read."""
    found = place.query("select details -> 'warnings' from ops.run where run_id = any(%s)", [*runs])
    return [warning for (warnings,) in found for warning in warnings]


@pytest.mark.parametrize(
    "fault",
    [SLOW, THROTTLED, Fault(status=500), Fault(reset="before"), Fault(reset="after")],
    ids=["slow", "throttled", "5xx", "reset", "answer-lost"],
)
def test_calls_that_are_not_answered_go_again(
    place: StreamPlace, publisher: Publisher, fault: Fault
) -> None:
    publisher.publish(THINGS, "v1", things(*range(50)))
    with FaultyStream(place.aws, lambda _, number: fault if number % 2 == 0 else NONE) as faulty:
        replace(place, kinesis=faulty.url).run()
        assert faulty.fired >= 7
    assert place.rows(THINGS) == things(*range(50))


def test_stream_that_is_away_for_good_fails_the_task_and_keeps_what_was_read(
    place: StreamPlace, publisher: Publisher
) -> None:
    publisher.publish(THINGS, "v1", things(*range(50)))

    def away(action: str, number: int) -> Fault:
        return SLOW if action == "GetRecords" and number else NONE

    with FaultyStream(place.aws, away) as faulty:
        broken = replace(place, kinesis=faulty.url, retry_seconds=0.1)
        with pytest.raises(SourceUnavailableError, match=r"was not answered within 0\.1 s"):
            broken.run()
    assert 0 < place.query("select count(*) from ops.stream_change")[0][0] < 50
    place.run()
    assert place.rows(THINGS) == things(*range(50))


def test_iterators_that_expire_are_replaced_behind_what_was_taken_over(
    place: StreamPlace, publisher: Publisher
) -> None:
    publisher.publish(THINGS, "v1", things(*range(50)))

    def expire(action: str, number: int) -> Fault:
        return EXPIRED if action == "GetRecords" and number % 2 == 0 else NONE

    with FaultyStream(place.aws, expire) as faulty:
        through = replace(place, kinesis=faulty.url)
        through.run()
        assert faulty.fired >= 3
    assert place.rows(THINGS) == things(*range(50))
    assert sum(each["records"] for each in through.found) == 53


def test_split_during_a_run_has_the_parent_read_to_its_end_and_then_its_children(
    place: StreamPlace, publisher: Publisher
) -> None:
    with FaultyStream(place.aws, hidden={SECOND, THIRD}) as faulty:
        through = replace(place, kinesis=faulty.url)
        publisher.into = (FIRST,)
        publisher.publish(THINGS, "v1", things(1, 2, 3))
        through.run("first")
        begun = publisher.begin(THINGS, "v2", things(2, 3, 4, 5, 6))
        publisher.put(begun.records[:2])
        shards = through.reading.stream.shards()
        faulty.reshard(FIRST, to=(SECOND, THIRD))
        publisher.into = (SECOND, THIRD)
        publisher.put(begun.records[2:])
        publisher.put_ends(begun.end)
        publisher.commit(THINGS, begun, things(2, 3, 4, 5, 6))
        through.found.clear()
        through.run("second")
    assert [shard.shard_id for shard in shards] == [FIRST]
    assert [(each["shard_id"], each["closed"]) for each in through.found] == [
        (FIRST, True),
        (SECOND, False),
        (THIRD, False),
    ]
    assert place.rows(THINGS) == things(2, 3, 4, 5, 6)
    assert warnings_of(place, "first", "second", "run") == []


def test_child_of_a_merge_is_read_after_both_parents(
    place: StreamPlace, publisher: Publisher
) -> None:
    with FaultyStream(place.aws, hidden={THIRD}) as faulty:
        through = replace(place, kinesis=faulty.url)
        publisher.into = (FIRST, SECOND)
        publisher.publish(THINGS, "v1", things(*range(9)))
        faulty.reshard(FIRST, SECOND, to=(THIRD,))
        publisher.into = (THIRD,)
        publisher.publish(THINGS, "v2", things(*range(3, 12)))
        through.run()
        assert [each["shard_id"] for each in through.found] == [FIRST, SECOND, THIRD]
        assert place.rows(THINGS) == things(*range(3, 12))
        through.found.clear()
        through.run("second")
        assert [each["shard_id"] for each in through.found] == [THIRD]


def test_children_of_a_parent_that_the_stream_has_no_more_are_read(
    place: StreamPlace, publisher: Publisher
) -> None:
    with FaultyStream(place.aws, hidden={FIRST}, parents={SECOND: (FIRST,)}) as faulty:
        publisher.into = (SECOND, THIRD)
        publisher.publish(THINGS, "v1", things(1, 2, 3))
        replace(place, kinesis=faulty.url).run()
    assert place.rows(THINGS) == things(1, 2, 3)


def test_shards_that_are_gone_are_forgotten(place: StreamPlace) -> None:
    place.query(
        "insert into ops.stream_shard (stream, shard_id, closed) values (%s, 'gone', true)",
        place.stream,
    )
    place.run()
    assert place.query("select shard_id from ops.stream_shard order by 1") == [
        (FIRST,),
        (SECOND,),
        (THIRD,),
    ]


def change(**values: Any) -> dict[str, Any]:
    """An operation of a version that is known."""
    name = {"tenant": "acme", "table": "test_table", "version": "v1", "publication": "p"}
    row = {"sequence": 1, "operation": "INSERT", "key": {"pk": "k"}, "after": {"pk": "k"}}
    return name | row | values


FOREIGN: list[tuple[Any, str]] = [
    (b"", "not_json"),
    (b"\xff\xfe\x00text", "not_json"),
    (b"[" * 100_000, "not_json"),
    (b'["a"]', "not_object"),
    (change(tenant=None), "no_change"),
    (change(publication=7), "no_change"),
    (change(tenant="a\0"), "no_change"),
    (change(operation="TRUNCATE"), "no_change"),
    (change(operation=["INSERT"]), "no_change"),
    (change(sequence=0), "no_sequence"),
    (change(sequence=True), "no_sequence"),
    (change(sequence=1 << 63), "no_sequence"),
    (change(after=None), "no_row"),
    (change(operation="DELETE", key=[]), "no_row"),
    (change(after={"pk": "a\0"}), "not_storable"),
    (change(after={"pk": "\ud800"}), "not_storable"),
    (change(operation="END"), "no_counts"),
    (change(version="v0"), "unknown_export"),
    (change(table="other"), "unknown_export"),
]


def test_record_of_another_producer_is_set_aside_with_its_reason(
    place: StreamPlace, publisher: Publisher
) -> None:
    begun = publisher.begin(THINGS, "v1", things(1, 2, 3))
    records = [record for record, _ in FOREIGN]
    publisher.into = (FIRST,)  # where they keep their order
    publisher.put(records)
    publisher.put(begun.records)
    publisher.put(records)
    publisher.put_ends(begun.end)
    publisher.commit(THINGS, begun, things(1, 2, 3))
    place.run()
    assert place.rows(THINGS) == things(1, 2, 3)
    rejected = place.query(REASONS)
    # What names no known export is set aside after those whose form is wrong.
    found, late = [code for code, *_ in rejected], "unknown_export"
    assert [c for c in found if c != late] == [c for _, c in FOREIGN if c != late] * 2
    assert sorted(found) == sorted(2 * [code for _, code in FOREIGN])
    assert all(file.startswith("shardId-") for *_, file in rejected)
    (notice,) = place.announce()
    _, told, listed = notice.partition("(they wait in ops.rejected_row):\n")
    assert told
    for code, number in Counter(code for _, code in FOREIGN).items():
        assert f"  - {code}: {2 * number}\n" in listed
    place.run("again")
    assert len(place.query(REASONS)) == len(rejected)


def test_text_that_only_looks_like_an_escape_is_kept(
    place: StreamPlace, publisher: Publisher
) -> None:
    rows = things(1, c1="a\\u0000b")
    publisher.publish(THINGS, "v1", rows)
    place.run()
    assert place.rows(THINGS) == rows


def test_records_that_come_twice_count_once(place: StreamPlace, publisher: Publisher) -> None:
    begun = publisher.begin(THINGS, "v1", things(1, 2, 3))
    publisher.put([*begun.records, *begun.records])
    publisher.put_ends(begun.end)
    publisher.put(begun.records)
    publisher.put_ends(begun.end)
    publisher.commit(THINGS, begun, things(1, 2, 3))
    place.run("first")
    place.run("second")
    assert place.rows(THINGS) == things(1, 2, 3)
    totals = {name: sum(each[name] for each in place.found) for name in ("staged", "repeated")}
    # The last three are read when their version is applied, with its ends.
    assert totals == {"staged": 3, "repeated": 6 + 3}


def test_stream_that_is_read_again_from_its_oldest_record_changes_nothing(
    place: StreamPlace, publisher: Publisher
) -> None:
    publisher.publish(THINGS, "v1", things(1, 2, 3))
    publisher.publish(LINES, "v1", [line(1, 1)])
    publisher.publish(THINGS, "v2", things(2, 3, c1="y"))
    place.run("first")
    state = "select xmin::text, ctid::text, pk from exports.acme__test_table"
    before = place.query(state)
    place.query("update ops.stream_shard set sequence_number = null")
    place.found.clear()
    place.run("second")
    assert (
        sum(each["records"] for each in place.found)
        == sum(each["repeated"] for each in place.found)
        == 3 + 3 + 1 + 3 + 3 + 3
    )
    assert place.query(state) == before
    assert place.query("select count(*) from ops.run") == [(2,)]
    for table in ("stream_change", "stream_publication", "stream_end"):
        assert place.query(f"select count(*) from ops.{table}") == [(0,)]


def test_operations_of_a_delta_that_was_given_up_do_not_mix_with_another(
    place: StreamPlace, publisher: Publisher
) -> None:
    given_up = publisher.begin(THINGS, "v1", things(7, 8, 9))
    publisher.put(given_up.records)
    place.run("first")
    publisher.publish(THINGS, "v1", things(1, 2))
    place.run("second")
    assert place.rows(THINGS) == things(1, 2)
    assert place.query("select count(*) from ops.stream_change") == [(0,)]


def test_version_that_is_published_meanwhile_waits_for_its_turn(
    place: StreamPlace, publisher: Publisher
) -> None:
    publisher.publish(THINGS, "v1", things(1))
    tables = place.read()
    publisher.publish(THINGS, "v2", things(1, 2))
    for table in tables:
        place.apply(table)
    assert place.rows(THINGS) == things(1)
    place.run("second")
    assert place.rows(THINGS) == things(1, 2)
    assert warnings_of(place, "first", "second", "run") == []


def test_stream_that_was_trimmed_before_it_was_read_says_so_and_the_export_is_loaded(
    place: StreamPlace, publisher: Publisher
) -> None:
    kept(place, publisher, "v1", things(1, 2, 3))
    place.run("first")
    kept(place, publisher, "v2", things(2, 3))
    publisher.query("update ops.export set published_at = now() - interval '8 days'")
    after = place.query("select shard_id, sequence_number from ops.stream_shard")
    with FaultyStream(place.aws, trimmed=dict.fromkeys(dict(after), "9" * 56)) as faulty:
        replace(place, kinesis=faulty.url).run("second")
    assert place.rows(THINGS) == things(2, 3)
    (warning,) = warnings_of(place, "second")
    assert "the stream keeps records for 24 hours: it was trimmed" in warning
    assert warning in place.announce("second")[0]
    # What follows comes from the stream again.
    publisher.publish(THINGS, "v3", things(2, 3, 4))
    place.run("third")
    assert place.rows(THINGS) == things(2, 3, 4)
    assert warnings_of(place, "third") == []


@pytest.mark.parametrize("refused", [True, False], ids=["refused", "accepted"])
def test_checkpoint_that_is_ahead_is_made_up_for_and_put_right(
    place: StreamPlace, publisher: Publisher, *, refused: bool
) -> None:
    kept(place, publisher, "v1", things(1, 2, 3))
    place.run("first")
    place.query("update ops.stream_shard set sequence_number = %s", "9" * 56)
    kept(place, publisher, "v2", things(2, 3))

    def decide(action: str, number: int) -> Fault:
        # Kinesis refuses a number that it has not given out; the next call asks for the oldest.
        return UNKNOWN if refused and action == "GetShardIterator" and number % 2 == 0 else NONE

    with FaultyStream(place.aws, decide) as faulty:
        replace(place, kinesis=faulty.url).run("second")
    assert place.rows(THINGS) == things(2, 3)
    kept(place, publisher, "v3", things(3, 4))
    place.run("third")
    assert place.rows(THINGS) == things(3, 4)
    assert len(warnings_of(place, "second")) == (0 if refused else 1)
    assert warnings_of(place, "third") == []


def test_digits_of_numbers_are_kept(place: StreamPlace, publisher: Publisher) -> None:
    begun = publisher.begin(LINES, "v1", [line(9_007_199_254_740_993, 1, price="9999999999.1")])
    text = json.dumps(begun.records[0]).replace('"9999999999.1"', "9999999999.10")
    publisher.put([text.encode()])
    publisher.put_ends(begun.end)
    publisher.commit(LINES, begun, [])
    place.run()
    assert place.query("select order_id, price::text from exports.acme__order_lines") == [
        (9_007_199_254_740_993, "9999999999.10")
    ]

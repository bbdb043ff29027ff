"""Targets that are made anew from their newest export, by hand or since operations are lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from include.errors import ArchiveError, ExportBusyError, RunInputError, TargetDiffersError
from include.pipelines.kinesis_to_postgres import settle
from tests.integration.stream_places import place, publisher, stream
from tests.support.published_changes import LINES, THINGS, line, things

if TYPE_CHECKING:
    from tests.support.published_changes import Publisher, Row, Table
    from tests.support.stream_runs import StreamPlace

__all__ = ["place", "publisher", "stream"]

LEDGER = """
    select read, inserted, updated, unchanged, deleted, details #>> '{warnings,0}'
    from ops.run where run_id = %s
"""


def publish(
    place: StreamPlace, publisher: Publisher, table: Table, version: str, rows: list[Row]
) -> None:
    publisher.publish(table, version, rows, snapshot=place.keep(table, version, rows))


def test_target_that_somebody_has_written_to_is_refused_and_rebuilt_by_hand(
    place: StreamPlace, publisher: Publisher
) -> None:
    publish(place, publisher, THINGS, "v1", things(1, 2, 3))
    place.run("first")
    place.query("delete from exports.acme__test_table where pk = 'k000002'")
    publish(place, publisher, THINGS, "v2", [*things(1), *things(2, c1="new"), *things(4)])
    with pytest.raises(TargetDiffersError, match="of 1 rows to update 0 are there"):
        place.run("second")
    assert place.rows(THINGS) == things(1, 3)
    place.rebuild(THINGS, "third")
    assert place.rows(THINGS) == [*things(1), *things(2, c1="new"), *things(4)]
    assert place.query(LEDGER, "third") == [(3, 2, 0, 1, 1, None)]
    assert place.run("fourth") == []
    publish(place, publisher, THINGS, "v3", things(1))
    place.run("fifth")
    assert place.rows(THINGS) == things(1)


def test_rebuilt_target_marks_rows_that_are_gone_and_takes_back_those_that_came(
    place: StreamPlace, publisher: Publisher
) -> None:
    publish(place, publisher, LINES, "v1", [line(1, 1), line(1, 2), line(1, 3)])
    place.run("first")
    publish(place, publisher, LINES, "v2", [line(1, 1), line(1, 2)])
    place.run("second")
    ((gone_at,),) = place.query("select max(deleted_at) from exports.acme__order_lines")
    place.query("update exports.acme__order_lines set deleted_at = now() where line = 1")
    place.query("insert into exports.acme__order_lines (order_id, line) values (7, 7)")
    place.rebuild(LINES, "third")
    assert place.rows(LINES) == [line(1, 1), line(1, 2)]
    marked = place.query(
        "select line, deleted_at from exports.acme__order_lines where line in (3, 7)"
    )
    assert marked[0] == (3, gone_at)
    assert marked[1][1] is not None


def test_target_is_rebuilt_to_an_empty_export(place: StreamPlace, publisher: Publisher) -> None:
    publish(place, publisher, THINGS, "v1", things(1, 2, 3))
    place.run("first")
    publish(place, publisher, THINGS, "v2", [])
    place.rebuild(THINGS, "second")
    assert place.rows(THINGS) == []
    assert place.query("select applied_version from ops.export_table") == [("v2",)]


def test_operations_that_are_lost_are_made_up_for_by_the_export(
    place: StreamPlace, publisher: Publisher
) -> None:
    publish(place, publisher, THINGS, "v1", things(1, 2, 3))
    place.run("first")
    before = publisher.begin(THINGS, "v2", things(2, 3, 4, 5))
    publisher.put(before.records[1:])
    publisher.put_ends(before.end)
    snapshot = place.keep(THINGS, "v2", things(2, 3, 4, 5))
    publisher.commit(THINGS, before, things(2, 3, 4, 5), snapshot=snapshot)
    place.run("second")
    assert place.rows(THINGS) == things(2, 3, 4, 5)
    ((*counts, warning),) = place.query(LEDGER, "second")
    assert counts == [4, 2, 0, 2, 1]
    assert warning.startswith("2 operations of v2 are there, of 3, although the stream was read")


def test_nothing_is_rebuilt_of_a_table_that_was_never_published(place: StreamPlace) -> None:
    with pytest.raises(RunInputError, match="No export of acme/test_table was published"):
        place.rebuild(THINGS)


def test_target_stays_where_the_export_is_gone(place: StreamPlace, publisher: Publisher) -> None:
    rows = things(1)
    snapshot = {"key": "exports/gone", "sha256": "0" * 64, "rows": 1}
    publisher.publish(THINGS, "v1", rows, snapshot=snapshot)
    place.run("first")
    with pytest.raises(ArchiveError):
        place.rebuild(THINGS, "second")
    assert place.rows(THINGS) == rows


def test_version_on_a_base_that_the_target_lacks_is_not_applied(
    place: StreamPlace, publisher: Publisher
) -> None:
    publish(place, publisher, THINGS, "v1", things(1, 2, 3))
    place.run("first")
    publisher.query("update ops.export_table set applied_version = 'v0'")
    publish(place, publisher, THINGS, "v2", things(2, 3))
    place.run("second")
    assert place.rows(THINGS) == things(2, 3)
    ((*_, warning),) = place.query(LEDGER, "second")
    assert warning.startswith("v2 was made of v1, which the target does not hold")


def test_rebuild_that_a_newer_version_has_overtaken_starts_again(
    place: StreamPlace, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(place, publisher, THINGS, "v1", things(1))
    place.run("first")

    def overtake(name: str) -> None:
        if name == "rebuild.fetched" and publisher.states[THINGS][0] == "v1":
            publish(place, publisher, THINGS, "v2", things(1, 2))
            place.run("second")

    monkeypatch.setattr(settle, "failpoint", overtake)
    with pytest.raises(ExportBusyError):
        place.rebuild(THINGS, "third")
    assert place.rows(THINGS) == things(1, 2)
    place.rebuild(THINGS, "third")
    assert place.rows(THINGS) == things(1, 2)


def test_rebuild_after_the_declaration_has_changed_counts_rows_and_says_so(
    place: StreamPlace, publisher: Publisher
) -> None:
    publish(place, publisher, THINGS, "v1", things(1))
    publisher.query('update ops.export set snapshot = snapshot || \'{"digest": "older"}\'')
    place.run("first")
    ((*_, warning),) = place.query(LEDGER, "first")
    assert warning == "The declaration has changed since v1: its rows were only counted"

"""Versions of exported tables from the stream into their targets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg2 import sql

from include.core.statements import compose
from tests.integration.stream_places import place, publisher, stream
from tests.support.published_changes import LINES, THINGS, line, things

if TYPE_CHECKING:
    from tests.support.published_changes import Publisher
    from tests.support.stream_runs import StreamPlace

__all__ = ["place", "publisher", "stream"]

LEDGER = """
    select sink, read, rejected, duplicate, inserted, updated, unchanged, deleted
    from ops.run where run_id = %s order by sink
"""


def test_first_version_fills_a_target_that_is_made_of_its_declaration(
    place: StreamPlace, publisher: Publisher
) -> None:
    publisher.publish(THINGS, "v1", things(1, 2, 3))
    assert place.run() == ["exports.acme__test_table"]
    assert place.rows(THINGS) == things(1, 2, 3)
    assert place.query(LEDGER, "run") == [("exports.acme__test_table", 3, 0, 0, 3, 0, 0, 0)]


def test_later_versions_insert_update_and_delete(place: StreamPlace, publisher: Publisher) -> None:
    publisher.publish(THINGS, "v1", things(1, 2, 3))
    place.run("first")
    publisher.publish(THINGS, "v2", [*things(1), *things(2, c1=""), *things(4)])
    place.run("second")
    assert place.rows(THINGS) == [*things(1), *things(2, c1=""), *things(4)]
    assert place.query(LEDGER, "second") == [(THINGS.sink, 3, 0, 0, 1, 1, 1, 1)]


def test_several_versions_and_tables_of_one_run_have_one_ledger_row_a_table_and_one_notice(
    place: StreamPlace, publisher: Publisher
) -> None:
    publisher.publish(THINGS, "v1", things(1, 2, 3))
    publisher.publish(THINGS, "v2", things(2, 3, 4))
    publisher.publish(LINES, "2026-01-01", [line(1, 1), line(1, 2)])
    publisher.publish(THINGS, "v3", things(2, 3, c1="y"), counts={"rejected": 1, "duplicate": 2})
    place.run()
    assert place.rows(THINGS) == things(2, 3, c1="y")
    assert place.rows(LINES) == [line(1, 1), line(1, 2)]
    assert place.query(LEDGER, "run") == [
        (LINES.sink, 2, 0, 0, 2, 0, 0, 0),
        (THINGS.sink, 11, 1, 2, 4, 2, 2, 2),
    ]
    ((subject, body),) = place.query("select subject, body from ops.outbox")
    assert subject == "Sluice kinesis_to_postgres: 10 rows changed in 2 tables"
    assert f"{THINGS.sink} at v1, v2, v3: 11 read, 1 rejected" in body


def test_rows_that_are_softly_deleted_stay_and_come_back(
    place: StreamPlace, publisher: Publisher
) -> None:
    publisher.publish(LINES, "v1", [line(1, 1), line(1, 2, gift=True)])
    place.run("first")
    publisher.publish(LINES, "v2", [line(1, 2, gift=True)])
    place.run("second")
    assert place.rows(LINES) == [line(1, 2, gift=True)]
    assert place.query("select count(*) from exports.acme__order_lines") == [(2,)]
    publisher.publish(LINES, "v3", [line(1, 1, quantity=7), line(1, 2, gift=True)])
    place.run("third")
    assert place.rows(LINES) == [line(1, 1, quantity=7), line(1, 2, gift=True)]
    assert place.query(LEDGER, "third") == [(LINES.sink, 2, 0, 0, 1, 0, 1, 0)]


def test_run_that_finds_nothing_new_writes_nothing(
    place: StreamPlace, publisher: Publisher
) -> None:
    publisher.publish(THINGS, "v1", things(1))
    place.run("first")
    assert place.run("second") == []
    assert place.query("select run_id from ops.run") == [("first",)]
    assert place.query("select run_id from ops.outbox") == [("first",)]


def test_what_is_kept_of_the_stream_is_gone_once_it_is_applied(
    place: StreamPlace, publisher: Publisher
) -> None:
    publisher.publish(THINGS, "v1", things(1, 2))
    place.run()
    for table in ("stream_change", "stream_publication", "stream_end"):
        assert place.query(f"select count(*) from ops.{table}") == [(0,)]
    assert place.query("select count(*) from ops.stream_shard") == [(3,)]
    assert place.query("select state, applied_at > published_at from ops.export") == [
        ("applied", True)
    ]


def test_member_with_a_percent_sign_in_its_name_is_no_parameter(place: StreamPlace) -> None:
    parts = {"values": sql.SQL("change.row_values ->> {} as cell").format(sql.Literal("50 %s"))}
    statement = compose("kinesis_to_postgres/apply_publication.stage", parts)
    with place.connect() as connection, connection.cursor() as cursor:
        text = cursor.mogrify(statement, {"publication_id": 1}).decode()
    assert "change.row_values ->> '50 %s' as cell" in text

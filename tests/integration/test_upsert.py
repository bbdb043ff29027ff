"""Loads of snapshots into a table, compared with an oracle in plain Python."""

from __future__ import annotations

import random
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import psycopg2
import pytest

from include.contracts.columns import Column
from include.contracts.tables import ShrinkLimit, Table
from include.core.warehouse import connection as postgres
from include.core.warehouse import sink_lock
from include.core.warehouse.connection import transaction
from include.core.warehouse.upsert import LoadCounts, Policy
from include.errors import AccountingError, ShrunkenSnapshotError, WarehouseUnavailableError
from tests.support.table_loads import TableLoads

if TYPE_CHECKING:
    from collections.abc import Mapping

    from include.core.warehouse.connection import Connect

DAY = datetime(2020, 12, 1, 8, 30, tzinfo=timezone.utc)
TABLE = Table(
    schema="public",
    name="thing",
    columns=(
        Column(name="part", type="text", nullable=False),
        Column(name="number", type="integer", nullable=False),
        Column(name="amount", type="bigint"),
        Column(name="label", type="text"),
    ),
    key=("part", "number"),
)
KEEP = Policy(vanished="keep", shrink=ShrinkLimit())
DELETE = Policy(vanished="delete", shrink=ShrinkLimit())

Key = tuple[str, int]
Rows = dict[Key, tuple[int | None, str | None]]


@pytest.fixture
def thing(warehouse: Connect, loader: Connect) -> Connect:
    """Opens connections of the loader, where there is the table."""
    TableLoads(table=TABLE, owner=warehouse, loader=loader).create()
    return loader


def load(
    connect: Connect,
    rows: Mapping[Key, tuple[Any, Any]],
    as_of: datetime,
    policy: Policy = KEEP,
    *,
    announced: int | None = None,
) -> LoadCounts:
    loads = TableLoads(table=TABLE, owner=connect, loader=connect)
    cells = [(*key, *values) for key, values in rows.items()]
    return loads.load(cells, as_of, policy, announced=announced)


def query(connect: Connect, statement: str) -> list[tuple[Any, ...]]:
    with closing(connect()) as connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall())


def content(connect: Connect) -> Rows:
    return {(row[0], row[1]): (row[2], row[3]) for row in query(connect, "table thing")}


def versions(connect: Connect) -> dict[Key, tuple[Any, Any]]:
    found = query(connect, "select part, number, xmin::text, ctid::text from thing")
    return {(row[0], row[1]): (row[2], row[3]) for row in found}


def rows(*, upto: int, amount: int = 1) -> Rows:
    return {("a", number): (amount, "x") for number in range(upto)}


def summary(counts: LoadCounts) -> tuple[int, int, int, int]:
    return counts.inserted, counts.updated, counts.unchanged, counts.superseded


def test_first_load_inserts_every_row(thing: Connect) -> None:
    assert summary(load(thing, rows(upto=5), DAY)) == (5, 0, 0, 0)
    assert content(thing) == rows(upto=5)


def test_same_snapshot_again_writes_no_row(thing: Connect) -> None:
    load(thing, rows(upto=5), DAY)
    before = versions(thing)
    assert summary(load(thing, rows(upto=5), DAY + timedelta(days=1))) == (0, 0, 5, 0)
    assert versions(thing) == before


def test_only_rows_that_differ_are_written(thing: Connect) -> None:
    load(thing, rows(upto=5), DAY)
    before = versions(thing)
    changed = rows(upto=6) | {("a", 2): (7, "x"), ("a", 3): (1, None)}
    assert summary(load(thing, changed, DAY + timedelta(days=1))) == (1, 2, 3, 0)
    assert content(thing) == changed
    after = versions(thing)
    assert {key for key in before if before[key] != after[key]} == {("a", 2), ("a", 3)}


def test_null_and_empty_text_are_different_values(thing: Connect) -> None:
    load(thing, {("a", 1): (1, None)}, DAY)
    assert summary(load(thing, {("a", 1): (1, "")}, DAY + timedelta(days=1))) == (0, 1, 0, 0)
    assert content(thing) == {("a", 1): (1, "")}


@pytest.mark.parametrize(
    "label", ["\\.", "\\N", 'say "so"', "two\nlines", "tab\there", "naïve 🙂", "a,b", " x ", "\r"]
)
def test_text_arrives_unchanged(thing: Connect, label: str) -> None:
    load(thing, {("a", 1): (1, label), ("b", 2): (2, "z")}, DAY)
    load(thing, {("a", 1): (1, label), ("b", 2): (3, label)}, DAY + timedelta(days=1))
    assert content(thing) == {("a", 1): (1, label), ("b", 2): (3, label)}


def test_composite_keys_that_collide_when_joined_stay_different(thing: Connect) -> None:
    load(thing, {("a|1", 1): (1, "x"), ("a", 11): (2, "x")}, DAY)
    assert len(content(thing)) == 2


def test_change_by_another_writer_is_undone_by_the_same_snapshot(thing: Connect) -> None:
    load(thing, rows(upto=5), DAY)
    with transaction(thing, doing="meddle") as cursor:
        cursor.execute("update thing set amount = 99 where number = 3")
        cursor.execute("delete from thing where number = 4")
    assert summary(load(thing, rows(upto=5), DAY)) == (1, 1, 3, 0)
    assert content(thing) == rows(upto=5)


def test_change_by_another_writer_is_noticed_past_an_older_load(thing: Connect) -> None:
    load(thing, rows(upto=5), DAY)
    with transaction(thing, doing="meddle") as cursor:
        cursor.execute("update thing set amount = 99 where number = 3")
    load(thing, rows(upto=4), DAY - timedelta(days=1))
    assert summary(load(thing, rows(upto=5), DAY)) == (0, 1, 4, 0)


def test_truncated_table_is_filled_again(thing: Connect, warehouse: Connect) -> None:
    load(thing, rows(upto=5), DAY)
    with transaction(warehouse, doing="meddle") as cursor:
        cursor.execute("truncate thing")
    assert summary(load(thing, rows(upto=5), DAY)) == (5, 0, 0, 0)


def test_older_snapshot_between_does_not_undo_what_a_newer_one_confirmed(thing: Connect) -> None:
    load(thing, rows(upto=5, amount=1), DAY)
    load(thing, rows(upto=5, amount=1), DAY + timedelta(days=2))
    before = versions(thing)
    counts = load(thing, rows(upto=5, amount=2), DAY + timedelta(days=1))
    assert summary(counts) == (0, 0, 0, 5)
    assert versions(thing) == before


def test_older_snapshot_does_not_bring_back_what_a_newer_one_deleted(thing: Connect) -> None:
    load(thing, rows(upto=5), DAY, DELETE)
    assert load(thing, rows(upto=3), DAY + timedelta(days=2), DELETE).deleted == 2
    assert summary(load(thing, rows(upto=5), DAY + timedelta(days=1), DELETE)) == (0, 0, 0, 5)
    assert content(thing) == rows(upto=3)


def test_vanished_row_is_kept_counted_once_and_comes_back(thing: Connect) -> None:
    load(thing, rows(upto=5), DAY)
    assert load(thing, rows(upto=3), DAY + timedelta(days=1)).vanished == 2
    assert load(thing, rows(upto=2), DAY + timedelta(days=2)).vanished == 1
    assert content(thing) == rows(upto=5)
    assert summary(load(thing, rows(upto=5), DAY + timedelta(days=3))) == (0, 0, 5, 0)
    assert query(thing, "table ops.vanished_row") == []


def test_older_snapshot_again_or_another_of_its_moment_finds_all_superseded(
    thing: Connect,
) -> None:
    load(thing, rows(upto=1), DAY + timedelta(days=2))
    assert summary(load(thing, rows(upto=3), DAY)) == (2, 0, 0, 1)
    before = versions(thing)
    for amount in (1, 2):
        assert summary(load(thing, rows(upto=3, amount=amount), DAY)) == (0, 0, 0, 3)
    assert versions(thing) == before
    assert summary(load(thing, rows(upto=3, amount=2), DAY + timedelta(days=1))) == (0, 2, 0, 1)


def test_rows_may_be_missing_because_they_were_rejected_so_none_is_deleted(thing: Connect) -> None:
    load(thing, rows(upto=5), DAY, DELETE)
    counts = load(thing, rows(upto=3), DAY + timedelta(days=1), replace(DELETE, certain=False))
    assert (counts.deleted, len(content(thing))) == (0, 5)


@pytest.mark.parametrize("policy", [KEEP, DELETE], ids=["keep", "delete"])
@pytest.mark.parametrize(
    ("before", "after", "loads"),
    [
        pytest.param(1000, 0, False, id="empty"),
        pytest.param(10, 0, False, id="empty-small"),
        pytest.param(1000, 100, False, id="90-percent-gone"),
        pytest.param(1000, 799, False, id="just-above-both-limits"),
        pytest.param(400, 300, False, id="exactly-100-rows"),
        pytest.param(1000, 800, True, id="exactly-20-percent"),
        pytest.param(400, 301, True, id="fewer-than-100-rows"),
    ],
)
def test_shrunken_snapshot_stops(
    thing: Connect, policy: Policy, *, before: int, after: int, loads: bool
) -> None:
    load(thing, rows(upto=before), DAY, policy)
    state = versions(thing), query(thing, "table ops.sink")
    if loads:
        load(thing, rows(upto=after), DAY + timedelta(days=1), policy)
        return
    with pytest.raises(ShrunkenSnapshotError, match=f"of the {before} rows"):
        load(thing, rows(upto=after), DAY + timedelta(days=1), policy)
    assert (versions(thing), query(thing, "table ops.sink")) == state


@pytest.mark.parametrize("before", [0, 5], ids=["empty-table", "table-with-rows"])
@pytest.mark.parametrize("arriving", [6, 8], ids=["too-few", "too-many"])
def test_snapshot_that_arrives_with_other_rows_than_announced_changes_nothing(
    thing: Connect, before: int, arriving: int
) -> None:
    if before:
        load(thing, rows(upto=before), DAY)
    with pytest.raises(AccountingError, match=f"has 7 rows, the load counts {arriving}"):
        load(thing, rows(upto=arriving), DAY + timedelta(days=1), announced=7)
    with pytest.raises(AccountingError, match=f"has 7 rows, the load counts {arriving}"):
        load(thing, rows(upto=arriving), DAY - timedelta(days=1), announced=7)
    assert content(thing) == rows(upto=before)


def test_rows_that_a_trigger_of_the_table_drops_fail_the_load(
    thing: Connect, warehouse: Connect
) -> None:
    load(thing, rows(upto=5), DAY)
    with transaction(warehouse, doing="meddle") as cursor:
        cursor.execute(
            "create function drop_row() returns trigger language plpgsql"
            " as $$begin return null; end$$"
        )
        cursor.execute(
            "create trigger dropping before insert or update on thing for each row"
            " when (new.number = 3) execute function drop_row()"
        )
    with pytest.raises(AccountingError, match="has 6 rows, the load counts 5"):
        load(thing, rows(upto=6, amount=2), DAY + timedelta(days=1))
    assert content(thing) == rows(upto=5)


def test_second_writer_waits_for_the_first(thing: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    load(thing, rows(upto=1), DAY)
    with closing(thing()) as holder:
        with holder.cursor() as cursor:
            cursor.execute("select 1 from ops.sink where sink = 'public.thing' for update")
        with monkeypatch.context() as impatient:
            impatient.setitem(postgres._SESSION, "lock_timeout", "200")
            with pytest.raises(WarehouseUnavailableError, match="LockNotAvailable"):
                load(thing, rows(upto=2), DAY)
    assert summary(load(thing, rows(upto=2), DAY)) == (1, 0, 1, 0)


def test_writer_that_overstays_its_lease_loses_the_lock_and_its_work(
    thing: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(thing, rows(upto=1), DAY)
    monkeypatch.setattr(sink_lock, "LEASE_SECONDS", 0.0)
    # Were the sleeper left alone, this would be all the waiting.
    monkeypatch.setitem(postgres._SESSION, "lock_timeout", "10000")
    with closing(thing()) as sleeper:
        with sleeper.cursor() as cursor:
            cursor.execute("set application_name = 'sluice public.thing'")
            cursor.execute("select 1 from ops.sink where sink = 'public.thing' for update")
            cursor.execute("update thing set amount = 99")
        assert summary(load(thing, rows(upto=2), DAY)) == (1, 0, 1, 0)
        with pytest.raises(psycopg2.OperationalError):
            sleeper.cursor().execute("select 1")
    assert content(thing) == rows(upto=2)


def test_writer_of_another_table_is_left_alone(
    thing: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sink_lock, "LEASE_SECONDS", 0.0)
    with closing(thing()) as other, other.cursor() as cursor:
        cursor.execute("set application_name = 'sluice public.other'")
        load(thing, rows(upto=1), DAY)
        cursor.execute("select 1")


def oracle(loaded: list[tuple[datetime, Rows]], vanished: str) -> Rows:
    """Each key has the values of the newest snapshot that had it."""
    in_order = [rows for _, rows in sorted(loaded, key=lambda pair: pair[0])]
    if vanished == "delete":
        return in_order[-1]
    merged: Rows = {}
    for snapshot in in_order:
        merged.update(snapshot)
    return merged


@pytest.mark.thorough(usual=6)
@pytest.mark.parametrize("policy", [KEEP, DELETE], ids=["keep", "delete"])
@pytest.mark.parametrize("seed", range(12))
def test_any_order_of_snapshots_ends_with_the_same_table(
    thing: Connect, seed: int, policy: Policy
) -> None:
    chance = random.Random(seed)  # noqa: S311 -- a repeatable shuffle, not a secret
    history = [
        (
            DAY + timedelta(days=day),
            {
                (chance.choice("ab"), chance.randrange(6)): (
                    chance.choice([None, 1, 2]),
                    chance.choice([None, "", "x"]),
                )
                for _ in range(chance.randrange(1, 9))
            },
        )
        for day in range(6)
    ]
    order = [*history, *chance.choices(history, k=3)]
    chance.shuffle(order)
    done: list[tuple[datetime, Rows]] = []
    for as_of, snapshot in order:
        before = versions(thing)
        counts = load(thing, snapshot, as_of, policy)
        done.append((as_of, snapshot))
        assert content(thing) == oracle(done, policy.vanished)
        assert sum(summary(counts)) == len(snapshot)
        after = versions(thing)
        rewritten = {key for key in before if key in after and before[key] != after[key]}
        assert counts.updated == len(rewritten)
        assert counts.inserted == len(after.keys() - before.keys())
        assert counts.deleted == len(before.keys() - after.keys())

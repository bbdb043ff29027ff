"""Snapshots whose keys have another shape than those that were loaded before."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg2 import sql

from include.contracts.columns import Column
from include.contracts.tables import ShrinkLimit, Table
from include.core.warehouse.upsert import Policy
from include.errors import ChangedKeysError, ShrunkenSnapshotError
from tests.support.examples import examples
from tests.support.table_loads import TableLoads

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.core.warehouse.connection import Connect

DAY = datetime(2020, 12, 1, 8, 30, tzinfo=timezone.utc)
NEXT = DAY + timedelta(days=1)
FIRST = date(2020, 10, 1)
CODES = ("01", "13", "24", "35", "46", "57", "68", "79")
KEEP = Policy(vanished="keep", shrink=ShrinkLimit())
DELETE = Policy(vanished="delete", shrink=ShrinkLimit())
BOTH = pytest.mark.parametrize("vanished", ["keep", "delete"])

Row = tuple[date, str, int]

DATED = Table(
    schema="public",
    name="dated",
    columns=(
        Column(name="day", type="date", nullable=False),
        Column(name="code", type="text", nullable=False),
        Column(name="amount", type="integer"),
    ),
    key=("day", "code"),
)
UNDATED = Table(
    schema="public",
    name="undated",
    columns=(
        Column(name="code", type="text", nullable=False),
        Column(name="amount", type="integer"),
    ),
    key=("code",),
)


@pytest.fixture
def start(warehouse: Connect, loader: Connect) -> Callable[[Table], TableLoads]:
    """Makes a table to load into."""

    def begin(table: Table) -> TableLoads:
        loads = TableLoads(table=table, owner=warehouse, loader=loader)
        loads.create()
        return loads

    return begin


@pytest.fixture
def dated(start: Callable[[Table], TableLoads]) -> TableLoads:
    return start(DATED)


def history(days: int = 25, *, first: int = 0, codes: tuple[str, ...] = CODES) -> set[Row]:
    """A row a day and code."""
    return {
        (FIRST + timedelta(days=day), code, day)
        for day in range(first, first + days)
        for code in codes
    }


def without_zeros(rows: set[Row]) -> set[Row]:
    return {(day, code.lstrip("0"), amount) for day, code, amount in rows}


def strict(vanished: Any) -> Policy:
    return Policy(vanished=vanished, shrink=ShrinkLimit(rows=25, share=0.1))


@BOTH
def test_as_many_keys_appear_for_old_dates_as_vanish_and_a_warning_says_so(
    dated: TableLoads, vanished: Any
) -> None:
    policy = Policy(vanished=vanished, shrink=ShrinkLimit())
    dated.load(history(), DAY, policy)
    counts = dated.load(without_zeros(history()), NEXT, policy)
    (warning,) = counts.warnings
    assert warning.startswith(
        "25 keys are gone, and there are 25 new ones for dates that were loaded before: "
        "the source has probably changed how it writes code"
    )
    assert ("under both keys" in warning) == (vanished == "keep")
    assert not re.search(r"01|2020", warning)


@BOTH
def test_change_of_keys_above_the_shrink_limit_stops_and_changes_nothing(
    dated: TableLoads, vanished: Any
) -> None:
    dated.load(history(), DAY, strict(vanished))
    before = dated.content(), dated.query("table ops.sink")
    with pytest.raises(
        ChangedKeysError, match=r"25 of the 200 keys .* writes code\. Nothing"
    ) as raised:
        dated.load(without_zeros(history()), NEXT, strict(vanished))
    assert (dated.content(), dated.query("table ops.sink")) == before
    assert ("do not raise the shrink limit" in str(raised.value)) == (vanished == "keep")


@pytest.mark.parametrize(("rows", "share"), [(26, 0.1), (25, 0.125)])
def test_change_of_keys_at_either_limit_loads(dated: TableLoads, rows: int, share: float) -> None:
    policy = Policy(vanished="keep", shrink=ShrinkLimit(rows=rows, share=share))
    dated.load(history(), DAY, policy)
    assert dated.load(without_zeros(history()), NEXT, policy).warnings


@BOTH
def test_dry_run_warns_of_a_change_of_keys(dated: TableLoads, vanished: Any) -> None:
    policy = Policy(vanished=vanished, shrink=ShrinkLimit())
    dated.load(history(), DAY, policy)
    assert dated.load(without_zeros(history()), NEXT, policy, dry_run=True).warnings
    with pytest.raises(ChangedKeysError):
        dated.load(without_zeros(history()), NEXT, strict(vanished), dry_run=True)
    assert dated.content() == history()


def test_rows_that_were_rejected_do_not_hide_a_change_of_keys(dated: TableLoads) -> None:
    unsure = Policy(vanished="delete", shrink=ShrinkLimit(rows=25, share=0.1), certain=False)
    dated.load(history(), DAY, unsure)
    with pytest.raises(ChangedKeysError, match="do not raise the shrink limit"):
        dated.load(without_zeros(history()), NEXT, unsure)


def test_old_rows_renamed_as_the_error_says_the_snapshot_loads_and_changes_nothing(
    dated: TableLoads,
) -> None:
    dated.load(history(), DAY, strict("keep"))
    dated.query("update dated set code = ltrim(code, '0')")
    counts = dated.load(without_zeros(history()), NEXT, strict("keep"))
    assert (counts.unchanged, counts.vanished, counts.warnings) == (200, 0, [])
    assert dated.content() == without_zeros(history())


def test_old_rows_deleted_as_the_error_says_the_snapshot_loads(dated: TableLoads) -> None:
    dated.load(history(), DAY, strict("keep"))
    dated.query("delete from dated where code = '01'")
    counts = dated.load(without_zeros(history()), NEXT, strict("keep"))
    assert (counts.inserted, counts.unchanged, counts.warnings) == (25, 175, [])
    assert dated.content() == without_zeros(history())


def test_limit_raised_as_the_error_says_old_rows_are_deleted(dated: TableLoads) -> None:
    dated.load(history(), DAY, strict("delete"))
    counts = dated.load(without_zeros(history()), NEXT, DELETE)
    assert (counts.inserted, counts.deleted) == (25, 25)
    assert dated.content() == without_zeros(history())


@BOTH
def test_new_values_of_old_keys_and_keys_of_new_dates_are_no_change_of_keys(
    dated: TableLoads, vanished: Any
) -> None:
    dated.load(history(), DAY, strict(vanished))
    revised = {(day, code, -1) for day, code, _ in history(first=2)}
    counts = dated.load(revised, NEXT, strict(vanished))
    assert (counts.inserted, counts.updated, counts.warnings) == (16, 184, [])


def test_keys_that_vanish_alone_or_appear_alone_are_no_change_of_keys(dated: TableLoads) -> None:
    more = history(codes=(*CODES, "99"))
    dated.load(history(), DAY, KEEP)
    assert dated.load(more, NEXT, KEEP).warnings == []
    assert dated.load(history(), NEXT, KEEP).warnings == []


def test_key_that_vanished_before_is_not_counted_again(dated: TableLoads) -> None:
    dated.load(history(), DAY, strict("keep"))
    kept = {row for row in history() if row[1] != "01"}
    dated.load(kept, NEXT, KEEP)
    counts = dated.load(without_zeros(history()), NEXT + timedelta(days=1), strict("keep"))
    assert (counts.inserted, counts.warnings) == (25, [])


def test_keys_that_differ_in_their_date_are_reported_as_such(dated: TableLoads) -> None:
    odd = {row for row in history() if row[2] % 2}
    moved = {(day - timedelta(days=1), code, amount) for day, code, amount in odd}
    dated.load(odd, DAY, KEEP)
    (warning,) = dated.load(moved, NEXT, KEEP).warnings
    assert warning.startswith("96 keys are gone, and there are 96 new ones")
    assert "how it writes day." in warning


def test_keys_that_differ_in_several_columns_are_reported_without_one(dated: TableLoads) -> None:
    odd = {row for row in history() if row[2] % 2}
    moved = {(day - timedelta(days=1), f"{code}x", amount) for day, code, amount in odd}
    dated.load(odd, DAY, KEEP)
    (warning,) = dated.load(moved, NEXT, KEEP).warnings
    assert "how it writes its keys." in warning


def test_advice_to_raise_the_limit_warns_of_old_rows_under_new_keys(dated: TableLoads) -> None:
    dated.load(history(), DAY, strict("keep"))
    fewer = {row for row in history() if row[1] not in CODES[:3]}
    new = {(day, "x", amount) for day, code, amount in history() if code == "01"}
    with pytest.raises(ShrunkenSnapshotError, match="none of them is among 25 new ones"):
        dated.load(fewer | new, NEXT, strict("keep"))
    with pytest.raises(ShrunkenSnapshotError) as raised:
        dated.load(fewer, NEXT, strict("keep"))
    assert "make sure" not in str(raised.value)


def test_any_new_key_counts_where_keys_have_no_date(start: Callable[[Table], TableLoads]) -> None:
    undated = start(UNDATED)
    before = {(f"{number:02}", number) for number in range(90)}
    after = {(f"{number}", number) for number in range(90)}
    undated.load(before, DAY, KEEP)
    (warning,) = undated.load(after, NEXT, KEEP).warnings
    assert warning.startswith("10 keys are gone, and there are 10 new ones: ")
    undated.forget()
    policy = Policy(vanished="keep", shrink=ShrinkLimit(rows=10, share=0.1))
    undated.load(before, DAY, policy)
    with pytest.raises(ChangedKeysError, match="10 of the 90 keys"):
        undated.load(after, NEXT, policy)


def test_older_snapshot_whose_keys_changed_since_warns_or_stops(dated: TableLoads) -> None:
    newest = without_zeros(history(30))
    dated.load(newest, NEXT, KEEP)
    with pytest.raises(ChangedKeysError, match=r"25 of the 200 keys .* Leave this date out"):
        dated.load(history(), DAY, strict("keep"))
    assert dated.content() == newest
    counts = dated.load(history(), DAY, KEEP)
    (warning,) = counts.warnings
    assert warning.startswith("25 keys of this older snapshot are in no newer one, which have 25 ")
    assert (counts.inserted, counts.superseded) == (25, 175)
    # Done again it finds the keys in the table.
    assert dated.load(history(), DAY, KEEP).warnings == []


def test_older_snapshot_of_fewer_dates_and_of_dropped_rows_loads_without_a_warning(
    dated: TableLoads,
) -> None:
    dated.load(history(30, first=5), NEXT, strict("keep"))
    counts = dated.load(history(), DAY, strict("keep"))
    assert (counts.inserted, counts.warnings) == (40, [])


def test_what_vanished_before_an_older_snapshot_is_not_held_against_it(dated: TableLoads) -> None:
    dropped = history(codes=("98", "99"))
    dated.load(history() | dropped, DAY, KEEP)
    dated.load(history(), NEXT + timedelta(days=1), KEEP)
    more = history() | history(codes=("x", "y"))
    counts = dated.load(more, NEXT, strict("keep"))
    assert (counts.inserted, counts.warnings) == (50, [])


DAYS = st.sampled_from([FIRST + timedelta(days=day) for day in range(4)])
STATES = st.dictionaries(st.tuples(DAYS, st.sampled_from("abcde")), st.just(1), max_size=12)


def moved_keys(held: set[Any], before: set[Any], after: set[Any]) -> tuple[int, int]:
    """Keys gone since the snapshot before, and keys that came up to the newest date held."""
    newest = max((day for day, _ in held), default=date.min)
    gone = before - after
    come = {key for key in after - held if key[0] <= newest}
    return len(gone), len(come)


@given(states=st.lists(STATES, min_size=2, max_size=4))
@settings(max_examples=examples(5), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_reported_of_moved_keys_is_what_plain_python_finds(
    dated: TableLoads, states: list[dict[Any, int]]
) -> None:
    dated.forget()
    held: set[Any] = set()
    before: set[Any] = set()
    for number, state in enumerate(states):
        after = set(state)
        if before and not after:
            continue  # an empty snapshot is refused
        gone, come = moved_keys(held, before, after)
        counts = dated.load({(*key, 1) for key in after}, DAY + timedelta(days=number), KEEP)
        told = [tuple(map(int, re.findall(r"\d+", text))) for text in counts.warnings]
        is_change = 0 < max(gone, come) <= 2 * min(gone, come)
        assert told == ([(gone, come)] if is_change else [])
        held |= after
        before = after


def test_column_of_any_name_is_reported_by_its_name(
    start: Callable[[Table], TableLoads],
) -> None:
    table = Table(
        schema="public",
        name="percent",
        columns=(
            Column(name="day", type="date", nullable=False),
            Column(name="of 100 %s", type="text", nullable=False),
        ),
        key=("day", "of 100 %s"),
    )
    loads = start(table)
    loads.load({(FIRST, "a")}, DAY, KEEP)
    (warning,) = loads.load({(FIRST, "b")}, NEXT, KEEP).warnings
    assert "how it writes of 100 %s." in warning
    assert loads.query(sql.SQL("select count(*) from {}").format(loads.name)) == [(2,)]

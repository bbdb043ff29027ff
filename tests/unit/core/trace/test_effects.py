"""What loads did to one row, held to a plain account of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from include.core.trace.effects import HourKey, ItemKey, Load, TableKey
from tests.support.examples import examples
from tests.support.load_account import VERSIONS, Account, Version

COUNTS = {
    "inserted": "inserted",
    "updated": "updated",
    "confirmed": "unchanged",
    "superseded": "superseded",
    "deleted": "deleted",
}
NOTHING = dict.fromkeys(COUNTS.values(), 0)


HAS, LACKS = Version({1: (0, 0)}, {}), Version({}, {})
DAMAGED = Version({2: (0, 0)}, {2: "value"})


def load_of(day: int, moment: int, version: Version) -> Load:
    row = version.good.get(day)
    return Load(
        order=moment,
        values=None if row is None else {"row": row},
        refused=day in version.damaged and day in version.rows,
        certain=not version.damaged.keys() & version.rows.keys(),
        counts=NOTHING,
    )


@settings(max_examples=examples(300))
@given(
    versions=st.lists(VERSIONS, min_size=4, max_size=4),
    order=st.lists(st.integers(0, 3), min_size=1, max_size=8),
    day=st.integers(1, 4),
    deletes=st.booleans(),
)
# A row that is missing beside a rejected one stays; an older snapshot is the last that had a row.
@example(versions=[HAS, DAMAGED, LACKS, LACKS], order=[0, 1], day=1, deletes=True)
@example(versions=[HAS, HAS, LACKS, LACKS], order=[0, 2, 1, 0], day=1, deletes=False)
def test_effects_are_those_of_a_plain_account(
    versions: list[Version],
    order: list[int],
    day: int,
    deletes: bool,  # noqa: FBT001 -- drawn
) -> None:
    account, state = Account(deletes=deletes), TableKey(vanished="delete" if deletes else "keep")
    for moment in order:
        version = versions[moment]
        expected = account.load(moment, version)
        assert state.load(load_of(day, moment, version)) == expected[day]
        held = account.table.get(day)
        assert state.values == (None if held is None else {"row": held})
    assert state.known


@settings(max_examples=examples(500))
@given(
    versions=st.lists(VERSIONS, min_size=4, max_size=4),
    order=st.lists(st.integers(0, 3), min_size=1, max_size=8),
    cut=st.integers(0, 4),
    gone=st.sets(st.integers(0, 7), max_size=2),
    day=st.integers(1, 4),
    deletes=st.booleans(),
)
# Before what is looked at: a newer snapshot; the row itself, of which the next one rids the table.
@example(versions=[HAS, LACKS, LACKS, HAS], order=[3, 0, 1], cut=1, gone=set(), day=1, deletes=True)
@example(versions=[HAS, LACKS, LACKS, HAS], order=[0, 1, 3], cut=1, gone=set(), day=1, deletes=True)
# A row that is written while others of its load are superseded, and one that a lost load wrote.
@example(versions=[HAS, LACKS, LACKS, HAS], order=[2, 0, 0], cut=1, gone={1}, day=1, deletes=False)
def test_effect_that_is_told_is_true_whatever_is_not_looked_at(
    versions: list[Version],
    order: list[int],
    cut: int,
    gone: set[int],
    day: int,
    deletes: bool,  # noqa: FBT001 -- drawn
) -> None:
    account = Account(deletes=deletes)
    state = TableKey(vanished="delete" if deletes else "keep", known=not cut)
    for place, moment in enumerate(order):
        true = account.load(moment, versions[moment])
        if place < cut:
            continue
        counts = {count: [*true.values()].count(effect) for effect, count in COUNTS.items()}
        load = replace(load_of(day, moment, versions[moment]), counts=counts)
        told = state.load(replace(load, values=None, readable=False) if place in gone else load)
        assert told in {true[day], "unknown"}
        if state.known:
            held = account.table.get(day)
            assert state.values == (None if held is None else {"row": held})


@pytest.mark.parametrize("kind", [lambda: TableKey(vanished="keep"), ItemKey])
def test_first_load_is_known_where_it_did_one_thing_to_all_rows(kind: Any) -> None:
    for counts, effect in (
        ({"unchanged": 2}, "confirmed"),
        ({"updated": 1}, "updated"),
        ({"inserted": 1}, "inserted"),
        ({"superseded": 1}, "superseded"),
        ({"unchanged": 2, "updated": 1}, "unknown"),
        ({}, "unknown"),
    ):
        state = kind()
        state.known = False
        load = Load(order=1, values={"a": 1}, counts={**NOTHING, **counts})
        assert state.load(load) == effect
        assert state.known == (effect != "superseded")


def test_load_whose_files_are_gone_leaves_open_what_the_row_is_only_if_it_wrote() -> None:
    for counts, known in (({}, True), ({"updated": 1}, False)):
        state = TableKey(vanished="keep")
        state.load(Load(order=1, values={"a": 1}, counts=NOTHING))
        load = Load(order=2, values=None, counts={**NOTHING, **counts}, readable=False)
        assert state.load(load) == "unknown"
        assert state.known == known


@settings(max_examples=examples(100))
@given(st.lists(st.tuples(st.integers(0, 3), st.none() | st.integers(0, 2)), max_size=8))
def test_item_is_that_of_the_newest_file_that_had_it(files: list[tuple[int, int | None]]) -> None:
    state, written = ItemKey(), None
    for order, value in files:
        values = None if value is None else {"a": value}
        effect = state.load(Load(order=order, values=values, counts=NOTHING))
        if values is None:
            assert effect == "absent"
        elif written is None:
            assert effect == "inserted"
            written = (order, values)
        elif order < written[0]:
            assert effect == "superseded"
        else:
            assert effect == ("confirmed" if values == written[1] else "updated")
            written = (order, values)
        assert state.values == (written and written[1])


def test_hour_whose_answers_are_gone_is_judged_by_the_counts_behind_them() -> None:
    for counts, effect in (({}, "updated"), ({"updated": 1}, "confirmed")):
        state = HourKey()
        state.load(Load(order=1, values={"a": 1}, counts=NOTHING))
        gone = {**NOTHING, **counts}
        assert state.load(Load(order=2, values=None, counts=gone, readable=False)) == "unknown"
        later = {**NOTHING, "unchanged": 1}
        assert state.load(Load(order=3, values={"a": 2}, counts=later)) == effect
        assert (state.values, state.known) == ({"a": 2}, True)


ROWS = st.dictionaries(st.integers(1, 4), st.integers(0, 1))


def did(before: int | None, after: int | None) -> str:
    """What became of a row."""
    if after is None:
        return "absent" if before is None else "deleted"
    if before is None:
        return "inserted"
    return "confirmed" if before == after else "updated"


@settings(max_examples=examples(300))
@given(
    loads=st.lists(st.tuples(ROWS, st.booleans()), min_size=1, max_size=6),
    cut=st.integers(0, 2),
)
# Of a row that is gone, nobody can say whether it had been there.
@example(loads=[({1: 0, 2: 0}, False), ({3: 0}, False)], cut=1)
def test_effect_on_a_row_of_an_hour_is_true_whatever_is_not_looked_at(
    loads: list[tuple[dict[int, int], bool]], cut: int
) -> None:
    before: dict[int, int] = {}
    state = HourKey(known=not cut)
    for place, (rows, is_gone) in enumerate(loads):
        true = {key: did(before.get(key), rows.get(key)) for key in range(1, 5)}
        before = rows
        if place < cut:
            continue
        counts = {count: [*true.values()].count(effect) for effect, count in COUNTS.items()}
        values = {"row": rows[1]} if 1 in rows and not is_gone else None
        load = Load(order=place, values=values, counts=counts, readable=not is_gone)
        assert state.load(load) in {true[1], "unknown"}
        if state.known:
            assert state.values == ({"row": rows[1]} if 1 in rows else None)

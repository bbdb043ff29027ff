"""Names and keys at the limits of a table in Postgres, loaded three times for real."""

from __future__ import annotations

import random
import string
from contextlib import closing
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import psycopg2
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from psycopg2 import sql

from include.contracts.columns import Column
from include.contracts.tables import ShrinkLimit, Table
from include.core.snapshot.long_keys import ENTRY_BYTES, entry_bytes
from include.core.warehouse.upsert import Policy
from tests.support.examples import examples
from tests.support.table_loads import TableLoads

if TYPE_CHECKING:
    from include.core.warehouse.connection import Connect

DAY = datetime(2020, 12, 1, 8, 30, tzinfo=timezone.utc)
# Each name that statements use themselves, words that SQL reserves, and signs of other languages.
NAMES = (
    "operation", "row_key", "staged", "target", "changed", "vanished", "gone", "held", "newest",
    "moved", "seen", "sink", "key", "last_seen", "before", "after", "most", "place", "rest", "come",
    "is_later", "pairs", "excluded", "cleaned", "merged", "keyed", "first_line", "_line", "line",
    "is_first", "is_conflict", "candidates", "copies", "filename", "rowid", "oid", "user", "order",
    "select", "table", "null", "default", "%", "%%", "%s", "%(sink)s", "{x}", "{}", "$1", "a b",
    'a"b', "a'b", ":x", "--", "/*", "\\", "東京", "A",
)  # fmt: skip
POLICIES = [Policy(vanished="keep", shrink=ShrinkLimit()),
            Policy(vanished="delete", shrink=ShrinkLimit())]  # fmt: skip


def table_of(name: str, key: tuple[str, ...], values: tuple[str, ...]) -> Table:
    """A table of texts."""
    keys = [Column(name=each, type="text", nullable=False) for each in key]
    columns = (*keys, *(Column(name=each, type="text") for each in values))
    return Table(schema="public", name=name, columns=columns, key=key)


def load_three_times(loads: TableLoads, policy: Policy) -> None:
    """Load rows, then others of which one is new, one is updated and one vanishes, then those."""
    width = len(loads.table.columns)
    first = {(*[f"k{row}"] * len(loads.table.key), *["v"] * width)[:width] for row in range(3)}
    changed = {(*["k1"] * len(loads.table.key), *["w"] * width)[:width]}
    second = {row for row in first if row[0] == "k0"} | changed
    second |= {(*["k3"] * len(loads.table.key), *["v"] * width)[:width]}
    loads.load(first, DAY, policy)
    next_day = DAY + timedelta(days=1)
    dry = loads.load(second, next_day, policy, dry_run=True)
    counts = loads.load(second, next_day, policy)
    has_values = width > len(loads.table.key)
    assert (counts.inserted, counts.updated, counts.vanished + counts.deleted) == (1, has_values, 1)
    assert (dry.inserted, dry.updated) == (1, has_values)
    names = {column.name for column in loads.table.columns}
    for change in dry.preview:
        for side in ("before", "after"):
            assert change[side] is None or set(change[side]) == names
    kept = {row for row in first if row[0] == "k2"} if policy.vanished == "keep" else set()
    assert loads.content() == second | kept
    assert loads.load(first, next_day + timedelta(days=1), policy).unchanged == (
        1 if policy.vanished == "delete" else 2
    ) + (not has_values)


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.vanished)
def test_columns_of_any_name_but_the_reserved_ones_load_again_and_again(
    warehouse: Connect, loader: Connect, policy: Policy
) -> None:
    shapes = {
        "values": table_of("values", ("id",), NAMES),
        "target": table_of("target", NAMES[:4], NAMES[4:8]),
        "%s {x}": table_of("%s {x}", ("%", "{x}", 'a"b'), ("%%", "%s")),
        "staged": table_of("staged", ("user", "order"), ()),
    }
    for table in shapes.values():
        loads = TableLoads(table=table, owner=warehouse, loader=loader)
        loads.create()
        load_three_times(loads, policy)


LETTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
ANY_NAME = st.text(LETTERS | st.sampled_from("%{}\"'$:;-"), min_size=1, max_size=12)


@given(names=st.lists(ANY_NAME, min_size=4, max_size=4, unique_by=str.lower))
@example(["%s", "%", "{}", "%%"])
@settings(max_examples=examples(3), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_names_of_any_characters_load(
    warehouse: Connect, loader: Connect, names: list[str]
) -> None:
    name, *columns = names
    table = table_of(f"t{name}", tuple(columns[:2]), tuple(columns[2:]))
    loads = TableLoads(table=table, owner=warehouse, loader=loader)
    try:
        loads.create()
        load_three_times(loads, POLICIES[0])
    finally:
        loads.forget()
        with closing(warehouse()) as opened, opened, opened.cursor() as cursor:
            cursor.execute(sql.SQL("drop table {}").format(loads.name))


def noise(size: int, seed: int = 0) -> str:
    """Text that hardly compresses."""
    chance = random.Random(seed)  # noqa: S311 -- repeatable, not a secret
    return "".join(chance.choices(string.ascii_letters + string.digits + "-_", k=size))


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.vanished)
def test_keys_up_to_the_limit_of_the_index_load_vanish_and_come_back(
    warehouse: Connect, loader: Connect, policy: Policy
) -> None:
    loads = TableLoads(table=table_of("long", ("k",), ("v",)), owner=warehouse, loader=loader)
    loads.create()
    longest = {(noise(2692, seed), "v") for seed in range(3)} | {("é" * 1346, "v")}
    short = {("k", "v")}
    loads.load(longest | short, DAY, policy)
    counts = loads.load(short, DAY + timedelta(days=1), policy)
    assert counts.vanished + counts.deleted == 4
    older = {(key, "w") for key, _ in longest}
    loads.load(older, DAY + timedelta(hours=1), policy)
    assert loads.content() == short | (older if policy.vanished == "keep" else set())
    loads.load(longest | short, DAY + timedelta(days=2), policy)
    assert loads.content() == longest | short
    assert loads.query("table ops.vanished_row") == []


TYPES = st.lists(
    st.sampled_from(["text", "text", "date", "boolean", "smallint", "bigint"]),
    min_size=1,
    max_size=4,
).filter(lambda types: "text" in types)
LITERALS = {"date": "2020-01-01", "boolean": "true", "smallint": "1", "bigint": "1"}


@given(types=TYPES, over=st.integers(-9, 9), share=st.integers(0, 130))
@example(types=["text"], over=0, share=0)
@settings(max_examples=examples(12), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_size_of_a_key_is_what_postgres_takes_and_no_byte_less(
    warehouse: Connect, types: list[str], over: int, share: int
) -> None:
    texts = [share] * types.count("text")
    texts[-1] = ENTRY_BYTES - entry_bytes(types, [*texts[:-1], 0]) + over
    sizes = iter(texts)
    values = [noise(next(sizes)) if kind == "text" else LITERALS[kind] for kind in types]
    columns = ", ".join(f"c{place} {kind}" for place, kind in enumerate(types))
    key = ", ".join(f"c{place}" for place in range(len(types)))
    with closing(warehouse()) as opened, opened.cursor() as cursor:
        cursor.execute(f"create temporary table t ({columns}, primary key ({key}))")
        # Against compression, which would take longer texts too.
        for place, kind in enumerate(types):
            if kind == "text":
                cursor.execute(f"alter table t alter c{place} set storage external")
        marks = ", ".join(["%s"] * len(types))
        try:
            cursor.execute(f"insert into t values ({marks})", values)
            taken = True
        except psycopg2.errors.ProgramLimitExceeded:
            taken = False
    assert taken == (entry_bytes(types, texts) <= ENTRY_BYTES)

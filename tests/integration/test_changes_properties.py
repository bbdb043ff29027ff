"""Any tables, versions, orders of arrival and repeats: targets equal the newest export."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.datasets import order_lines, test_table
from tests.integration.stream_places import place, publisher, stream
from tests.support.examples import examples
from tests.support.published_changes import Table, line

if TYPE_CHECKING:
    from tests.support.published_changes import Publisher, Row
    from tests.support.stream_runs import StreamPlace

__all__ = ["place", "publisher", "stream"]

_tenants = itertools.count()
FILLED = st.one_of(
    st.sampled_from([";", '"', "\\", "\\u0000", "null", "a\nb", " é ", "𝄞", "\x7f", "\\N"]),
    st.text(
        st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=8
    ),
)
TEXTS = st.one_of(st.none(), st.just(""), FILLED)
THING = st.fixed_dictionaries({"c1": TEXTS, "c2": TEXTS, "c3": st.just("same")})
THINGS = st.dictionaries(FILLED, THING, max_size=8).map(
    lambda rows: [{"pk": key, **values} for key, values in rows.items()]
)
LINE = st.fixed_dictionaries(
    {
        "product": FILLED,
        "quantity": st.integers(-(2**31), 2**31 - 1),
        "gift": st.sampled_from([None, True, False]),
    }
)
LINES = st.dictionaries(
    st.tuples(st.integers(1, 2**63 - 1), st.integers(1, 3)), LINE, max_size=8
).map(lambda rows: [line(*key) | values for key, values in rows.items()])
LEDGER = """
    select coalesce(sum(inserted), 0), coalesce(sum(updated), 0), coalesce(sum(deleted), 0),
        coalesce(sum(unchanged), 0)
    from ops.run where sink = %s and status = 'success'
"""


@settings(max_examples=examples(8), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    things=st.lists(THINGS, min_size=1, max_size=5),
    lines=st.lists(LINES, min_size=1, max_size=5),
    seed=st.integers(0, 2**32),
)
def test_targets_equal_the_newest_exports_and_counts_equal_the_oracles(
    place: StreamPlace,
    publisher: Publisher,
    things: list[list[Row]],
    lines: list[list[Row]],
    seed: int,
) -> None:
    chance = random.Random(seed)  # noqa: S311 -- no secret
    tenant = f"t{next(_tenants)}"
    tables = {
        Table(test_table.DATASET, tenant, "test_table"): things,
        Table(order_lines.DATASET, tenant, "order_lines"): lines,
    }
    expected: dict[Table, Counter[str]] = {table: Counter() for table in tables}
    for number in range(5):
        for table, versions in tables.items():
            if number < len(versions):
                end = publish(publisher, table, f"v{number}", versions[number], chance)
                expected[table].update({name: end[name] for name in ("inserts", "updates")})
                expected[table].update(
                    deletes=end["deletes"],
                    unchanged=end["rows"] - end["inserts"] - end["updates"],
                )
        if chance.random() < 0.4:
            place.run(f"{tenant} {number}")
    place.run(f"{tenant} last")
    for table, versions in tables.items():
        assert place.rows(table) == sorted(versions[-1], key=table.key_of)
        names = ("inserts", "updates", "deletes", "unchanged")
        (found,) = place.query(LEDGER, table.sink)
        assert tuple(found) == tuple(expected[table][name] for name in names)
    assert place.query("select count(*) from ops.stream_change") == [(0,)]


def publish(
    publisher: Publisher, table: Table, version: str, rows: list[Row], chance: random.Random
) -> dict[str, Any]:
    """Publish a version in any order, some of it twice, maybe after one that was given up."""
    if chance.random() < 0.3:
        given_up = publisher.begin(table, version, rows[: len(rows) // 2])
        publisher.put(given_up.records)
    begun = publisher.begin(table, version, rows)
    records = [*begun.records, *chance.sample(begun.records, len(begun.records) // 2)]
    chance.shuffle(records)
    publisher.put(records)
    publisher.put_ends(begun.end)
    if chance.random() < 0.3:
        publisher.put_ends(begun.end)
    publisher.commit(table, begun, rows)
    return begun.end

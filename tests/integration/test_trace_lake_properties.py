"""Any runs of an hour of the lake, traced: each effect is that of an oracle, and the ledger's."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.integration.api_places import api, weather
from tests.integration.test_trace_lake import EIGHT, Things, thing, things
from tests.support.examples import examples

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["api", "things", "weather"]

BAD = "none"
IDS = (1, 2, 3)
# What a shop has: a price each; BAD is one that is rejected. None: it does not answer.
SHOP = st.none() | st.lists(
    st.tuples(st.sampled_from(IDS), st.sampled_from([1, 2, BAD])), max_size=3
)
Shop = list[tuple[int, Any]] | None
COUNTED = {
    "inserted": "inserted",
    "updated": "updated",
    "confirmed": "unchanged",
    "deleted": "deleted",
}
_numbers = itertools.count(1)


def oracle(runs: Sequence[tuple[Shop, Shop]]) -> list[dict[int, str] | None]:
    """What each run does to each id; None of a run of an hour that has no answer yet."""
    answers: dict[str, list[tuple[int, Any]]] = {}
    held: dict[int, Any] = {}
    found: list[dict[int, str] | None] = []
    for old, new in runs:
        # A shop that does not answer leaves the answer that the hour has.
        answers |= {
            name: given for name, given in (("old", old), ("new", new)) if given is not None
        }
        if not answers:
            found.append(None)
            continue
        records = [record for given in answers.values() for record in given]
        done = {}
        for number in IDS:
            prices = [price for each, price in records if each == number]
            good = {price for price in prices if price != BAD}
            done[number] = _effect(held, number, prices, good)
        found.append(done)
    return found


def _effect(held: dict[int, Any], number: int, prices: list[Any], good: set[Any]) -> str:
    before = held.pop(number, None)
    if len(good) == 1:
        (held[number],) = good
        if before is None:
            return "inserted"
        return "confirmed" if before == held[number] else "updated"
    if before is not None:
        return "deleted"
    return "refused" if prices else "absent"


@settings(max_examples=examples(5), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    runs=st.lists(st.tuples(SHOP, SHOP), min_size=1, max_size=5),
    partition=st.sampled_from(["day", "hour"]),
)
@example(
    runs=[([(1, 1)], None), ([(1, 1)], [(1, 2)]), (None, []), (None, [(1, 1)])], partition="day"
)
def test_effects_are_those_of_an_oracle_and_make_the_counts_of_the_ledger(
    things: Things, runs: list[Any], partition: Any
) -> None:
    number = next(_numbers)
    as_of = EIGHT + timedelta(hours=number)
    things.declare(partition=partition)
    for place, shops in enumerate(runs):
        sold = [None if shop is None else [thing(*each) for each in shop] for shop in shops]
        things.run(f"{number} {place}", *sold, as_of=as_of)
    expected = [(f"{number} {place}", done) for place, done in enumerate(oracle(runs)) if done]
    seen: list[tuple[str, str]] = []
    for each in IDS:
        found: Any = things.trace({"as_of": as_of.isoformat(), "id": each})
        effects = [(one["run_id"], one["effect"]) for one in found["history"]]
        everything = [(run_id, done[each]) for run_id, done in expected]
        had = itertools.dropwhile(lambda one: one[1] == "absent", everything)
        assert effects == [*had]
        # Nobody else has written to it.
        assert [note for note in found["notes"] if "somebody" in note] == []
        seen += effects
    counted = things.place.query(
        "select run_id, inserted, updated, unchanged, deleted from ops.run"
        " where as_of = %s and status = 'success'",
        [as_of],
    )
    assert {run_id: [*counts] for run_id, *counts in counted} == {
        run_id: [
            sum(one == run_id and COUNTED.get(effect) == name for one, effect in seen)
            for name in ("inserted", "updated", "unchanged", "deleted")
        ]
        for run_id, _ in expected
    }

"""Any versions of an exported table, traced: each effect is that of an oracle."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.stream_places import place, stream
from tests.integration.test_trace_export import DATASET, Things
from tests.support.examples import examples

if TYPE_CHECKING:
    from tests.support.stream_runs import StreamPlace

__all__ = ["place", "stream"]

BAD = "none"
VERSIONS = st.lists(
    st.tuples(
        # A price a key; BAD is one that is rejected.
        st.dictionaries(st.integers(1, 3), st.sampled_from(["1", "2", BAD]), max_size=3),
        st.booleans(),
    ),
    min_size=1,
    max_size=5,
)
_numbers = itertools.count()


def oracle(versions: list[dict[int, str]], key: int) -> list[str]:
    """What becomes of a key, from the first version on that has it."""
    held, found = None, []
    for rows in versions:
        price = rows.get(key)
        if price == BAD:
            found.append("refused")
        elif price is not None:
            found.append(
                "inserted" if held is None else "confirmed" if held == price else "updated"
            )
            held = price
        elif held is not None and BAD not in rows.values():
            found.append("deleted")
            held = None
        elif found:
            found.append("absent")
    return found


@settings(max_examples=examples(4), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(versions=VERSIONS, deletes=st.sampled_from(["hard", "soft"]))
def test_effects_are_those_of_an_oracle_and_nothing_differs(
    place: StreamPlace, landing: str, versions: list[Any], deletes: Any
) -> None:
    name = f"things{next(_numbers)}"
    dataset = replace(DATASET, tables=name, deletes=deletes)
    things = Things(place, landing, dataset, name=name)
    for number, (rows, applies) in enumerate(versions):
        # A row that is always there: an export has some.
        things.publish(f"v{number}", "".join(f"{k},{v},\n" for k, v in [(9, "1"), *rows.items()]))
        if applies:
            things.here.run(f"{name} {number}")
    things.here.run(f"{name} last")
    for key in (1, 2, 3):
        found: Any = things.trace(key)
        assert [one["effect"] for one in found["history"]] == oracle(
            [rows for rows, _ in versions], key
        )
        # Nobody else has written to it.
        assert [note for note in found["notes"] if "somebody" in note] == []

"""Any exports, in any order and any number of times, through both pipelines into their target."""

from __future__ import annotations

import io
import itertools
import random
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.contracts import Column, CsvContract, RejectLimit, ShrinkLimit, TableExport
from tests.integration.stream_places import place, stream
from tests.support.cells import quoted
from tests.support.examples import examples
from tests.support.export_runs import ExportPlace

if TYPE_CHECKING:
    from tests.support.stream_runs import StreamPlace

__all__ = ["place", "stream"]

DATASET = TableExport(
    name="things",
    title="Things",
    description="Of a key of two columns; the last column may be absent from a file.",
    owner="tests",
    tables="things_*",
    part_rows=3,
    rejects=RejectLimit(share=1.0),
    shrink=ShrinkLimit(rows=1000, share=1.0),
    contract=CsvContract(
        columns=(
            Column(name="a", type="text", nullable=False, line_ends=True),
            Column(name="b", type="integer", nullable=False),
            Column(name="c", type="text", line_ends=True),
            Column(name="d", type="text", required=False, line_ends=True),
        ),
        key=("a", "b"),
        delimiter=";",
    ),
)
TEXT = st.text(st.sampled_from("ab;\"\\é𝄞'\n ,"), max_size=3)
KEYS = st.tuples(TEXT, st.integers(-2, 2))
VALUES = st.tuples(st.none() | TEXT, st.none() | TEXT)
EXPORTS = st.lists(
    st.tuples(
        st.dictionaries(KEYS, VALUES, min_size=1, max_size=8),
        st.sampled_from([("a", "b", "c", "d"), ("d", "c", "b", "a"), ("a", "b", "c")]),
    ),
    min_size=1,
    max_size=4,
)
LEDGER = """
    select coalesce(sum(inserted), 0), coalesce(sum(updated), 0), coalesce(sum(deleted), 0)
    from ops.run where sink = %s and status = 'success'
"""
_numbers = itertools.count()


def written(rows: dict[Any, Any], columns: tuple[str, ...], chance: random.Random) -> str:
    """An export as CSV: null as the bare empty cell, each text quoted, some rows twice."""
    lines = [{"a": a, "b": str(b), "c": c, "d": d} for (a, b), (c, d) in rows.items()]
    lines += chance.sample(lines, len(lines) // 3)
    chance.shuffle(lines)
    text = io.StringIO()
    text.write(";".join(columns) + "\n")
    for line in lines:
        cells = [line[name] for name in columns]
        text.write(";".join(map(quoted, cells)))
        text.write("\n")
    return text.getvalue()


def as_read(rows: dict[Any, Any], columns: tuple[str, ...]) -> dict[Any, Any]:
    """What a file says of its rows: a column that it lacks is null."""
    return {key: (c, d if "d" in columns else None) for key, (c, d) in rows.items()}


def changes(versions: list[dict[Any, Any]]) -> tuple[int, int, int]:
    """How many rows come, change and go from each version to the next."""
    inserted = updated = deleted = 0
    for before, after in itertools.pairwise([{}, *versions]):
        inserted += len(after.keys() - before.keys())
        deleted += len(before.keys() - after.keys())
        updated += sum(before[key] != after[key] for key in before.keys() & after.keys())
    return inserted, updated, deleted


@settings(max_examples=examples(4), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(exports=EXPORTS, seed=st.integers(0, 2**32))
def test_target_equals_the_newest_export_and_counts_equal_the_oracles(
    place: StreamPlace, landing: str, exports: list[Any], seed: int
) -> None:
    chance, table = random.Random(seed), f"things_{next(_numbers)}"  # noqa: S311 -- no secret
    here = ExportPlace(**vars(place) | {"dataset_of": lambda *_: DATASET}, landing=landing)
    files = [
        here.put(f"acme/{table}/v{number}/all.csv.gz", written(rows, columns, chance))
        for number, (rows, columns) in enumerate(exports)
    ]
    # Events come in any order, some twice, some never.
    events = [number for number in range(len(files)) for _ in range(chance.choice([0, 1, 1, 2]))]
    chance.shuffle(events)
    newest, taken = -1, []
    for turn, number in enumerate(events):
        here.publish(files[number], run_id=f"{table} {turn}")
        if number > newest:
            newest = number
            taken.append(as_read(*exports[number]))
        if chance.random() < 0.4:
            here.run(f"{table} applies {turn}")
    last = len(files) - 1
    if newest < last:  # its event was lost, and the sweep finds the file
        here.publish(files[last], run_id=f"{table} swept")
        taken.append(as_read(*exports[last]))
    here.run(f"{table} applies last")
    found = here.query(f'select a, b, c, d from exports."acme__{table}"')
    assert {(a, b): (c, d) for a, b, c, d in found} == taken[-1]
    (counts,) = here.query(LEDGER, f"exports.acme__{table}")
    assert tuple(counts) == changes(taken)
    assert here.states()[f"acme/{table}/v{last}"] == "applied"

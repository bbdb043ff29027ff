"""Whatever an API answers: rows, rejects and counts are those of an oracle in plain Python."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from include.contracts import ApiField, Column
from tests.support.examples import examples
from tests.unit.core.lake.oracle import expect
from tests.unit.core.lake.pages import dataset_of, loaded

THINGS = dataset_of(
    ApiField(path="id", column=Column(name="id", type="bigint", nullable=False)),
    ApiField(path="seen", column=Column(name="seen", type="timestamptz"), epoch="s"),
    ApiField(path="made", column=Column(name="made", type="timestamptz")),
    ApiField(path="ms", column=Column(name="ms", type="timestamptz"), epoch="ms"),
    ApiField(path="name", column=Column(name="name", type="text", max_length=5)),
    ApiField(path="code", column=Column(name="code", type="text", pattern="[A-Z]{2}")),
    ApiField(path="main.temp", column=Column(name="temp", type="double precision", maximum=70)),
    ApiField(path="main.rank", column=Column(name="rank", type="smallint", zero_fraction=True)),
    ApiField(path="main.big", column=Column(name="big", type="bigint", zero_fraction=True)),
    ApiField(path="main.small", column=Column(name="small", type="integer", minimum=-5)),
    ApiField(path="list.0.price", column=Column(name="price", type="numeric", precision=(7, 2))),
    ApiField(path="list.1", column=Column(name="flag", type="boolean")),
    ApiField(path="day", column=Column(name="day", type="date")),
    ApiField(path="kind", column=Column(name="kind", type="text", enum=("a", "b"))),
    key=("id",),
    event_time="seen",
)
FIELDS = ("id", "seen", "made", "ms", "name", "code", "main", "list", "day", "kind", "extra")

edges = st.sampled_from([
    0, -1, 5, 71, 2**15, -(2**15), 2**31 - 1, 2**31, 2**53, 2**53 + 1, 2**63 - 1, 2**63, -(2**63),
    2**64, 10**30, 10**400, 1.0, -0.0, 0.1, 0.285, 1.005, 99999.99, 99999.995, 1e5, 1e15, 1e16,
    9007199254740991.0, 9007199254740992.0, 1e300, 5e-324, 1_700_000_000, 1_700_000_000.123,
    253402300799, 253402300800, -62135596800, -62135596801, 253402300799999, 253402300799999.5, 1.5,
])  # fmt: skip
numbers = st.one_of(edges, st.integers(), st.floats(allow_nan=True), st.integers(-40, 40))
moments = st.one_of(
    st.sampled_from([
        "2024-01-01T10:00:00Z", "2024-01-01T10:00Z", "2024-01-01 10:00:00.1239+05:30",
        "2024-01-01T10:00:00.999999999-0130", "2024-01-01T10:00:00", "2024-02-30T10:00:00Z",
        "2024-12-31T23:59:60Z", "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59.9999Z",
        "9999-12-31T23:59:59-01", "0000-01-01T00:00:00Z", "1969-12-31T23:59:59.9999Z",
        "2024-01-01T24:00:00Z", "2024-01-01", "now", "infinity", "epoch", "2024-01-01T10:00:00 Z",
        "2024-01-01T10:00:00+24:00", "2024-01-01T10:00:00+05:60", "2024-01-01T10:00:00z",
        "2024-01-01T10:00:00+00:00:01", "2024-01-01T10:00:00,5Z", "1890-01-01T00:00:00.0001Z",
    ]),
    st.datetimes(timezones=st.sampled_from([timezone.utc])).map(datetime.isoformat),
)  # fmt: skip
texts = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=7),
    st.sampled_from([
        "", "a", "b", "AB", "ab", "\0", "a\0", '"', "\\", "\\u0000", "null", "1", "\u00e9\n",
        "true", "2024-02-29", "2023-02-29", "0000-01-01", "10000-01-01", "'; --",
    ]),
)  # fmt: skip
others: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, False, [], {}, [1], {"a": 1}, [[]], "x"]
)
values: st.SearchStrategy[Any] = st.one_of(numbers, texts, moments, others)


good = st.fixed_dictionaries(
    {
        "id": st.integers(0, 9),
        "seen": st.sampled_from([1_700_000_000, 1_700_000_000.1239, -1]),
        "made": st.sampled_from(["2024-01-01T10:00:00Z", "2024-01-01 10:00:00.1239+05:30", None]),
        "name": st.sampled_from(["", "é\n", '"', "\\", "abcde"]),
        "main": st.fixed_dictionaries(
            {},
            optional={
                "temp": st.sampled_from([0, -0.0, 3.5, 70, 2**53]),
                "rank": st.sampled_from([1, 2.0]),
                "big": st.sampled_from([2**62 + 1, 3.0, 9007199254740991.0]),
                "small": st.integers(-5, 5),
            },
        ),
        "list": st.sampled_from([[], [{"price": 0.29}], [{"price": 12345.6}, True], [None, False]]),
    },
    optional={
        "ms": st.sampled_from([1_700_000_000_000, 0.9]),
        "code": st.just("AB"),
        "day": st.sampled_from(["2024-02-29", None]),
        "kind": st.sampled_from(["a", "b"]),
        "extra": values,
        "a b": values,
        'q"': values,
    },
)
inside = st.sampled_from(["temp", "rank", "big", "small", "sea"])
damages = st.one_of(
    st.tuples(st.just("main"), st.dictionaries(inside, numbers, min_size=1, max_size=1)),
    st.tuples(st.just("list"), st.tuples(st.fixed_dictionaries({"price": numbers}), values)),
    st.tuples(st.sampled_from(["seen", "ms"]), numbers),
    st.tuples(st.just("made"), moments),
    st.tuples(st.sampled_from(["name", "code", "kind", "day"]), texts),
    st.tuples(st.sampled_from(FIELDS), values),
)


@st.composite
def record_texts(draw: st.DrawFn) -> str:
    """A record as JSON: most are good, some are damaged, and some are none."""
    damage = draw(st.integers(0, 9))
    if damage == 9:
        return json.dumps(draw(values))
    record: dict[str, Any] = {**draw(good)}
    if damage > 4:
        name, value = draw(damages)
        of_main = name == "main" and isinstance(value, dict)
        record[name] = {**record[name], **value} if of_main else value
    text = json.dumps(record, ensure_ascii=draw(st.booleans()))
    if damage == 4:
        again = json.dumps({draw(st.sampled_from([*record])): draw(values)})
        text = f"{text[:-1]}, {again[1:]}"
    return text


bodies_of = st.lists(record_texts(), max_size=25).map(lambda found: f"[{', '.join(found)}]")
answers = st.lists(bodies_of, min_size=1, max_size=3)
# A field that is gone from all records refuses the hour, which is another property.
DATASET = replace(
    THINGS,
    fields=tuple(
        replace(field, column=replace(field.column, required=False)) for field in THINGS.fields
    ),
)


@given(answers)
@settings(max_examples=examples(25), deadline=None)
def test_rows_rejects_and_counts_are_those_of_plain_python(bodies: list[str]) -> None:
    expected = expect(DATASET, bodies)
    with loaded(DATASET, *(body.encode() for body in bodies)) as found:
        rows = found.rows("* exclude as_of")
        rejects = [
            (int(row.file[-8:-5]), row.line, row.code, row.column_name) for row in found.rejects
        ]
        counts = found.hour
    assert sorted(rows, key=repr) == sorted(expected.rows, key=repr)
    assert rejects == expected.rejects
    assert (counts.read, counts.kept, counts.duplicate) == (
        expected.read, len(expected.rows), expected.duplicate
    )  # fmt: skip
    assert counts.rejects_by_code == expected.codes
    assert counts.rejected == len(expected.rejects)
    assert counts.read == counts.kept + counts.rejected + counts.duplicate
    assert counts.unknown == expected.unknown

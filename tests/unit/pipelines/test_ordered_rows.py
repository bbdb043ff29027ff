"""A file's rows in order of their key: one a key, cut into ranges that have no key in common."""

from __future__ import annotations

import csv
import itertools
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest
from hypothesis import strategies as st

from include.contracts.columns import Column
from include.contracts.files import CsvContract
from include.core.snapshot.database import connect_duckdb
from include.core.snapshot.load_csv import CsvFile, load_rows
from include.pipelines.csv_upload_to_dynamodb.ordered_rows import KeyRange, OrderedRows, read_range
from tests.support.examples import examples

if TYPE_CHECKING:
    from include.contracts.columns import ColumnType
    from include.core.csv.faults import Counts, Reject

SIZE = 7

Rows = list[tuple[Any, ...]]


def cut(
    path: Path, *, key_type: ColumnType = "text", size: int = SIZE
) -> tuple[Counts, list[tuple[KeyRange, Rows]], list[Reject]]:
    """Counts, each range with its rows as they come back from its file, and rejects."""
    key = Column(name="id", type=key_type, nullable=False)
    contract = CsvContract(columns=(key, Column(name="value", type="text")), key=("id",))
    file = CsvFile(path=path, name=path.name, contract=contract)
    rejects: list[Reject] = []
    found = []
    with tempfile.TemporaryDirectory() as name:
        folder, again = Path(name), Path(name) / "again"
        again.mkdir()
        with connect_duckdb(folder, memory="128MB") as connection:
            rows = file.open()
            load_rows(connection, "t", file, rows, folder=folder, on_reject=rejects.append)
            ordered = OrderedRows(connection, "t", rows.columns, key=key)
            every = [*ordered.read()]
            for part in ordered.ranges(size):
                ordered.write(part, folder / "part")
                with read_range(folder / "part", folder=again, memory="128MB") as read:
                    found.append((part, [*read]))
    assert [row for _, chunk in found for row in chunk] == every
    return rows.counts, found, rejects


def write(path: Path, rows: list[tuple[str, str]]) -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("id", "value"), *rows])
    return path


KEYS = st.integers(0, 59).map("k{}".format)


@hypothesis.given(
    rows=st.lists(st.tuples(KEYS, st.sampled_from(["a", "a", "b", "two\nlines"])), max_size=150),
    size=st.integers(1, 20),
)
@hypothesis.settings(max_examples=examples(20))
def test_rows_are_settled_by_key_however_they_are_cut(
    rows: list[tuple[str, str]], size: int
) -> None:
    values: defaultdict[str, list[str]] = defaultdict(list)
    for key, value in rows:
        values[key].append(value)
    good = {key: found[0] for key, found in values.items() if len(set(found)) == 1}
    copies = sum(len(values[key]) - 1 for key in good)
    spans = [1 + value.count("\n") for _, value in rows]
    begins = list(itertools.accumulate(spans, initial=2))
    conflicts = [
        begin + further
        for begin, span, (key, _) in zip(begins, spans, rows, strict=False)
        for further in (range(span) if key not in good else ())
    ]

    with tempfile.TemporaryDirectory() as folder:
        counts, cuts, rejects = cut(write(Path(folder) / "a.csv", rows), size=size)

    assert [row[1:] for _, chunk in cuts for row in chunk] == sorted(good.items())
    assert [(part.first_key, part.last_key, part.rows) for part, _ in cuts] == [
        (chunk[0][1], chunk[-1][1], len(chunk)) for _, chunk in cuts
    ]
    assert [len(chunk) for _, chunk in cuts[:-1]] == [size] * (len(cuts) - 1)
    assert [each.line for each in rejects] == conflicts
    assert {each.code for each in rejects} <= {"key_conflict", "continued"}
    kept = len(good) + copies
    assert (counts.read, counts.kept, counts.duplicate, counts.rejected) == (
        kept + len(conflicts), kept, copies, len(conflicts),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "sizes"),
    [(0, []), (1, [1]), (SIZE, [SIZE]), (SIZE + 1, [SIZE, 1]), (3 * SIZE, [SIZE] * 3)],
)
def test_ranges_have_the_size_that_was_asked_for(
    tmp_path: Path, rows: int, sizes: list[int]
) -> None:
    path = write(tmp_path / "a.csv", [(f"{number:03}", "x") for number in range(rows)])
    _, cuts, _ = cut(path)
    assert [part.rows for part, _ in cuts] == sizes


def test_whole_numbers_are_in_order_of_value(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", [(str(number), "x") for number in range(20, 0, -1)])
    _, cuts, _ = cut(path, key_type="integer")
    assert [row[1] for _, chunk in cuts for row in chunk] == [str(n) for n in range(1, 21)]


def test_times_are_in_order_and_of_one_length(tmp_path: Path) -> None:
    times = ["2024-01-01T12:00:00Z", "2024-01-01T12:00:00.5+01:00", "2024-01-01T11:00:00Z"]
    path = write(tmp_path / "a.csv", [(text, "x") for text in times])
    _, cuts, _ = cut(path, key_type="timestamptz")
    assert [row[1] for _, chunk in cuts for row in chunk] == [
        "2024-01-01T11:00:00.000000Z", "2024-01-01T11:00:00.500000Z", "2024-01-01T12:00:00.000000Z",
    ]  # fmt: skip

"""Rows are dealt by ranges of their key, and settled hand by hand as if all were seen at once."""

from __future__ import annotations

import csv
import gzip
import itertools
import json
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import hypothesis
import pytest
from hypothesis import strategies as st

from include.contracts.columns import Column
from include.contracts.files import CsvContract
from include.pipelines.csv_upload_to_dynamodb import dealing
from include.pipelines.csv_upload_to_dynamodb.dealing import Cut, cut_file

if TYPE_CHECKING:
    from include.contracts.columns import ColumnType
    from include.core.csv.faults import Counts, Reject

SIZE = 7


def cut(path: Path, *, key_type: ColumnType = "text") -> tuple[Counts, list[Cut], list[Reject]]:
    key = Column(name="id", type=key_type, nullable=False)
    contract = CsvContract(columns=(key, Column(name="value", type="text")), key=("id",))
    rejects: list[Reject] = []
    counts, cuts = cut_file(
        path,
        name=path.name,
        contract=contract,
        key=key,
        size_of=lambda _: SIZE,
        folder=path.parent,
        on_reject=rejects.append,
    )
    return counts, cuts, rejects


def rows_of(cuts: list[Cut]) -> list[list[list[Any]]]:
    return [
        [json.loads(line) for line in gzip.decompress(cut.path.read_bytes()).decode().splitlines()]
        for cut in cuts
    ]


def write(path: Path, rows: list[tuple[str, str]]) -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("id", "value"), *rows])
    return path


KEYS = st.integers(0, 59).map("k{}".format)


@hypothesis.given(
    rows=st.lists(st.tuples(KEYS, st.sampled_from(["a", "a", "b", "two\nlines"])), max_size=150)
)
@hypothesis.settings(max_examples=60)
@mock.patch.object(dealing, "_SAMPLE", 20)
@mock.patch.object(dealing, "_OPEN_FILES", 3)
def test_rows_are_settled_by_key_however_they_are_dealt(rows: list[tuple[str, str]]) -> None:
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
        counts, cuts, rejects = cut(write(Path(folder) / "a.csv", rows))
        chunks = rows_of(cuts)

    assert [(row[1], row[2]) for chunk in chunks for row in chunk] == sorted(good.items())
    assert [(each.first_id, each.last_id) for each in cuts] == [
        (chunk[0][1], chunk[-1][1]) for chunk in chunks
    ]
    assert [each.line for each in rejects] == conflicts
    assert {each.code for each in rejects} <= {"key_conflict", "continued"}
    kept = len(good) + copies
    assert (counts.read, counts.kept, counts.duplicate, counts.rejected) == (
        kept + len(conflicts), kept, copies, len(conflicts),
    )  # fmt: skip


def test_many_rows_come_into_many_chunks(tmp_path: Path) -> None:
    with (
        mock.patch.object(dealing, "_SAMPLE", 20),
        mock.patch.object(dealing, "_OPEN_FILES", 3),
    ):
        _, cuts, _ = cut(write(tmp_path / "a.csv", [(f"{n:03}", "x") for n in range(150)]))
    assert len(cuts) > 5


@pytest.mark.parametrize(
    ("rows", "sizes"),
    [(0, []), (1, [1]), (SIZE, [SIZE]), (SIZE + 1, [SIZE, 1]), (3 * SIZE, [SIZE] * 3)],
)
def test_chunks_have_the_size_that_was_asked_for(
    tmp_path: Path, rows: int, sizes: list[int]
) -> None:
    path = write(tmp_path / "a.csv", [(f"{number:03}", "x") for number in range(rows)])
    _, cuts, _ = cut(path)
    assert [each.rows for each in cuts] == sizes


def test_whole_numbers_are_in_order_of_value(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", [(str(number), "x") for number in range(20, 0, -1)])
    _, cuts, _ = cut(path, key_type="integer")
    assert [int(row[1]) for chunk in rows_of(cuts) for row in chunk] == list(range(1, 21))


def test_one_key_throughout_comes_into_one_chunk(tmp_path: Path) -> None:
    counts, cuts, _ = cut(write(tmp_path / "a.csv", [("same", "x")] * 50))
    assert [each.rows for each in cuts] == [1]
    assert counts.duplicate == 49


def test_nothing_but_the_chunks_is_left_in_the_folder(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", [(f"{number:03}", "x") for number in range(30)])
    _, cuts, _ = cut(path)
    assert set(tmp_path.iterdir()) == {path, *(each.path for each in cuts)}

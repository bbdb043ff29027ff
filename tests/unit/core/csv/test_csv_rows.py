"""Rows, rejects and their tally."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import hypothesis
import pytest
from hypothesis import strategies as st

from include.contracts.columns import Column
from include.core.csv.faults import Fault, Reject
from include.core.csv.rows import read_rows
from include.errors import InputFileError
from tests.support.csv_files import contract, take
from tests.support.examples import examples

if TYPE_CHECKING:
    from pathlib import Path

TYPED = (
    Column(name="country", type="text", header="Country/Region"),
    Column(name="province", type="text"),
    Column(name="day", type="date"),
    Column(name="cases", type="integer"),
)
HEAD = "Country/Region,province,day,cases\n"
US = (("country", "US"), ("province", ""))


def test_rows_that_the_contract_does_not_want_are_filtered_before_values_are_read() -> None:
    taken = take(
        HEAD + 'US,,2020-01-01,1\nChina,,never,x\nUS,Guam,2020-01-01,2\n"US","",2020-01-02,3\n',
        TYPED,
        only=US,
    )
    assert [row[3] for row in taken.rows] == ["1", "3"]
    assert (taken.counts.read, taken.counts.filtered, taken.counts.rejected) == (4, 2, 0)


def test_structural_fault_is_rejected_also_in_a_row_that_is_not_wanted() -> None:
    taken = take(HEAD + 'China,,x\nUS,,2020-01-01,1\nChina,"a"b,x,1\n', TYPED, only=US)
    assert taken.codes == [(2, "too_few_columns"), (4, "unescaped_quote")]


@pytest.mark.parametrize("rows", ["", "\n\n", "US\n"])
def test_file_without_a_row_of_the_right_width_has_nothing_to_filter(rows: str) -> None:
    taken = take(HEAD + rows, TYPED, only=US)
    assert taken.rows == []
    assert taken.counts.filtered == 0


def test_block_of_which_nothing_is_wanted_yields_nothing() -> None:
    taken = take(HEAD + "China,,x,1\n" * 9000 + "US,,2020-01-01,1\n", TYPED, only=US)
    assert (taken.counts.kept, taken.counts.filtered, taken.lines) == (1, 9000, [9002])


@hypothesis.given(
    chosen=st.lists(
        st.sampled_from(
            ["US,,2020-01-01,1", "US,,2020-02-30,1", "US,,x", 'US,,"a"b,1', "US,,2020-01-01,x"]
        )
    ),
    copies=st.sampled_from([1, 500]),
)
@hypothesis.settings(max_examples=examples(12))
def test_rows_and_rejects_come_in_the_order_of_the_file(chosen: list[str], copies: int) -> None:
    chosen *= copies
    taken = take(HEAD + "\n".join(chosen), TYPED)
    assert taken.lines == sorted(taken.lines)
    numbers = sorted([*taken.lines, *(r.line for r in taken.rejects)])
    assert numbers == list(range(2, len(chosen) + 2))
    codes = {"not_a_date", "too_few_columns", "unescaped_quote", "not_an_integer"}
    assert {reject.code for reject in taken.rejects} <= codes
    assert [reject.raw for reject in taken.rejects] == [
        line for line in chosen if line != "US,,2020-01-01,1"
    ]


def test_reject_names_the_first_column_at_fault_by_its_sql_name() -> None:
    columns = (Column(name="country", type="integer", header="Country/Region"), *TYPED[1:])
    taken = take(HEAD + "x,,y,z\n", columns)
    assert taken.rejects == [
        Reject.of(2, Fault("not_an_integer"), "x,,y,z", column="country"),
    ]


def test_gzip_file_is_read_like_a_plain_one(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(gzip.compress(b"a,b\n1,2\n"))
    assert list(read_rows(path, name="x.csv.gz", contract=contract())) == [(2, ("1", "2"))]


def test_fault_of_the_whole_file_at_its_end_is_raised_while_rows_are_read(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(
        gzip.compress(b"a,b\n" + b"".join(b"%d,2\n" % (i * i) for i in range(99_999)))[:-4]
    )
    reader = iter(read_rows(path, name="x.csv.gz", contract=contract()))
    assert next(reader) == (2, ("0", "2"))
    with pytest.raises(InputFileError, match="cut short"):
        list(reader)

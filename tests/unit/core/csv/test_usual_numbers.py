"""Numbers that are read a column at a time have the values that the parsers give them."""

from __future__ import annotations

from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st

from include.contracts.columns import Column
from include.contracts.files import CsvContract
from include.core.csv.faults import Fault
from include.core.csv.parsers import parser_of
from include.core.csv.syntax import Syntax
from include.core.csv.usual_numbers import usual_reader
from include.core.csv.values import ColumnReader
from tests.support.examples import examples

COLUMNS = [
    *(Column(name="n", type=kind) for kind in ("smallint", "integer", "bigint", "numeric")),
    *(Column(name="n", type="numeric", precision=each) for each in ((4, 2), (3, 0), (2, 2))),
    Column(name="n", type="double precision"),
    Column(name="n", type="integer", minimum=-3, maximum=40),
    Column(name="n", type="double precision", maximum=12.5),
    Column(name="n", type="integer", zero_fraction=True),
    Column(name="n", type="numeric", decimal_char=","),
    Column(name="n", type="integer", group_char=","),
]
SPELLINGS = st.from_regex(
    r"[+-]?[0-9]{0,6}([.,][0-9]{0,4})?|-?0*[1-9][0-9]{0,40}(\.[0-9]{0,40})?|[0-9]{1,3}(e[0-9])?",
    fullmatch=True,
)
ODD = st.sampled_from(
    ["", "NA", '"7"', "nan", " 1", "1 ", "1_0", "\u0661", "1\u00a0", "0x1", "1\t"]
)


@pytest.mark.parametrize("column", COLUMNS, ids=repr)
@hypothesis.given(cells=st.lists(SPELLINGS, min_size=1, max_size=30))
@hypothesis.example(cells=["0", ""])
@hypothesis.example(cells=["", "0"])
@hypothesis.settings(max_examples=examples(12))
def test_usual_numbers_are_what_the_parsers_make_of_them(column: Column, cells: list[str]) -> None:
    usual = usual_reader(column)
    found = usual(cells) if usual else None
    assert found is None or found == [*map(parser_of(column), cells)]


@pytest.mark.parametrize("column", COLUMNS, ids=repr)
@hypothesis.given(
    cells=st.lists(SPELLINGS, min_size=20, max_size=60), odd=st.lists(ODD, max_size=2)
)
@hypothesis.settings(max_examples=examples(5))
def test_a_column_is_read_as_its_cells_are_one_by_one(
    column: Column, cells: list[str], odd: list[str]
) -> None:
    contract = CsvContract(columns=(column,), null_tokens=("", "NA"))

    def read(some: list[str]) -> list[Any]:
        reader = ColumnReader(column, contract=contract, syntax=Syntax(delimiter=";", escape=None))
        values, _ = reader.read(some, quoted=True, size=100)
        return [value.code if isinstance(value, Fault) else value for value in values]

    together = read([*cells, *odd])
    assert together == [value for cell in [*cells, *odd] for value in read([cell])]


def test_most_numbers_are_usual_ones() -> None:
    usual = [usual_reader(column) for column in COLUMNS]
    assert [bool(each and each(["7", "12"])) for each in usual] == [True] * 6 + [
        False,
        *[True] * 4,
        False,
        False,
    ]

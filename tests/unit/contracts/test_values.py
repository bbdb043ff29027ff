"""A declared value and a cell that means it have the same canonical text."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.contracts.columns import Column, ColumnType
from include.contracts.values import RANGES, canonical
from include.core.csv.faults import Fault
from include.core.csv.parsers import parser_of

if TYPE_CHECKING:
    from decimal import Decimal

OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
VALUES: dict[str, st.SearchStrategy[Any]] = {
    **{kind: st.integers(lowest - 2, highest + 2) for kind, (lowest, highest) in RANGES.items()},
    "numeric": st.decimals(allow_nan=False, allow_infinity=False) | st.integers(),
    "double precision": st.floats(allow_nan=False, allow_infinity=False),
    "boolean": st.booleans(),
    "date": st.dates(),
    "timestamptz": st.datetimes(
        min_value=datetime(2, 1, 1),  # noqa: DTZ001 # the strategy adds the zone
        max_value=datetime(9998, 1, 1),  # noqa: DTZ001
        timezones=OFFSETS,
    ),
}


def test_every_type_but_text_has_values_here() -> None:
    assert VALUES.keys() == {*get_args(ColumnType)} - {"text"}


def declared(column: Column, value: Any) -> str | None:
    try:
        return canonical(column, value)
    except ValueError:
        return None


def read(column: Column, cell: str) -> str | None:
    try:
        return parser_of(column)(cell)
    except Fault:
        return None


@pytest.mark.parametrize("kind", VALUES)
@given(data=st.data())
def test_declared_value_has_the_text_of_the_cell_that_means_it(
    kind: ColumnType, data: st.DataObject
) -> None:
    value = data.draw(VALUES[kind])
    column = Column(name="c", type=kind)
    assert declared(column, value) == read(column, str(value))


@given(
    st.decimals(
        allow_nan=False, allow_infinity=False, places=3, min_value=-(10**6), max_value=10**6
    ),
    st.integers(1, 9),
    st.integers(0, 4),
)
def test_declared_decimal_fits_a_precision_where_its_cell_does(
    value: Decimal, digits: int, scale: int
) -> None:
    column = Column(name="c", type="numeric", precision=(digits + scale, scale))
    assert declared(column, value) == read(column, str(value))

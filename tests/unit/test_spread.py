"""Which cases of a test are tried when not all are."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.support.examples import spread


@given(st.integers(0, 60), st.integers(0, 70))
def test_as_many_cases_as_are_usual_are_tried_in_their_order(number: int, usual: int) -> None:
    found = spread(range(number), usual)
    assert found == sorted(set(found))
    assert len(found) == min(number, usual)
    assert set(found) <= set(range(number))


def test_both_of_two_things_that_cases_combine_vary() -> None:
    cases = [(call, times) for call in "abc" for times in (1, 2, 3, 4)]
    found = spread(cases, 6)
    assert {call for call, _ in found} == set("abc")
    assert {times for _, times in found} == {1, 2, 3, 4}


def test_case_in_the_middle_stands_for_all() -> None:
    assert spread([1, 50, 99], 1) == [50]

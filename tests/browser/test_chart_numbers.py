"""What the charts work out of numbers, against what Python works out."""

from __future__ import annotations

import csv
import io
import re
from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.browser.chart_pages import DAY

if TYPE_CHECKING:
    from collections.abc import Callable

numbers = st.integers(-(10**9), 10**9)
values = st.one_of(st.none(), numbers)


def line_of(found: dict[int, int | None]) -> dict[str, Any]:
    """A line of the days that are there, and what they hold."""
    there = sorted(found)
    return {"xs": [DAY * day for day in there], "values": [found[day] for day in there]}


lines = st.dictionaries(st.integers(0, 40), values, max_size=40).map(line_of)


@given(line=lines)
def test_growth_needs_the_day_before_and_the_mean_the_day_a_week_before(
    work_out: Callable[..., Any], line: dict[str, Any]
) -> None:
    at = dict(zip(line["xs"], line["values"], strict=True))

    def grown(x: int, days: int) -> float | None:
        now, before = at[x], at.get(x - days * DAY)
        return None if now is None or before is None else (now - before) / days

    assert work_out("points", "growth", line) == [grown(x, 1) for x in line["xs"]]
    means = work_out("points", "weeklyMean", line)
    assert means == pytest.approx([grown(x, 7) for x in line["xs"]])


@given(totals=st.lists(numbers, min_size=8, max_size=40))
def test_mean_of_seven_days_is_that_of_the_days_where_none_is_missing(
    work_out: Callable[..., Any], totals: list[int]
) -> None:
    line = {"xs": [DAY * day for day in range(len(totals))], "values": totals}
    growth = work_out("points", "growth", line)
    means = work_out("points", "weeklyMean", line)
    assert means[:7] == [None] * 7
    for day in range(7, len(totals)):
        assert means[day] == pytest.approx(sum(growth[day - 6 : day + 1]) / 7)


@given(line=lines, ends=st.tuples(st.integers(-2, 42), st.integers(-2, 42)))
def test_range_has_both_its_ends_and_nothing_beyond(
    work_out: Callable[..., Any], line: dict[str, Any], ends: tuple[int, int]
) -> None:
    first, last = ((date(1970, 1, 1) + timedelta(day)).isoformat() for day in ends)
    part = work_out("points", "cut", line, work_out("points", "bounds", first, last))
    kept = [
        (x, v) for x, v in zip(*line.values(), strict=True) if ends[0] * DAY <= x <= ends[1] * DAY
    ]
    assert list(zip(part["xs"], part["values"], strict=True)) == kept


@given(found=st.lists(lines, min_size=1, max_size=4), step=st.sampled_from([DAY, 7 * DAY]))
def test_lines_are_open_exactly_where_a_value_or_a_moment_is_missing(
    work_out: Callable[..., Any], found: list[dict[str, Any]], step: int
) -> None:
    opened = [work_out("points", "withGaps", line, step) for line in found]
    aligned = work_out("points", "align", opened)
    assert aligned["xs"] == sorted({x for line in opened for x in line["xs"]})
    for line, column in zip(found, aligned["columns"], strict=True):
        drawn = dict(zip(aligned["xs"], column, strict=True))
        points = dict(zip(line["xs"], line["values"], strict=True))
        solid = [x for x in points if points[x] is not None]
        assert {x: v for x, v in drawn.items() if isinstance(v, int)} == {
            x: points[x] for x in solid
        }
        for one, other in pairwise(solid):
            stops = [x for x in points if one <= x <= other]
            is_open = len(stops) > 2 or other - one > 1.5 * step
            inside = [drawn[x] for x in aligned["xs"] if one < x < other]
            # All of it or nothing: uPlot opens a line no wider than its nulls are.
            assert set(inside) <= {None if is_open else "undefined"}
            assert inside or not is_open


@given(found=st.lists(lines, min_size=1, max_size=3))
def test_nearest_number_is_at_most_half_a_step_away(
    work_out: Callable[..., Any], found: list[dict[str, Any]]
) -> None:
    aligned = work_out("points", "align", found)
    xs, (column, *_) = aligned["xs"], aligned["columns"]
    column = [value if isinstance(value, int) else None for value in column]
    step = 6 * DAY
    for place in range(0, len(xs), 5):
        near = work_out("points", "nearest", xs, column, place, step)
        away = {
            at: abs(xs[at] - xs[place])
            for at, value in enumerate(column)
            if value is not None and abs(xs[at] - xs[place]) <= step / 2
        }
        assert (near is None) == (not away)
        assert near is None or away[near] == min(away.values())


@given(line=lines)
def test_words_name_the_newest_the_extremes_and_the_change_in_seven_days(
    work_out: Callable[..., Any], line: dict[str, Any]
) -> None:
    facts = work_out("points", "factsOf", line, DAY)
    solid = {x: v for x, v in zip(line["xs"], line["values"], strict=True) if v is not None}
    if not solid:
        assert facts is None
        return
    newest = max(solid)
    at = {name: line["xs"][facts[name]] for name in ("latest", "highest", "lowest")}
    assert at["latest"] == newest
    assert solid[at["highest"]] == max(solid.values())
    assert solid[at["lowest"]] == min(solid.values())
    before = solid.get(newest - 7 * DAY)
    if before is None:
        assert facts["week"] is None
        return
    assert facts["week"]["change"] == solid[newest] - before
    share = facts["week"]["share"]
    assert share is None if before <= 0 else share == pytest.approx(solid[newest] / before - 1)


@given(
    step=st.sampled_from([1, 2, 2.5, 5]),
    power=st.integers(-4, 11),
    start=st.integers(-4, 4),
    count=st.integers(2, 9),
)
def test_ticks_say_where_they_are(
    work_out: Callable[..., Any], step: float, power: int, start: int, count: int
) -> None:
    ticks = [(start + index) * step * 10.0**power for index in range(count)]
    units = {"K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}
    for tick, text in zip(ticks, work_out("points", "tickTexts", ticks), strict=True):
        number, unit = re.fullmatch(r"(-?[\d,.]+)([KMBT]?)", text).groups()  # type: ignore[union-attr]
        said = float(number.replace(",", "")) * units.get(unit, 1)
        assert said == pytest.approx(tick, rel=1e-6, abs=step * 10.0**power / 1000)


@given(low=numbers, rest=st.integers(0, 10**9), is_count=st.booleans())
def test_axis_holds_all_values_and_counts_begin_at_zero(
    work_out: Callable[..., Any], low: int, rest: int, *, is_count: bool
) -> None:
    start, end = work_out("points", "axisEnds", low, low + rest, is_count)
    assert start <= low <= low + rest <= end
    assert start < end
    assert not is_count or start <= 0 <= end


FORMULA = re.compile(r"[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
texts = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    st.from_regex(r"[=+\-@\t\r\n\"',\uff1d]{1,2}[0-9A-Z(,\"]{0,4}", fullmatch=True),
    st.from_regex(r"[+-]?[0-9]{1,3}(\.[0-9])?", fullmatch=True),
)
cells = st.one_of(st.none(), st.integers(-(2**53), 2**53), texts)


@given(rows=st.lists(st.lists(cells, min_size=2, max_size=2), max_size=5))
def test_csv_comes_back_as_it_was_and_no_cell_is_a_formula(
    work_out: Callable[..., Any], rows: list[list[Any]]
) -> None:
    text = work_out("csv", "toCsv", ["date", "=cases"], rows)
    assert text.startswith("\ufeffdate,'=cases\r\n")
    read = list(csv.reader(io.StringIO(text[1:], newline=""), strict=True))[1:]
    assert len(read) == len(rows)
    for row, found in zip(rows, read, strict=True):
        for value, cell in zip(row, found, strict=True):
            plain = "" if value is None else str(value)
            is_formula = FORMULA.match(plain) and not NUMBER.fullmatch(plain)
            assert cell == (f"'{plain}" if is_formula else plain)

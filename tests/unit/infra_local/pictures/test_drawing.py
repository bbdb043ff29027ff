"""Pictures of charts: a point for each value, at its height, and no markup."""

from __future__ import annotations

import re
from datetime import date, timedelta
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.local.pictures.drawing import MOST_DATES, MOST_LINES, PANEL, RIGHT, draw
from infra.local.pictures.scales import short, ticks_for

SVG = "{http://www.w3.org/2000/svg}"
numbers = st.floats(-1e12, 1e12).map(lambda value: round(value, 3))
values = st.lists(st.none() | numbers, min_size=1, max_size=40)


def chart(groups: dict[str, list[float | None]], *names: str, sink: str = "a.b") -> dict[str, Any]:
    """A chart whose measures all have the same values."""
    names = names or ("cases",)
    measures = [{"name": name, "unit": "", "cumulative": False} for name in names]
    first = date(2020, 1, 1)
    points = {
        group: {
            "date": [(first + timedelta(days=day)).isoformat() for day in range(len(given))],
            "values": dict.fromkeys(names, given),
        }
        for group, given in groups.items()
    }
    return {"sink": sink, "date": "date", "measures": measures, "points": points}


def drawn(picture: str) -> list[list[tuple[float, float]]]:
    """The places of each line, in the order of panels and lines."""
    paths = ET.fromstring(picture).iter(f"{SVG}path")  # noqa: S314 -- drawn just now
    return [
        [(float(x), float(y)) for x, y in re.findall(r"[ML]([-\d.]+) ([-\d.]+)", path.get("d", ""))]
        for path in paths
    ]


def texts(picture: str) -> list[str]:
    return [text.text or "" for text in ET.fromstring(picture).iter(f"{SVG}text")]  # noqa: S314


@given(values)
def test_each_value_is_a_point_and_the_larger_one_is_not_lower(given_values: Any) -> None:
    (line, *others) = drawn(draw(chart({"": given_values}))) or [[]]
    known = [value for value in given_values if value is not None]
    assert not others
    assert len(line) == len(known)
    assert [x for x, _ in line] == sorted(x for x, _ in line)
    by_value = [y for _, (_, y) in sorted(zip(known, line, strict=True), key=lambda pair: pair[0])]
    assert by_value == sorted(by_value, reverse=True)
    assert all(0 <= y <= PANEL for y in by_value)


@given(st.lists(numbers, min_size=1))
def test_axis_reaches_around_all_values_in_few_even_steps(given_values: list[float]) -> None:
    ticks = ticks_for(given_values)
    spread = ticks[-1] - ticks[0]
    assert ticks[0] <= min(given_values) + spread / 1e9
    assert max(given_values) <= ticks[-1] + spread / 1e9
    assert 2 <= len(ticks) <= 8
    steps = [after - before for before, after in pairwise(ticks)]
    assert max(steps) == pytest.approx(min(steps))


def test_heights_are_in_proportion_to_values() -> None:
    (line,) = drawn(draw(chart({"": [0, 25, 50, 100]})))
    ys = [y for _, y in line]
    assert [round((ys[0] - y) / (ys[0] - ys[-1]), 3) for y in ys] == [0, 0.25, 0.5, 1]


def test_line_is_broken_where_there_is_no_value() -> None:
    picture = draw(chart({"": [1, None, 2, 3]}))
    assert picture.count("M") - picture.count("Mill") == 2
    assert len(drawn(picture)[0]) == 3


def test_panel_for_each_measure_and_line_for_each_group_of_the_largest() -> None:
    groups: dict[str, list[float | None]] = {f"group {n}": [n, n * 10] for n in range(9)}
    picture = draw(chart(groups, "cases", "deaths"))
    assert len(drawn(picture)) == 2 * MOST_LINES
    assert {"group 8 80", "group 3 30"} <= set(texts(picture))
    assert "group 2 20" not in texts(picture)
    assert texts(picture)[0] == "a.b by date, 2020-01-01 to 2020-01-02, 6 of 9 groups"


def test_of_many_dates_the_newest_are_drawn() -> None:
    old: list[float | None] = [0.0] * 10
    picture = draw(chart({"": old + [5.0] * MOST_DATES}))
    (line,) = drawn(picture)
    assert len(line) == MOST_DATES
    assert line[-1][0] == pytest.approx(RIGHT)


def test_measure_without_a_value_says_so() -> None:
    assert "no values" in texts(draw(chart({"": [None, None]})))


@given(st.text(min_size=1), st.text(), st.text(min_size=1))
def test_names_are_text_whatever_they_are(sink: str, group: str, measure: str) -> None:
    picture = draw(chart({group: [1.0]}, measure, sink=sink))
    elements = {element.tag for element in ET.fromstring(picture).iter()}  # noqa: S314
    known = {"svg", "style", "rect", "text", "g", "line", "path"}
    assert elements == {f"{SVG}{name}" for name in known}


def test_picture_asks_for_nothing_and_runs_nothing() -> None:
    name = "<script>alert(1)</script><image href='https://example.com/a.png'/>"
    picture = draw(chart({name: [1.0]}, name, sink=name))
    without_namespace = picture.replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert "<script" not in picture
    assert "<image" not in picture
    assert "url(" not in picture
    assert not re.search(r"<[^>]*https?:", without_namespace)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (1234.5, "1.234k"), (13_447_627, "13.45M"), (-2e9, "-2G"), (0.25, "0.25")],
)
def test_numbers_are_short(value: float, text: str) -> None:
    assert short(value) == text

"""The charts of a dataset: what they work out, draw, read and save."""

from __future__ import annotations

import csv
import io
import json
import re
from contextlib import contextmanager
from datetime import date, datetime, timedelta, timezone
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import expect

from infra.local import aws

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Locator, Page

    from infra.local.stack import Stack

DAY = 86_400
DAG = "covid_us_daily"
FIRST = date(2020, 3, 1)
MEASURE = {"name": "cases", "unit": "", "cumulative": True}
WARMTH = {"name": "warmth", "unit": "°C", "cumulative": False}

# Python knows no undefined.
CALL = """async ([module, name, values]) => {
  const plain = (value) => value === undefined ? "undefined"
    : Array.isArray(value) ? value.map(plain)
    : value && typeof value === "object" ? Object.fromEntries(Object.entries(value).map(([k, v]) => [k, plain(v)]))
    : value;
  return plain((await import(`/sluice/static/${module}.js`))[name](...values));
}"""

numbers = st.integers(-(10**9), 10**9)
values = st.one_of(st.none(), numbers)
# A line: which days of 40 are there, and what they hold.
lines = st.dictionaries(st.integers(0, 40), values, max_size=40).map(
    lambda found: {"xs": [DAY * day for day in sorted(found)], "values": [found[d] for d in sorted(found)]}
)


@pytest.fixture(scope="module")
def tab(browser: Browser, stack: Stack) -> Iterator[Page]:
    """A tab whose viewer Airflow knows, and which fails on errors of scripts and on foreign hosts."""
    url = stack.running.ui_url
    context = browser.new_context(
        viewport={"width": 1280, "height": 900}, timezone_id="America/New_York"
    )
    token = context.request.get(f"{url}/auth/token").json()["access_token"]
    context.add_cookies([{"name": "_token", "value": token, "url": url}])
    faults: list[str] = []
    context.on("console", lambda told: faults.append(told.text) if told.type == "error" else None)
    context.on("weberror", lambda error: faults.append(str(error.error)))
    context.on(
        "request", lambda asked: None if asked.url.startswith((url, "blob:", "data:")) else faults.append(asked.url)
    )
    page = context.new_page()
    page.goto(f"{url}/sluice/")
    yield page
    context.close()
    assert faults == []


@pytest.fixture(scope="module")
def work_out(tab: Page) -> Callable[..., Any]:
    """Calls a function of one of the page's modules with values of JSON."""

    def call(module: str, name: str, *arguments: Any) -> Any:
        return tab.evaluate(
            CALL, [module, name, list(arguments)]
        )

    return call


class Charts:
    """The page of a dataset whose summary a test has made."""

    def __init__(self, page: Page, stack: Stack) -> None:
        self.page = page
        self._url = f"{stack.running.ui_url}/sluice/"
        self._bucket = stack.running.outputs["LakeBucket"]
        self._s3 = aws.client("s3", stack.running.endpoint)

    def publish(
        self,
        points: dict[str, Any],
        *measures: dict[str, Any],
        group: str | None = None,
        sink: str = "tried.charts",
        **more: Any,
    ) -> None:
        """Leave a summary as runs do."""
        axes = {"date": "date", "measures": list(measures) or [MEASURE], "group": group}
        head = {"version": 1, "sink": sink, "written_at": "2026-11-27T10:00:00Z"}
        about = {"dag_id": DAG, "title": "Tried", "schedule": None, "runs": [], "rejects": []}
        self._put(sink, "charts", {**head, **axes, "points": points, "cut": None, **more})
        self._put(sink, "sinks", {**head, **about, "chart": axes})

    def _put(self, sink: str, kind: str, value: dict[str, Any]) -> None:
        key = f"page/v1/{kind}/{quote(sink, safe='')}.json"
        self._s3.put_object(Bucket=self._bucket, Key=key, Body=json.dumps(value))

    def open(self, *, sink: str = "tried.charts", **choice: Any) -> None:
        words = urlencode({"dag": DAG, "sink": sink, **choice}, doseq=True)
        # Without the first, only what stands after # would change.
        self.page.goto("about:blank")
        self.page.goto(f"{self._url}#dataset?{words}")
        expect(self.page.locator("h1")).to_be_visible()

    def chosen(self) -> dict[str, list[str]]:
        """What the address says is chosen."""
        found = parse_qs(self.page.url.partition("#dataset?")[2])
        return {name: texts for name, texts in found.items() if name not in ("dag", "sink")}

    def chart(self, place: int = 0) -> Locator:
        return self.page.locator(".chart").nth(place)

    def drawn(self, place: int = 0) -> list[list[float | None]]:
        """What uPlot has of a chart: moments, then a list a line."""
        expect(self.chart(place).locator("canvas")).to_be_visible()
        found: list[list[float | None]] = self.chart(place).evaluate(
            "chart => chart.plot.data.map(list => Array.from(list, value => value ?? null))"
        )
        return found

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def heard(self) -> Locator:
        return self.page.locator(".heard")

    @contextmanager
    def narrow(self, width: int) -> Iterator[None]:
        before = self.page.viewport_size
        self.page.set_viewport_size({"width": width, "height": 800})
        yield
        assert before
        self.page.set_viewport_size(before)


@pytest.fixture
def charts(tab: Page, stack: Stack) -> Charts:
    return Charts(tab, stack)


def days(count: int, *, without: tuple[int, ...] = ()) -> list[str]:
    return [(FIRST + timedelta(d)).isoformat() for d in range(count) if d not in without]


def of(names: list[str], **measures: list[Any]) -> dict[str, Any]:
    return {"date": names, "values": measures}


# What is worked out


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
    kept = [(x, v) for x, v in zip(*line.values(), strict=True) if ends[0] * DAY <= x <= ends[1] * DAY]
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


@given(found=st.lists(lines.filter(lambda line: len(line["xs"]) > 1), min_size=1, max_size=3))
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
    work_out: Callable[..., Any], low: int, rest: int, is_count: bool
) -> None:
    start, end = work_out("points", "axisEnds", low, low + rest, is_count)
    assert start <= low <= low + rest <= end
    assert start < end
    assert not is_count or start <= 0 <= end


FORMULA = re.compile(r"[=+\-@\t\r\n＝＋－＠]")
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
texts = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    st.from_regex(r"[=+\-@\t\r\n\"',＝]{1,2}[0-9A-Z(,\"]{0,4}", fullmatch=True),
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


# What is drawn


def test_cumulative_measure_is_drawn_with_its_growth_and_gaps_stay_open(charts: Charts) -> None:
    totals = [day * day for day in range(30)]
    totals[20] = None  # type: ignore[call-overload]
    names = days(30, without=(10, 11))
    kept = [total for day, total in enumerate(totals) if day not in (10, 11)]
    charts.publish({"": of(names, cases=kept)})
    charts.open()
    expect(charts.chart()).to_have_attribute("data-points", "27")
    xs, line = charts.drawn()
    at = dict(zip(xs, line, strict=True))
    first = datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=timezone.utc).timestamp()
    assert at[first + 9 * DAY] == 81
    assert at[first + 10 * DAY] is None
    assert at[first + 20 * DAY] is None
    assert at[first + 29 * DAY] == 29 * 29
    _, bars, mean = charts.drawn(1)
    # Neither the day after a gap nor the first has a number for new.
    expect(charts.chart(1)).to_have_attribute(
        "data-points", f"{30 - 1 - 3 - 2},{30 - 7 - 3 - 3}"
    )
    assert bars[-1] == 29 * 29 - 28 * 28
    assert mean[-1] == pytest.approx((29 * 29 - 22 * 22) / 7)


def test_heights_are_the_values(charts: Charts) -> None:
    charts.publish({"": of(days(3), cases=[0, 50, 100])})
    charts.open()
    charts.drawn()
    heights = charts.chart().evaluate(
        "({ plot }) => plot.data[1].map((value) => plot.valToPos(value, 'y'))"
    )
    bottom, middle, top = heights
    assert bottom == pytest.approx(charts.chart().evaluate("({ plot }) => plot.over.clientHeight"), abs=1)
    assert middle == pytest.approx((bottom + top) / 2, abs=1)


def test_axis_that_does_not_begin_at_zero_says_so(charts: Charts) -> None:
    charts.publish({"": of(days(3), warmth=[990, 1000, 1010])}, WARMTH)
    charts.open()
    expect(charts.page.get_by_text("The vertical axis does not begin at zero.")).to_be_visible()
    expect(charts.page.locator("figcaption")).to_have_text("Warmth in °C")
    charts.publish({"": of(days(3), cases=[990, 1000, 1010])})
    charts.open()
    charts.drawn()
    assert charts.chart().evaluate("({ plot }) => plot.scales.y.min") == 0
    expect(charts.page.get_by_text("The vertical axis does not begin at zero.")).to_have_count(0)


def test_keys_read_values_aloud(charts: Charts) -> None:
    charts.publish({"": of(days(30), cases=[1000 + day for day in range(30)])})
    charts.open()
    charts.drawn()
    charts.chart().focus()
    for key, said in (
        ("ArrowRight", "2020-03-30: Cases 1,029"),
        ("ArrowLeft", "2020-03-29: Cases 1,028"),
        ("Home", "2020-03-01: Cases 1,000"),
        ("ArrowLeft", "2020-03-01: Cases 1,000"),
        ("ArrowRight", "2020-03-02: Cases 1,001"),
        ("PageUp", "2020-03-05: Cases 1,004"),
        ("End", "2020-03-30: Cases 1,029"),
    ):
        charts.press(key)
        expect(charts.heard()).to_have_text(said)
    expect(charts.heard()).to_have_attribute("aria-live", "polite")
    assert charts.chart().evaluate("(chart) => getComputedStyle(chart).outlineStyle") == "solid"
    expect(charts.page.locator(".reading").first).to_have_text("2020-03-30")
    charts.press("Tab")
    expect(charts.page.locator(".reading").first).to_have_text("Newest: 2020-03-30")


def test_mouse_reads_values_without_a_word(charts: Charts) -> None:
    charts.publish({"": of(days(3), cases=[0, 50, 100])})
    charts.open()
    charts.drawn()
    charts.chart().locator(".u-over").hover()
    expect(charts.page.locator(".reading").first).to_have_text("2020-03-02")
    expect(charts.page.locator(".legend .value").first).to_have_text("50")
    expect(charts.heard()).to_be_empty()


def test_range_is_chosen_by_keys_by_dragging_and_by_fields(charts: Charts) -> None:
    charts.publish({"": of(days(30), cases=list(range(1, 31)))})
    charts.open()
    charts.drawn()
    charts.chart().focus()
    charts.press("End", *["Shift+ArrowLeft"] * 9, "Enter")
    expect(charts.chart()).to_have_attribute("data-points", "10")
    expect(charts.chart()).to_be_focused()
    assert charts.chosen() == {"from": ["2020-03-21"], "to": ["2020-03-30"]}
    # Both charts and what is said of them are of the range; growth knows the days before it.
    expect(charts.chart(1)).to_have_attribute("data-points", "10,10")
    expect(charts.page.locator(".words").first).to_contain_text("lowest 21 (2020-03-21)")
    charts.press("Escape")
    expect(charts.chart()).to_have_attribute("data-points", "30")
    assert charts.chosen() == {}
    for _ in range(2):  # the second drag finds no rest of the first
        drag(charts, 0.25, 0.75)
    assert 5 < int(charts.chart().get_attribute("data-points") or "") < 12
    charts.chart().locator(".u-over").dblclick()
    expect(charts.chart()).to_have_attribute("data-points", "30")
    charts.page.get_by_label("From").fill("2020-03-10")
    charts.page.get_by_label("to", exact=True).fill("2020-03-12")
    expect(charts.chart()).to_have_attribute("data-points", "3")
    charts.page.reload()
    expect(charts.chart()).to_have_attribute("data-points", "3")
    charts.page.get_by_role("button", name="Show all").click()
    expect(charts.chart()).to_have_attribute("data-points", "30")


def drag(charts: Charts, start: float, end: float) -> None:
    box = charts.chart().locator(".u-over").bounding_box()
    assert box
    before = charts.page.url
    middle = box["y"] + box["height"] / 2
    charts.page.mouse.move(box["x"] + start * box["width"], middle)
    charts.page.mouse.down()
    charts.page.mouse.move(box["x"] + end * box["width"], middle, steps=4)
    charts.page.mouse.up()
    expect(charts.page).not_to_have_url(before)


def test_finger_reads_values(charts: Charts) -> None:
    charts.publish({"": of(days(3), cases=[0, 50, 100])})
    charts.open()
    charts.drawn()
    charts.chart().locator(".u-over").evaluate(
        """(over) => {
          const { left, top, width } = over.getBoundingClientRect();
          const traits = { pointerType: "touch", bubbles: true, clientX: left + width, clientY: top + 9 };
          over.dispatchEvent(new PointerEvent("pointermove", traits));
        }"""
    )
    expect(charts.page.locator(".legend .value").first).to_have_text("100")
    touch = charts.chart().evaluate("(chart) => getComputedStyle(chart).touchAction")
    assert touch == "pan-y pinch-zoom"


def test_log_scale_is_kept_in_the_address_and_off_where_values_are_not_positive(
    charts: Charts,
) -> None:
    charts.publish({"": of(days(30), cases=[0, *(2**day for day in range(29))])})
    charts.open()
    box = charts.page.get_by_label("Log scale").first
    expect(box).to_be_disabled()
    expect(box).to_have_accessible_description("not possible: 1 value is zero or less")
    charts.open(**{"from": "2020-03-02"})
    box.check()
    assert charts.chosen()["log"] == ["cases"]
    charts.page.reload()
    expect(box).to_be_checked()
    heights = charts.chart().evaluate(
        "({ plot }) => [1, 10, 100].map((value) => plot.valToPos(value, 'y'))"
    )
    assert heights[0] - heights[1] == pytest.approx(heights[1] - heights[2], abs=1)
    expect(charts.page.get_by_text("Logarithmic axis")).to_be_visible()


# Groups


def states(*names: str, count: int = 10) -> dict[str, Any]:
    """Each has a hundred more than the one before."""
    return {
        name: of(days(count), cases=[100 * place + day for day in range(count)])
        for place, name in enumerate(names, 1)
    }


def test_few_groups_are_lines_and_of_many_the_highest_are(charts: Charts) -> None:
    charts.publish(states("c", "b", "a"), group="state")
    charts.open()
    expect(charts.chart()).to_have_attribute("data-points", "10,10,10")
    charts.publish(states(*"abcdefghij"), group="state")
    charts.open()
    expect(charts.page.locator("figure").first.locator(".legend li")).to_have_text(
        [re.compile(f"^ ?{name}") for name in "jih"]
    )


def test_at_most_six_groups_are_compared_and_each_keeps_its_colour(charts: Charts) -> None:
    charts.publish(states(*"abcdefghij"), group="state")
    charts.open(group=["a", "b", "c"])
    page = charts.page

    def strokes() -> dict[str, str]:
        """The colour of each line, by name."""
        charts.drawn()
        found: dict[str, str] = page.locator("figure").first.evaluate(
            """(figure) => Object.fromEntries([...figure.querySelectorAll(".legend li")].map((item) =>
              [item.querySelector("bdi").textContent, getComputedStyle(item.querySelector("line")).stroke]))"""
        )
        return found

    before = strokes()
    page.get_by_role("checkbox", name="a", exact=True).uncheck()
    expect(charts.chart()).to_have_attribute("data-points", "10,10")
    assert strokes() == {name: before[name] for name in "bc"}
    for name in "defg":
        page.get_by_role("checkbox", name=name, exact=True).check()
    expect(charts.chart()).to_have_attribute("data-points", ",".join(["10"] * 6))
    assert len(set(strokes().values())) == 6
    expect(page.get_by_role("checkbox", name="h", exact=True)).to_be_disabled()
    expect(page.get_by_text("as many as can be told apart")).to_be_visible()
    assert charts.chosen() == {"group": list("bcdefg")}
    charts.open(group=list("abcdefghij"))
    expect(charts.chart()).to_have_attribute("data-points", ",".join(["10"] * 6))


def test_groups_that_are_measured_at_other_seconds_are_read_together(charts: Charts) -> None:
    start = datetime(2026, 11, 1, tzinfo=timezone.utc)
    cities = {
        name: of(
            [(start + timedelta(hours=h, seconds=late * h)).isoformat().replace("+00:00", "Z") for h in range(24)],
            warmth=[place + h for h in range(24)],
        )
        for place, (name, late) in enumerate({"Berlin": 3, "Tokyo": 11}.items())
    }
    charts.publish(cities, WARMTH, group="city")
    charts.open()
    charts.drawn()
    charts.chart().focus()
    charts.press("End", "ArrowLeft")
    expect(charts.heard()).to_have_text(
        re.compile(r"2026-11-01 22:0\d UTC: Berlin 22\s°C, Tokyo 23\s°C")
    )


# Words, tables and files


def test_table_and_csv_hold_what_is_chosen(charts: Charts, tmp_path: Path) -> None:
    charts.publish(states("=sum(A1)", "b", count=120), group="state")
    charts.open(group=["=sum(A1)"], **{"from": "2020-03-02"})
    page = charts.page
    with page.expect_download() as begun:
        page.get_by_role("button", name="Table of cases (CSV)").click()
    assert begun.value.suggested_filename == "tried.charts-cases.csv"
    saved = tmp_path / "cases.csv"
    begun.value.save_as(saved)
    header, *rows = csv.reader(io.StringIO(saved.read_bytes().decode("utf-8-sig"), newline=""))
    assert header == ["date", "state", "cases", "cases_new_a_day", "cases_mean_of_7_days"]
    assert len(rows) == 119
    assert rows[0] == ["2020-03-02", "'=sum(A1)", "101", "1", ""]
    assert rows[-1] == ["2020-06-28", "'=sum(A1)", "219", "1", "1"]
    page.get_by_text("All points of cases as a table").click()
    table = page.get_by_role("region", name="All points of cases as a table")
    expect(table.locator("tbody tr")).to_have_count(100)
    page.get_by_role("button", name="Later rows").click()
    expect(page.get_by_text("Rows 101 to 119 of 119")).to_be_visible()
    expect(table.locator("tbody tr").last).to_contain_text("2020-06-28")
    expect(page.get_by_role("button", name="Earlier rows")).to_be_focused()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_picture_has_the_ground_of_the_page_and_twice_its_sharpness(
    charts: Charts, theme: str
) -> None:
    charts.publish({"": of(days(30), cases=list(range(1, 31)))})
    charts.page.evaluate("(theme) => localStorage.setItem('theme', theme)", theme)
    charts.open()
    charts.drawn()
    with charts.page.expect_download() as begun:
        charts.page.get_by_role("button", name="Picture (PNG) of Cases, all so far").click()
    assert begun.value.suggested_filename == "tried.charts-Cases-all-so-far.png"
    png = begun.value.path().read_bytes()
    colours = charts.page.evaluate(READ_PICTURE, list(png))
    assert (colours["width"], colours["height"]) == (2000, 1120)
    ground = {"light": [255, 255, 255], "dark": [17, 17, 17]}[theme]
    assert colours["corner"] == ground
    # Title, legend, axis' name, line and footer are there.
    assert all(count > 50 for count in colours["inked"].values()), colours["inked"]
    charts.page.evaluate("localStorage.removeItem('theme')")


READ_PICTURE = """async (bytes) => {
  const picture = await createImageBitmap(new Blob([new Uint8Array(bytes)], { type: "image/png" }));
  const canvas = new OffscreenCanvas(picture.width, picture.height);
  const brush = canvas.getContext("2d");
  brush.drawImage(picture, 0, 0);
  const at = (x, y, width, height) => brush.getImageData(x, y, width, height).data;
  const corner = [...at(0, 0, 1, 1).slice(0, 3)];
  const inked = (...box) => {
    const found = at(...box);
    let count = 0;
    for (let i = 0; i < found.length; i += 4) {
      if (corner.some((part, of) => Math.abs(found[i + of] - part) > 60)) count += 1;
    }
    return count;
  };
  return { width: picture.width, height: picture.height, corner, inked: {
    title: inked(40, 30, 400, 50), legend: inked(40, 130, 400, 40), axis: inked(40, 200, 50, 800),
    line: inked(300, 200, 1500, 600), footer: inked(40, 1080, 800, 40),
  } };
}"""


def test_charts_are_drawn_anew_when_the_colours_change(charts: Charts) -> None:
    charts.publish({"": of(days(30), cases=list(range(1, 31)))})
    charts.open()
    charts.drawn()
    stroke = "({ plot }) => plot.series[1].stroke()"
    before = charts.chart().evaluate(stroke)
    charts.page.evaluate("document.documentElement.classList.toggle('dark')")
    assert charts.chart().evaluate(stroke) != before
    charts.page.evaluate("document.documentElement.classList.toggle('dark')")
    assert charts.chart().evaluate(stroke) == before


# What comes from files, and what is damaged


def test_names_of_data_are_text(charts: Charts) -> None:
    name = "<img src=x onerror=document.title='run'>"
    measure = {"name": name, "unit": "<b>u</b>", "cumulative": True}
    group = {text: of(days(10), **{name: list(range(10))}) for text in (name, "", "\u202egnp", "x" * 500)}
    charts.publish(group, measure, group="<i>g</i>")
    charts.open()
    charts.drawn()
    expect(charts.page.get_by_text(name).first).to_be_visible()
    expect(charts.page.locator("main img, main b, main i")).to_have_count(0)
    expect(charts.page).not_to_have_title("run")
    with charts.narrow(360):
        assert charts.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("width", [360, 640, 1600])  # 640 is 1280 at a zoom of 200 %
def test_nothing_is_wider_than_the_window(charts: Charts, width: int) -> None:
    charts.publish(states(*(f"State number {place}" for place in range(40))), group="state")
    with charts.narrow(width):
        charts.open()
        charts.drawn()
        assert charts.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        right = charts.chart().evaluate("(chart) => chart.getBoundingClientRect().right")
        assert right <= width


@pytest.mark.parametrize(
    "points",
    [
        {"": of(days(3), cases=[1, 2])},
        {"": of(days(3), cases=[1, 2, "<b>"])},
        {"": of(["x", "y", "z"], cases=[1, 2, 3])},
        {"": of(days(3)[::-1], cases=[1, 2, 3])},
        {"": of(days(3), deaths=[1, 2, 3])},
        {"": None},
    ],
    ids=["short", "text", "moments", "order", "measure", "nothing"],
)
def test_damaged_summary_says_what_to_do(charts: Charts, points: dict[str, Any]) -> None:
    charts.publish(points)
    charts.open()
    expect(charts.page.get_by_role("alert")).to_have_text(
        "The charts cannot be shown. The summary of its points is damaged: run the DAG summarise."
    )
    expect(charts.page.get_by_text("Last runs")).to_be_visible()


def test_dataset_without_rows_says_so(charts: Charts) -> None:
    charts.publish({})
    charts.open()
    expect(charts.page.get_by_text("There are no rows yet.")).to_be_visible()


def test_address_that_asks_for_what_is_not_there_shows_what_is(charts: Charts) -> None:
    charts.publish({"": of(days(3), cases=[1, 2, 3])})
    charts.open(measure="none", group="none", log="none", to="yesterday", **{"from": "2020-13-01"})
    expect(charts.chart()).to_have_attribute("data-points", "3")
    charts.open(**{"from": "2031-01-01"})
    expect(charts.page.get_by_text("No value lies in this range.").first).to_be_visible()

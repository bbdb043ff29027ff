"""The charts of a dataset: what they draw, read, say and save."""

from __future__ import annotations

import csv
import io
import re
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from infra.common.waiting import until
from tests.browser.chart_pages import DAY, FIRST, WARMTH, days, of, states

if TYPE_CHECKING:
    from pathlib import Path

    from tests.browser.chart_pages import Charts

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
    expect(charts.chart(1)).to_have_attribute("data-points", f"{30 - 1 - 3 - 2},{30 - 7 - 3 - 3}")
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
    assert bottom == pytest.approx(
        charts.chart().evaluate("({ plot }) => plot.over.clientHeight"), abs=1
    )
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


def test_point_leads_to_where_its_row_comes_from(charts: Charts) -> None:
    lines = {"New York": of(days(2), cases=[1, 2])}
    keys = {"New York": {"fips": "36"}}
    charts.publish(lines, group="state", key=["date", "fips"], keys=keys)
    charts.open()
    charts.page.get_by_text("All points of cases as a table").click()
    charts.page.get_by_role("link", name="where from? 2020-03-02 New York").click()
    form = charts.page.locator("form.key")
    expect(form.get_by_label("date")).to_have_value("2020-03-02")
    expect(form.get_by_label("fips")).to_have_value("36")
    # A dataset without a key has no such way.
    charts.publish(lines, group="state", key=[])
    charts.open()
    charts.page.get_by_text("All points of cases as a table").click()
    expect(charts.page.get_by_role("cell", name="New York")).to_have_count(2)
    expect(charts.page.get_by_role("link", name="where from?")).to_have_count(0)


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
          const place = { clientX: left + width, clientY: top + 9 };
          const traits = { pointerType: "touch", bubbles: true, ...place };
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
            """(figure) => Object.fromEntries(
              [...figure.querySelectorAll(".legend li")].map((item) =>
              [item.querySelector("bdi").textContent,
                getComputedStyle(item.querySelector("line")).stroke]))"""
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


def moment(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def test_groups_that_are_measured_at_other_seconds_are_read_together(charts: Charts) -> None:
    start = datetime(2026, 11, 1, tzinfo=timezone.utc)
    cities = {
        name: of(
            [
                (start + timedelta(hours=h, seconds=late * h)).isoformat().replace("+00:00", "Z")
                for h in range(24)
            ],
            warmth=[place + hour for hour in range(24)],
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
    turn = "(isDark) => document.documentElement.classList.toggle('dark', isDark)"
    charts.page.evaluate(turn, theme == "dark")
    charts.open()
    charts.drawn()
    with charts.page.expect_download() as begun:
        charts.page.get_by_role("button", name="Picture (PNG) of Cases, all so far").click()
    assert begun.value.suggested_filename == "tried.charts-Cases-all-so-far.png"
    png = begun.value.path().read_bytes()
    colours = charts.page.evaluate(READ_PICTURE, list(png))
    assert (colours["width"], colours["height"]) == (2000, 1120)
    ground = {"light": [255, 255, 255], "dark": [22, 29, 45]}[theme]
    assert colours["corner"] == ground
    # Title, legend, axis' name, line and footer are there.
    assert all(count > 50 for count in colours["inked"].values()), colours["inked"]
    charts.page.evaluate(turn, arg=False)


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
    group = {
        text: of(days(10), **{name: list(range(10))}) for text in (name, "", "\u202egnp", "x" * 500)
    }
    charts.publish(group, measure, group="<i>g</i>")
    charts.open()
    charts.drawn()
    expect(charts.page.get_by_text(name).first).to_be_visible()
    expect(charts.page.locator("main img, main b, main i")).to_have_count(0)
    expect(charts.page).not_to_have_title("run")
    with charts.narrow(360):
        # The charts follow the window once it has its new width.
        fits = "document.documentElement.scrollWidth <= innerWidth"
        assert until(lambda: bool(charts.page.evaluate(fits)), seconds=10, poll=0.1)


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
    expect(charts.page.get_by_role("main").get_by_role("alert")).to_have_text(
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

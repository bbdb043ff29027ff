"""The page of Sluice over data of real runs, in a real browser."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.browser.sluice_page import DAILY, STATES, VIEWS, SluicePage, sluice_page
from tests.support.png import read_png
from tests.support.scheduled_runs import ScheduledRuns
from tests.support.second_api_server import PASSWORD, second_api_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from infra.local.stack import Stack
    from tests.browser.airflow_pages import AirflowPages

COUNTS = (
    "read", "inserted", "updated", "unchanged", "superseded", "delivered", "deleted", "rejected",
)  # fmt: skip
AS_OF = "2020-12-03T08:30:00Z"
PARTS_OF_A_DATE = 4  # year, month, day and calendar of one field are stops of their own
# What can be tabbed to, in the order of the page, that is visible.
TABBABLE = """
() => [...document.querySelectorAll('a[href], button, input, select, summary, [tabindex="0"]')]
  .filter(each => !each.disabled && each.checkVisibility({visibilityProperty: true}))
  .map(each => each.outerHTML.slice(0, 200))
"""
FOCUSED = """
() => {
  const each = document.activeElement;
  if (!each || each === document.body) return null;
  const {outlineStyle, outlineWidth} = getComputedStyle(each);
  const {width, height} = each.getBoundingClientRect();
  return {
    html: each.outerHTML.slice(0, 200),
    isSeen: outlineStyle !== "none" && parseFloat(outlineWidth) > 0 && width > 0 && height > 0,
  };
}
"""
# Where a chart has its points, in pixels of its element: [x, y, value] of each.
PLACES = """
chart => {
  const [inside, whole] = [chart.plot.over, chart].map(each => each.getBoundingClientRect());
  const [left, top] = [inside.left - whole.left, inside.top - whole.top];
  const [xs, ys] = chart.plot.data;
  const place = (value, scale) => chart.plot.valToPos(value, scale);
  return xs.map((x, i) => [left + place(x, "x"), top + place(ys[i], "y"), ys[i]]);
}
"""
COLOUR = "name => getComputedStyle(document.documentElement).getPropertyValue(name).trim()"


@pytest.fixture(scope="module")
def ran(stack: Stack, warm_ui: str) -> ScheduledRuns:
    """Both tables of the GitHub pipeline, loaded once; what is on the page is of these runs."""
    assert warm_ui == stack.running.ui_url
    runs = ScheduledRuns(stack)
    runs.forget(DAILY["sink"], DAILY["dag"])
    runs.forget(STATES["sink"], STATES["dag"])
    started = {
        dag: stack.api.trigger(dag, {"as_of": AS_OF}) for dag in (DAILY["dag"], STATES["dag"])
    }
    for dag, run_id in started.items():
        assert runs.wait(dag, run_id) == "success"
    return runs


@pytest.fixture
def sluice(browser: Browser, ran: ScheduledRuns) -> Iterator[SluicePage]:
    """The page; at its end the browser has complained of nothing."""
    with sluice_page(browser, ran.stack.running.ui_url) as page:
        yield page
        assert page.troubles == []


@pytest.mark.usefixtures("ran")
def test_page_opens_from_the_navigation_and_from_the_page_of_a_dag(pages: AirflowPages) -> None:
    page = pages.page
    page.goto(pages.url)
    page.get_by_role("link", name="Sluice", exact=True).click()
    frame = page.frame_locator("iframe")
    expect(frame.get_by_role("heading", name="Overview")).to_be_visible()
    expect(frame.locator("tbody tr").filter(has_text=DAILY["sink"])).to_be_visible()
    pages.open_dag(DAILY["dag"])
    page.get_by_role("link", name="Data", exact=True).click()
    expect(frame.locator(".chart").first).to_be_visible()


@pytest.mark.parametrize("sink", [DAILY["sink"], STATES["sink"]])
def test_numbers_of_the_overview_are_those_of_the_ledger(
    sluice: SluicePage, ran: ScheduledRuns, sink: str
) -> None:
    sluice.open()
    names = ", ".join(COUNTS)
    (told,) = ran.query(
        f"select {names} from ops.run where sink = %s order by finished_at desc limit 1", sink
    )
    assert sum(told) > 0
    assert {name: sluice.count(sink, name) or 0 for name in COUNTS} == dict(
        zip(COUNTS, told, strict=True)
    )


@pytest.mark.parametrize("measure", ["Cases", "Deaths", "Recovered"])
def test_chart_has_a_point_for_each_row_at_the_height_of_its_value(
    sluice: SluicePage, ran: ScheduledRuns, measure: str
) -> None:
    sluice.open("dataset", **DAILY)
    chart = sluice.chart(measure)
    chart.scroll_into_view_if_needed()
    rows = ran.query(f"select {measure.lower()}::float from covid.us_daily order by date")
    values = [value for (value,) in rows]
    known = [value for value in values if value is not None]
    expect(chart).to_have_attribute("data-points", str(len(known)))
    places = chart.evaluate(PLACES)
    assert [value for _, _, value in places] == values
    picture = read_png(chart.screenshot())
    line = sluice.page.evaluate(COLOUR, "--series-1").removeprefix("#")
    wanted = tuple(bytes.fromhex(line))
    drawn = [(x, y, value) for x, y, value in places if value is not None]
    missing = [(x, y) for x, y, _ in drawn if picture.colour(x, y) != wanted]
    assert missing == []
    # A value twice as far from another is twice as far above it.
    (_, low, least), (_, high, most) = min(drawn, key=_value), max(drawn, key=_value)
    for _, y, value in drawn:
        assert (low - y) / (low - high) == pytest.approx((value - least) / (most - least), abs=0.01)


def _value(point: tuple[float, float, float]) -> float:
    return point[2]


def test_states_can_be_chosen_and_their_points_are_the_rows_of_the_table(
    sluice: SluicePage, ran: ScheduledRuns
) -> None:
    sluice.open("dataset", **STATES)
    expect(sluice.chart("Cases")).to_be_visible()
    states = ran.query("select state, count(*) from covid.us_states_daily group by 1")
    points = (sluice.chart("Cases").get_attribute("data-points") or "").split(",")
    counts = {str(count) for _, count in states}
    assert set(points) <= counts


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("view", VIEWS)
def test_scan_finds_nothing_above_minor(
    browser: Browser, ran: ScheduledRuns, view: str, scheme: str
) -> None:
    with sluice_page(browser, ran.stack.running.ui_url, color_scheme=scheme) as sluice:
        sluice.open(view, **DAILY)
        assert sluice.page.evaluate("document.documentElement.classList.contains('dark')") == (
            scheme == "dark"
        )
        assert sluice.findings() == []
        assert sluice.troubles == []


def test_page_is_dark_where_airflow_is_and_follows_it(pages: AirflowPages) -> None:
    page = pages.page
    page.goto(f"{pages.url}/plugin/sluice")
    root = page.frame_locator("iframe").locator("html")
    expect(page.frame_locator("iframe").get_by_role("heading", name="Overview")).to_be_visible()
    for theme in ("dark", "light"):
        page.evaluate("theme => document.documentElement.className = theme", theme)
        expect(root).to_have_class("dark" if theme == "dark" else "")


@pytest.mark.parametrize(
    "window",
    [
        pytest.param({"viewport": {"width": 360, "height": 740}}, id="360 px"),
        pytest.param({"viewport": {"width": 1600, "height": 900}}, id="1600 px"),
        # What a window of 1280 px has left at 200 %.
        pytest.param(
            {"viewport": {"width": 640, "height": 400}, "device_scale_factor": 2}, id="zoom 200 %"
        ),
    ],
)
def test_no_view_is_wider_than_its_window(
    browser: Browser, ran: ScheduledRuns, window: dict[str, Any]
) -> None:
    with sluice_page(browser, ran.stack.running.ui_url, **window) as sluice:
        for view in VIEWS:
            sluice.open(view, **DAILY)
            assert not sluice.is_wider_than_window(), view
        assert sluice.troubles == []


@pytest.mark.parametrize("view", VIEWS)
def test_keyboard_alone_reaches_everything_sees_where_it_is_and_is_never_trapped(
    sluice: SluicePage, view: str
) -> None:
    sluice.open(view, **DAILY)
    wanted = sluice.page.evaluate(TABBABLE)
    reached: list[str] = []
    for _ in range(PARTS_OF_A_DATE * len(wanted) + 2):
        sluice.page.keyboard.press("Tab")
        focused = sluice.page.evaluate(FOCUSED)
        if focused is None or (focused["html"] in reached[:-PARTS_OF_A_DATE]):
            break
        assert focused["isSeen"], focused["html"]
        reached.append(focused["html"])
    assert set(wanted) == set(reached)
    assert max(Counter(reached).values()) <= PARTS_OF_A_DATE


@pytest.fixture(scope="module")
def strict_url(ran: ScheduledRuns, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An Airflow over the same data whose users see one DAG, or none."""
    folder = tmp_path_factory.mktemp("second-api-server")
    grants = {"reader": [DAILY["dag"]], "stranger": []}
    with second_api_server(ran.stack, folder, grants, role="viewer") as url:
        yield url


def log_in(page: Page, url: str, name: str) -> None:
    page.goto(url)
    page.get_by_label("Username").fill(name)
    page.locator("input[type=password]").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{url}/")


@pytest.mark.parametrize(("name", "seen"), [("reader", [DAILY["sink"]]), ("stranger", [])])
def test_user_sees_the_datasets_of_those_dags_that_airflow_lets_the_user_read(
    browser: Browser, strict_url: str, name: str, seen: list[str]
) -> None:
    with sluice_page(browser, strict_url) as sluice:
        log_in(sluice.page, strict_url, name)
        sluice.troubles.clear()
        sluice.open()
        for dataset in (DAILY, STATES):
            expect(sluice.row(dataset["sink"])).to_have_count(int(dataset["sink"] in seen))
            path = f"/sluice/api/dags/{dataset['dag']}/summary?sink={dataset['sink']}"
            answer = sluice.page.request.get(strict_url + path)
            assert answer.status == (200 if dataset["sink"] in seen else 403)
            # Values take the right to start runs, which a viewer has not.
            values = sluice.page.request.get(strict_url + path.replace("/summary", "/values"))
            assert values.status == 403
            assert dataset["sink"] in seen or dataset["sink"] not in sluice.page.content()


def test_who_is_not_logged_in_gets_nothing(browser: Browser, strict_url: str) -> None:
    context = browser.new_context()
    for path in ("", "static/main.js", "api/overview", "api/dags/covid_us_daily/summary?sink=a"):
        assert context.request.get(f"{strict_url}/sluice/{path}").status == 401
    context.close()

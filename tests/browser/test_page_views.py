"""The views of the page Sluice: overview, quality, and where a row comes from."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import pytest
from playwright.sync_api import expect

from include.core.summaries.summary import PREFIX, key_of
from infra.local import aws
from tests.support.other_github import other_github
from tests.support.required_actions import (
    QUESTIONS_DAG,
    TABLE,
    RequiredActions,
    asking_dag,
    morning,
    publish,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Error, Frame, FrameLocator, Locator, Page, Route

    from infra.local.stack import Stack
    from tests.browser.airflow_pages import AirflowPages
    from tests.support.scheduled_runs import ScheduledRuns

DAG = "covid_us_daily"
STATES = "covid.us_states_daily"
COUNTS = ("read", "inserted", "updated", "unchanged", "superseded", "delivered", "deleted")
LONG = "x" * 500
HOSTILE = f'<img src=x onerror="alert(1)">\u202etxt.exe =HYPERLINK("javascript:alert(1)") {LONG}'


@dataclass(frozen=True, kw_only=True)
class Sluice:
    """The page in Airflow's frame.

    Attributes:
        page: the browser's tab.
        url: of Airflow.
    """

    page: Page
    url: str

    @property
    def shown(self) -> FrameLocator:
        return self.page.frame_locator("iframe")

    @property
    def frame(self) -> Frame:
        (frame,) = [each for each in self.page.frames if each != self.page.main_frame]
        return frame

    def open(self) -> None:
        """By Airflow's navigation."""
        self.page.goto(f"{self.url}/")
        self.page.get_by_role("link", name="Sluice").click()
        expect(self.shown.get_by_role("heading", level=1)).to_have_text("Overview")

    def show(self, view: str, **values: str) -> None:
        """Open a view by its address."""
        self.open()
        self.frame.evaluate("address => { location.hash = address }", f"{view}?{urlencode(values)}")

    def row(self, sink: str) -> Locator:
        return self.shown.get_by_role("row").filter(has_text=sink)

    def focused(self) -> str:
        """The id of the element that the keyboard is at."""
        return str(self.frame.evaluate("document.activeElement.id"))


@dataclass(frozen=True, kw_only=True)
class LeftObjects:
    """What runs have left for the page, and what a test puts there itself.

    Attributes:
        client: of S3.
        bucket: the lake's.
    """

    client: Any
    bucket: str

    def put(self, kind: str, name: str, value: Any) -> None:
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.client.put_object(Bucket=self.bucket, Key=key_of(kind, name), Body=body)

    def clear(self) -> None:
        listed = self.client.list_objects_v2(Bucket=self.bucket, Prefix=PREFIX)
        for each in listed.get("Contents", []):
            self.client.delete_object(Bucket=self.bucket, Key=each["Key"])


@pytest.fixture
def sluice(pages: AirflowPages) -> Iterator[Sluice]:
    """The page, whose scripts must not fail, and must run nothing that data brings."""
    said: list[str] = []

    def hear(error: Error) -> None:
        # Airflow's own pages miss their editor, which comes from the internet.
        if "/sluice/" in (error.stack or ""):
            said.append(str(error))

    pages.page.on("pageerror", hear)
    pages.page.on("dialog", lambda dialog: said.append(dialog.message))
    yield Sluice(page=pages.page, url=pages.url)
    assert said == []


@pytest.fixture
def left(stack: Stack) -> Iterator[LeftObjects]:
    client = aws.client("s3", stack.running.endpoint)
    objects = LeftObjects(client=client, bucket=stack.running.outputs["LakeBucket"])
    objects.clear()
    yield objects
    objects.clear()


def summary_of(sink: str, **more: Any) -> dict[str, Any]:
    """A summary as a run leaves it, of one run that has rejected a row."""
    moment = "2026-01-02T03:04:05Z"
    counts = dict.fromkeys((*COUNTS, "duplicate", "rejected"), 0)
    run: dict[str, Any] = {
        **counts,
        "dag_id": DAG,
        "run_id": "by hand",
        "status": "success",
        "question": None,
        "as_of": moment,
        "started_at": moment,
        "finished_at": moment,
        "read": 7,
        "rejected": 1,
        "failed_task": None,
        "cause": None,
        "rejects_by_code": {"bad_number": 1},
        "warnings": [],
    }
    reject = {
        "run_id": "by hand",
        "dag_id": DAG,
        "file": "some.csv",
        "version": "v1",
        "line": 3,
        "column_name": "cases",
        "code": "bad_number",
        "reason": "no number",
        "rejected_at": moment,
    }
    return {
        "version": 1,
        "revision": "one",
        "sink": sink,
        "dag_id": DAG,
        "pipeline": "github_csv_to_postgres",
        "title": sink,
        "description": "",
        "schedule": None,
        "due": None,
        "written_at": moment,
        "key": ["date"],
        "chart": None,
        "runs": [run],
        "rejects": [reject],
        "open_rejects": {
            "total": 1,
            "by_code": [{"code": "bad_number", "rows": 1, "since": moment}],
        },
        "rules": [],
        **more,
    }


@pytest.mark.usefixtures("left")
def test_overview_shows_a_run_with_the_counts_of_the_ledger_and_links_to_it(
    sluice: Sluice, runs: ScheduledRuns
) -> None:
    run_id, state = runs.trigger(DAG, as_of="2020-12-03T08:30:00Z")
    assert state == "success"
    (entered,) = runs.query(
        f"select {', '.join((*COUNTS, 'rejected'))} from ops.run where run_id = %s", run_id
    )
    sluice.open()
    row = sluice.row("covid.us_daily")
    for name, count in zip((*COUNTS, "rejected"), entered, strict=True):
        expect(row.locator(f'[data-label="{name}"]')).to_have_text(str(count))
    expect(row.get_by_role("img")).to_have_attribute(
        "aria-label", f"1 last run: 1 success; {entered[0]} to {entered[0]} rows read"
    )
    row.get_by_role("link", name="run").click()
    sluice.page.wait_for_url(f"**/dags/{DAG}/runs/{quote(run_id, safe='')}")


@pytest.mark.usefixtures("left")
def test_log_of_a_run_is_that_of_its_last_task(sluice: Sluice, runs: ScheduledRuns) -> None:
    run_id, _ = runs.trigger(DAG, as_of="2020-12-03T08:30:00Z")
    sluice.open()
    sluice.row("covid.us_daily").get_by_role("link", name="log").click()
    sluice.page.wait_for_url(f"**/dags/{DAG}/runs/{quote(run_id, safe='')}/tasks/announce")


@pytest.mark.usefixtures("left")
def test_dataset_without_a_summary_never_ran_or_has_lost_it_as_airflow_says(
    sluice: Sluice, runs: ScheduledRuns
) -> None:
    assets = runs.stack.api.call("GET", "/assets", query={"name_pattern": STATES})["assets"]
    has_run = assets[0]["last_asset_event"]["timestamp"] is not None
    sluice.open()
    row = sluice.row(STATES)
    expect(row.locator('[data-label="State"]')).to_have_text("unknown" if has_run else "never")
    row.get_by_role("link", name="start").click()
    sluice.page.wait_for_url("**/dags/covid_us_states_daily")


def test_states_are_words_and_what_is_worst_comes_first(sluice: Sluice, left: LeftObjects) -> None:
    past, future = "2026-01-03T00:00:00Z", "2999-01-01T00:00:00Z"
    good = summary_of("good", due=future)
    (run,) = good["runs"]
    asks = {**run, "status": "skipped", "question": "asked"}
    left.put("sinks", "good", good)
    left.put("sinks", "overdue", summary_of("overdue", due=past))
    left.put("sinks", "asks", summary_of("asks", due=past, runs=[asks]))
    left.put("sinks", "fell", summary_of("fell", runs=[{**run, "status": "failed"}]))
    sluice.open()
    states = sluice.shown.locator('td[data-label="State"]')
    known = sluice.shown.get_by_role("row").filter(has_text="github_csv_to_postgres")
    expect(known.locator('[data-label="State"]')).to_have_text(
        ["failed", "late", "waiting", "green"]
    )
    expect(states.first).to_have_text("failed")
    expect(sluice.row("overdue").locator('[data-label="Freshness"]')).to_contain_text("late by")


def test_list_is_filtered_and_sorted_by_keyboard_and_its_address_says_so(
    sluice: Sluice, left: LeftObjects
) -> None:
    for rows, name in ((5, "one"), (900, "two"), (70, "three")):
        (run,) = summary_of(name)["runs"]
        left.put("sinks", name, summary_of(name, runs=[{**run, "read": rows}]))
    sluice.open()
    sluice.shown.get_by_role("searchbox").press_sequentially("by hand")
    expect(sluice.shown.get_by_role("status").last).to_have_text(re.compile(r"^0 of \d+ datasets$"))
    sluice.shown.get_by_role("searchbox").fill("github_csv_to_postgres")
    read = sluice.shown.locator('td[data-label="read"]')
    button = sluice.shown.get_by_role("button", name="read", exact=True)
    button.press("Enter")
    expect(read).to_have_text(["900", "70", "5"])
    heading = sluice.shown.get_by_role("columnheader", name="read")
    expect(heading).to_have_attribute("aria-sort", "descending")
    button.press("Enter")
    expect(read).to_have_text(["5", "70", "900"])
    expect(heading).to_have_attribute("aria-sort", "ascending")
    address = sluice.frame.evaluate("location.hash")
    assert address == "#overview?q=github_csv_to_postgres&sort=read"
    assert sluice.focused() == "sort-read"


def test_refresh_shows_news_and_leaves_focus_and_text_where_they_are(
    sluice: Sluice, left: LeftObjects
) -> None:
    left.put("sinks", "one", summary_of("one"))
    sluice.open()
    expect(sluice.shown.locator("#view[aria-busy]")).to_have_count(0)
    search = sluice.shown.get_by_role("searchbox")
    search.fill("two")
    expect(sluice.row("two")).to_have_count(0)
    left.put("sinks", "two", summary_of("two"))
    sluice.frame.evaluate("dispatchEvent(new Event('online'))")
    expect(sluice.row("two")).to_have_count(1)
    expect(search).to_be_focused()
    expect(search).to_have_value("two")


def test_page_follows_the_colours_and_the_time_zone_of_airflow(
    sluice: Sluice, left: LeftObjects
) -> None:
    left.put("sinks", "one", summary_of("one"))
    sluice.open()
    ended = sluice.row("one").locator('[data-label="Last run"] time').last
    expect(ended).to_have_text("2026-01-01 22:04")
    expect(ended).to_have_attribute("title", "2026-01-02 03:04:05 UTC")
    sluice.page.evaluate("localStorage.setItem('timezone', JSON.stringify('Asia/Kolkata'))")
    expect(ended).to_have_text("2026-01-02 08:34")
    sluice.page.evaluate("document.documentElement.className = 'dark'")
    expect(sluice.shown.locator("html")).to_have_class("dark")
    sluice.page.evaluate("document.documentElement.className = 'light'")
    expect(sluice.shown.locator("html")).not_to_have_class("dark")


def test_without_a_network_what_is_shown_stays_and_says_of_when_it_is(
    sluice: Sluice, left: LeftObjects
) -> None:
    left.put("sinks", "only", summary_of("only"))
    # Approvals are still asked for when the network comes back.
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    sluice.page.route(re.compile("/hitlDetails"), hold)
    sluice.open()
    sluice.page.context.set_offline(True)
    expect(sluice.shown.get_by_role("alert")).to_contain_text("What is shown is of")
    expect(sluice.row("only")).to_be_visible()
    sluice.page.context.set_offline(False)
    assert held
    for route in held:
        route.continue_()
    expect(sluice.shown.get_by_role("alert")).to_be_empty(timeout=30_000)


def test_library_for_charts_is_waited_for_by_charts_alone_and_asked_for_again(
    sluice: Sluice, left: LeftObjects
) -> None:
    chart = {"version": 1, "measures": [], "points": {"2026-01-02": 1}}
    left.put("sinks", "only", summary_of("only", chart={"measures": []}))
    left.put("charts", "only", chart)
    sluice.page.route("**/vendor/*", lambda route: route.abort())
    sluice.open()
    expect(sluice.row("only")).to_be_visible()
    sluice.show("dataset", dag=DAG, sink="only")
    said = sluice.shown.get_by_role("alert").filter(has_text="The charts cannot be shown")
    expect(said).to_contain_text("The library that draws them cannot be reached")
    sluice.page.unroute("**/vendor/*")
    sluice.shown.get_by_role("button", name="Reload").click()
    expect(said).not_to_contain_text("The library")


def test_rows_are_there_while_airflow_is_asked_for_approvals_and_stay_as_they_are_set(
    sluice: Sluice, left: LeftObjects
) -> None:
    for sink in ("only", "other"):
        left.put("sinks", sink, summary_of(sink))
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    sluice.page.route(re.compile("/hitlDetails"), hold)
    sluice.open()
    expect(sluice.row("other")).to_be_visible()
    asked = sluice.shown.get_by_text("Airflow is asked for approvals that wait")
    expect(asked).to_be_visible()
    search = sluice.shown.get_by_label("Search datasets")
    search.fill("onl")
    for route in held:
        route.continue_()
    expect(asked).to_have_count(0)
    expect(search).to_have_value("onl")
    expect(sluice.row("only")).to_be_visible()
    expect(sluice.row("other")).to_have_count(0)


def test_summary_that_is_older_than_its_newest_run_says_so(
    sluice: Sluice, runs: ScheduledRuns, left: LeftObjects
) -> None:
    assert runs.trigger(DAG, as_of="2020-12-03T08:30:00Z")[1] == "success"
    left.put("sinks", "covid.us_daily", summary_of("covid.us_daily"))
    sluice.show("quality", dag=DAG, sink="covid.us_daily")
    expect(sluice.shown.get_by_role("note")).to_contain_text("a newer run has left no summary")
    sluice.open()
    expect(sluice.row("covid.us_daily")).to_contain_text("a newer run has left no summary")


def test_missing_or_broken_summaries_say_what_to_do(sluice: Sluice, left: LeftObjects) -> None:
    left.put("sinks", "broken", b"{")
    left.put("sinks", "half", {"version": 1, "sink": "half", "dag_id": DAG, "title": "half"})
    sluice.show("quality", dag=DAG, sink="none")
    expect(sluice.shown.get_by_role("heading", level=1)).to_have_text("No summary yet")
    expect(sluice.shown.get_by_role("button", name="Write all summaries anew")).to_be_visible()
    sluice.show("quality", dag=DAG, sink="half")
    expect(sluice.shown.get_by_role("heading", level=1)).to_have_text("The summary cannot be read")
    sluice.open()
    expect(sluice.shown.get_by_role("alert").last).to_contain_text("2 summaries cannot be read")


@pytest.mark.usefixtures("left")
def test_approval_that_waits_stands_on_top_with_the_way_to_its_answer(
    sluice: Sluice, runs: ScheduledRuns, tmp_path: Path
) -> None:
    root = tmp_path / "github"
    publish(root, 25)
    with other_github(runs.stack, root), asking_dag(runs) as dag:
        runs.forget(TABLE, dag)
        for day in (25, 26):
            assert runs.trigger(dag, as_of=morning(day))[1] == "success"
        actions = RequiredActions(runs)
        asked, _ = actions.wait_for()
        sluice.open()
        item = sluice.shown.get_by_role("listitem").filter(has_text="may 5 of 10 rows go?")
        item.get_by_role("link", name="answer it").click()
        sluice.page.wait_for_url(
            f"**/dags/{QUESTIONS_DAG}/runs/{quote(asked, safe='')}/required_actions"
        )
        expect(sluice.page.get_by_role("link", name="may 5 of 10 rows go?")).to_be_visible()
        # Other tests are to find their own question, and no other.
        actions.answer(asked, "Approve")
        assert runs.wait(QUESTIONS_DAG, asked) == "success"
        assert runs.wait(dag, f"approved__{asked}") == "success"


@pytest.mark.usefixtures("left")
def test_values_of_rejected_rows_are_shown_on_asking(sluice: Sluice, runs: ScheduledRuns) -> None:
    assert runs.trigger(DAG, as_of="2020-12-04T08:30:00Z")[1] == "success"
    ((raw, line, reason),) = runs.query("select raw, line, reason from ops.rejected_row")
    sluice.show("quality", dag=DAG, sink="covid.us_daily")
    rejected = sluice.shown.get_by_role("region", name="The newest 1 rejected row")
    expect(rejected.locator('[data-label="Line"]')).to_have_text(str(line))
    expect(rejected).to_contain_text(reason)
    expect(sluice.shown.get_by_text(raw, exact=True)).to_have_count(0)
    sluice.shown.get_by_role("button", name="Show values").press("Enter")
    expect(sluice.shown.get_by_text(raw, exact=True)).to_be_visible()
    assert sluice.focused() == "values"


def test_repair_is_asked_for_in_a_dialog_that_a_keyboard_can_use(
    sluice: Sluice, left: LeftObjects
) -> None:
    left.put("sinks", "one", summary_of("one"))
    sluice.show("quality", dag=DAG, sink="one")
    reasons = sluice.shown.get_by_role("region", name="Rejected rows by reason")
    reasons.get_by_role("button", name="Set aside").press("Enter")
    dialog = sluice.shown.get_by_role("dialog", name="Set rejected rows aside")
    expect(dialog).to_contain_text("1 row of one, rejected as bad_number")
    why = dialog.get_by_label("Why")
    expect(why).to_be_focused()
    sluice.page.keyboard.press("Enter")
    expect(dialog).to_be_visible()
    sluice.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(reasons.get_by_role("button", name="Set aside")).to_be_focused()


def test_run_that_cannot_be_started_says_why(sluice: Sluice, left: LeftObjects) -> None:
    left.put("sinks", "one", summary_of("one"))
    sluice.show("quality", dag=DAG, sink="one")
    sluice.page.route("**/dagRuns", lambda route: route.fulfill(status=403, json={}))
    reasons = sluice.shown.get_by_role("region", name="Rejected rows by reason")
    reasons.get_by_role("button", name="Replay").click()
    sluice.shown.get_by_role("dialog").get_by_role("button", name="Replay").click()
    expect(sluice.shown.locator("#news")).to_contain_text("a right that you do not have")


def test_history_of_a_row_is_read_from_the_newest_with_what_changed(
    sluice: Sluice, left: LeftObjects
) -> None:
    left.put("sinks", "one", summary_of("one"))
    left.put("traces", "asked/1", answer_of("one"))
    sluice.show("trace", dag=DAG, sink="one", key='{"date": "2020-11-04"}', run="asked/1")
    expect(sluice.shown.get_by_label("date")).to_have_value("2020-11-04")
    entries = sluice.shown.locator(".history-of-row > li")
    expect(entries).to_have_count(2)
    expect(entries.first).to_contain_text("updated")
    expect(entries.first.locator(".changed")).to_have_text("cases9, changed was 7")
    expect(entries.last.locator("pre")).to_have_text(HOSTILE)


def answer_of(sink: str) -> dict[str, Any]:
    """What a run of trace_row has found of a row."""
    moment = "2026-01-02T03:04:05Z"
    source = {"file": HOSTILE, "version": "v1", "line": 3, "raw": HOSTILE, "archive": HOSTILE}
    entry = {
        "dag_id": DAG,
        "run_id": "first",
        "as_of": moment,
        "finished_at": moment,
        "effect": "inserted",
        "values": {"date": "2020-11-04", "cases": 7},
        "sources": [source],
        "code": None,
        "reason": None,
    }
    newer = {**entry, "effect": "updated", "values": {"date": "2020-11-04", "cases": 9}}
    return {
        "version": 1,
        "dag_id": DAG,
        "sink": sink,
        "key": {"date": "2020-11-04"},
        "asked_at": moment,
        "now": {"date": "2020-11-04", "cases": 9},
        "history": [entry, {**newer, "sources": []}],
        "cut": None,
        "notes": [],
    }


def test_markup_formulas_and_long_text_are_text(sluice: Sluice, left: LeftObjects) -> None:
    (run,) = summary_of("x")["runs"]
    (reject,) = summary_of("x")["rejects"]
    names = ("file", "version", "column_name", "code", "reason")
    hostile = summary_of(
        HOSTILE,
        description=HOSTILE,
        runs=[{**run, "status": "failed", "cause": HOSTILE, "warnings": [HOSTILE]}],
        rejects=[{**reject, **dict.fromkeys(names, HOSTILE)}],
        rules=[{"words": HOSTILE, "severity": "error", "last_broken": None}],
    )
    left.put("sinks", HOSTILE, hostile)
    left.put("values", HOSTILE, {"version": 1, "revision": "one", "raw": [HOSTILE]})
    sluice.open()
    expect(sluice.row("github_csv_to_postgres")).to_contain_text("<img src=x")
    sluice.show("quality", dag=DAG, sink=HOSTILE)
    sluice.shown.get_by_role("button", name="Show values").click()
    expect(sluice.shown.get_by_role("columnheader", name="Raw text of the line")).to_be_visible()
    for view in ("quality", "trace"):
        sluice.show(view, dag=DAG, sink=HOSTILE)
        expect(sluice.shown.get_by_role("navigation", name="Views")).to_be_visible()
        expect(sluice.shown.locator("main img")).to_have_count(0)
        addresses = sluice.shown.locator("a[href]").evaluate_all("all => all.map(a => a.protocol)")
        assert set(addresses) == {"http:"}
        assert sluice.frame.evaluate(
            "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
        )


@pytest.mark.parametrize("width", [360, 800, 1280, 1600])
def test_no_width_pushes_the_page_sideways(sluice: Sluice, left: LeftObjects, width: int) -> None:
    left.put("sinks", "one", summary_of("one"))
    sluice.page.set_viewport_size({"width": width, "height": 800})
    for view in ("overview", "quality", "trace"):
        sluice.page.goto(f"{sluice.url}/sluice/#{view}?{urlencode({'dag': DAG, 'sink': 'one'})}")
        sluice.page.reload()
        expect(sluice.page.locator("main h1")).to_be_visible()
        wide = sluice.page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, view


def test_page_of_a_dag_shows_its_dataset_at_once(sluice: Sluice, left: LeftObjects) -> None:
    left.put("sinks", "one", summary_of("one"))
    sluice.page.goto(f"{sluice.url}/dags/{DAG}")
    sluice.page.get_by_role("link", name="Data", exact=True).click()
    tabs = sluice.shown.get_by_role("navigation", name="Views of this dataset")
    expect(tabs.get_by_role("link", name="Data")).to_have_attribute("aria-current", "page")
    tabs.get_by_role("link", name="Quality").press("Enter")
    expect(tabs.get_by_role("link", name="Quality")).to_have_attribute("aria-current", "page")
    assert sluice.focused() == "view"

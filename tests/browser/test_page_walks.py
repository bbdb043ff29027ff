"""What people start from the page, through real runs to what the page then shows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.sluice_page import DAILY, STATES, SluicePage, sluice_page
from tests.support.narrow_contract import MOST, ROWS, SINK, WAITING, rejected

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

    from tests.support.scheduled_runs import ScheduledRuns

RUN_MS = 120_000  # a run that the page waits for, and one that this one starts
REASON = "above_maximum"


@pytest.fixture
def sluice(browser: Browser, warm_ui: str) -> Iterator[SluicePage]:
    """The page; at its end the browser has complained of nothing."""
    with sluice_page(browser, warm_ui) as page:
        yield page
        assert page.troubles == []


def test_number_of_a_chart_is_followed_to_the_line_that_it_was_read_from(
    sluice: SluicePage, runs: ScheduledRuns
) -> None:
    assert runs.trigger(STATES["dag"], as_of="2020-12-03T08:30:00Z")[1] == "success"
    sluice.open("dataset", **STATES)
    page = sluice.page
    page.get_by_text("All points of cases as a table").click()
    way = page.get_by_role("link", name="where from?").last
    named = re.fullmatch(r"where from\? ([\d-]+) (.+)", way.inner_text().replace("\n", " ").strip())
    assert named
    day, state = named.groups()
    way.click()
    fips = page.get_by_label("fips").input_value()
    expect(page.get_by_label("date")).to_have_value(day)
    page.get_by_role("button", name="Ask").click()
    answer = page.locator("#answer")
    expect(answer.get_by_text("The row came in.")).to_be_visible(timeout=RUN_MS)
    found = runs.query(
        "select cases, deaths from covid.us_states_daily where date = %s and fips = %s", day, fips
    )
    ((cases, deaths),) = found
    line = f"{day},{state},{fips},{cases},{deaths}"
    expect(answer.locator("pre.raw")).to_have_text(line)


def test_rows_that_a_wider_contract_takes_are_replayed_from_the_page_which_says_so(
    sluice: SluicePage, runs: ScheduledRuns, tmp_path: Path
) -> None:
    with rejected(runs, tmp_path):
        assert runs.trigger("summarise")[1] == "success"
        ((refused,),) = runs.query(f"{WAITING} and code = %s", SINK, REASON)
        assert refused
        sluice.open("quality", **DAILY)
        reasons = sluice.page.get_by_role("region", name="Rejected rows by reason")
        row = reasons.locator("tbody tr").filter(has_text=REASON)
        expect(row.locator('[data-label="Waiting"]')).to_have_text(str(refused))
        row.get_by_role("button", name="Replay").click()
        sluice.page.get_by_role("dialog").get_by_role("button", name="Replay").click()
        expect(row.locator('[data-label="Waiting"]')).to_have_text("0", timeout=RUN_MS)
        expect(sluice.page.locator("#news")).to_contain_text("Rejected rows are read again")
        latest = sluice.page.get_by_role("region", name="rejected row")
        expect(latest.locator("tbody tr").filter(has_text="loaded").first).to_be_visible()
        assert len(runs.query(ROWS, MOST)) == refused

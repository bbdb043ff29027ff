"""What a newcomer reads on Airflow's pages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from tests.browser.airflow_pages import AirflowPages

DAG = "covid_us_daily"


def test_runbook_stands_on_the_page_of_its_dag(pages: AirflowPages) -> None:
    runbook = pages.open_runbook(DAG)
    expect(runbook.get_by_role("heading", level=2).last).to_have_text(
        "COVID-19 in the United States, by day"
    )
    leads = runbook.locator("strong")
    expect(leads).to_have_text(["Reads", "Writes", "Runs", "Safe to rerun because", "If it fails"])
    # This page sets each piece of code on a line of its own, in the middle of a sentence.
    expect(runbook.locator("code")).to_have_count(0)


def test_list_of_dags_says_that_schedules_are_off_and_how_to_turn_them_on(
    pages: AirflowPages,
) -> None:
    pages.page.goto(f"{pages.url}/dags?tags=covid")
    expect(pages.page.get_by_text("schedule off: make up SCHEDULE=1").first).to_be_visible()
    expect(pages.page).to_have_title(re.compile("schedules are off: make up SCHEDULE=1"))

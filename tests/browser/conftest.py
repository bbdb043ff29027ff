"""A real browser on the pages of the whole stack."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.browser.airflow_pages import AirflowPages
from tests.browser.chart_pages import CALL, Charts
from tests.support.chromium import MISSING, find_chromium, started_chromium
from tests.support.scheduled_runs import ScheduledRuns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page

    from infra.local.stack import Stack

# A run of five tasks, on two cores that do other work as well.
PATIENCE_MS = 60_000
FIRST_PAGE_MS = 180_000


@pytest.fixture(scope="session", autouse=True)
def chromium() -> str:
    """The browser's program. It comes before the stack, which a skipped test needs not start."""
    found = find_chromium()
    if found:
        return found
    if os.environ.get("CI", "").lower() in ("true", "1"):
        pytest.fail(MISSING)
    pytest.skip(MISSING)


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE_MS)
    with started_chromium(chromium) as started:
        yield started


@pytest.fixture(scope="session")
def warm_ui(browser: Browser, stack: Stack) -> str:
    """URL of Airflow's UI, which has been opened once: the first page of all takes long."""
    url = stack.running.ui_url
    page = browser.new_page()
    page.goto(url, timeout=FIRST_PAGE_MS)
    expect(page.get_by_role("link", name="Dags").first).to_be_visible(timeout=FIRST_PAGE_MS)
    page.close()
    return url


@pytest.fixture
def pages(browser: Browser, warm_ui: str) -> Iterator[AirflowPages]:
    """Airflow's UI as somebody sees it who comes for the first time."""
    url = warm_ui
    context = browser.new_context(
        viewport={"width": 1800, "height": 1000},
        # The UI shows and takes moments in the browser's time zone; five hours behind UTC tell.
        timezone_id="America/New_York",
        permissions=["clipboard-read", "clipboard-write"],
    )
    context.set_default_timeout(PATIENCE_MS)
    # Airflow's editor comes from the internet, which is not everywhere.
    context.route(lambda asked: not asked.startswith(url), lambda route: route.abort())
    yield AirflowPages(page=context.new_page(), url=url)
    context.close()


@pytest.fixture
def runs(stack: Stack) -> ScheduledRuns:
    """A stack with empty tables."""
    scheduled = ScheduledRuns(stack)
    scheduled.forget("covid.us_daily", "covid_us_daily")
    scheduled.forget("covid.us_states_daily", "covid_us_states_daily")
    return scheduled


@pytest.fixture(scope="module")
def tab(browser: Browser, stack: Stack) -> Iterator[Page]:
    """The page, to a viewer whom Airflow knows. Errors of scripts and foreign hosts are faults."""
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
        "request",
        lambda asked: (
            None if asked.url.startswith((url, "blob:", "data:")) else faults.append(asked.url)
        ),
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
        return tab.evaluate(CALL, [module, name, list(arguments)])

    return call


@pytest.fixture(scope="module")
def charts(tab: Page, stack: Stack) -> Iterator[Charts]:
    made = Charts(tab, stack)
    yield made
    made.forget()

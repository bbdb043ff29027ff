"""The page of Sluice as people use it, and what the browser says of it."""

from __future__ import annotations

import importlib.resources
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, ConsoleMessage, Locator, Page

PATIENCE_MS: Final = 60_000
DAILY: Final = {"dag": "covid_us_daily", "sink": "covid.us_daily"}
STATES: Final = {"dag": "covid_us_states_daily", "sink": "covid.us_states_daily"}
NOTHING: Final = "\u2013"  # a dash where there is no number
VIEWS: Final = ("overview", "dataset", "quality", "trace")
# Which WCAG rules, and what else is good practice: https://github.com/dequelabs/axe-core
_AXE: Final = (importlib.resources.files("axe_playwright_python") / "axe.min.js").read_text()
_SCAN: Final = """
async () => (await axe.run()).violations.map(found => ({
  rule: found.id, impact: found.impact, where: found.nodes.map(node => node.target.join(" ")),
}))
"""


@dataclass(frozen=True, kw_only=True)
class SluicePage:
    """The page in a tab of its own.

    Attributes:
        page: the tab.
        url: where Airflow answers.
        troubles: what the browser has complained of, and requests to other hosts.
    """

    page: Page
    url: str
    troubles: list[str] = field(default_factory=list)

    def open(self, view: str = "overview", **values: str) -> None:
        """Open a view, and wait until it is drawn."""
        # Another address before, so that the same view is loaded anew.
        self.page.goto("about:blank")
        self.page.goto(f"{self.url}/sluice/#{view}?{urlencode(values)}")
        self.wait()

    def wait(self) -> None:
        """Wait until the view is drawn."""
        expect(self.page.locator("#view h1")).to_be_visible()
        expect(self.page.locator("#view[aria-busy]")).to_have_count(0)

    def row(self, sink: str) -> Locator:
        """The row of a sink on the overview."""
        named = self.page.locator("bdi").get_by_text(sink, exact=True)
        return self.page.locator("tbody tr").filter(has=named)

    def count(self, sink: str, name: str) -> int | None:
        """A number on the overview; None where a dash says that there is none."""
        text = self.row(sink).locator(f'[data-label="{name}"]').inner_text().strip()
        return None if text == NOTHING else int(text.replace(",", ""))

    def chart(self, measure: str, *, number: int = 0) -> Locator:
        """A chart of a measure; the second one of a cumulative measure is its growth."""
        heading = self.page.get_by_role("heading", name=measure, exact=True)
        return self.page.locator(".measure").filter(has=heading).locator(".chart").nth(number)

    def findings(self) -> list[dict[str, Any]]:
        """What axe-core finds to be above minor."""
        # The page's policy allows no script of others; the driver may run one all the same.
        self.page.evaluate(_AXE)
        return [found for found in self.page.evaluate(_SCAN) if found["impact"] != "minor"]

    def is_wider_than_window(self) -> bool:
        """Whether the page itself scrolls sideways."""
        widths = "[document.documentElement.scrollWidth, innerWidth]"
        whole, window = self.page.evaluate(widths)
        return bool(whole > window)


@contextmanager
def sluice_page(browser: Browser, url: str, **options: Any) -> Iterator[SluicePage]:
    """Open a tab for somebody who comes for the first time, and watch it.

    Arguments:
        browser: which browser.
        url: where Airflow answers.
        options: of the browser's context, such as its viewport.
    """
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
    context.set_default_timeout(PATIENCE_MS)
    # On the laptop anyone is logged in.
    context.request.get(f"{url}/auth/token/login")
    troubles: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            troubles.append(f"{message.type}: {message.text}")

    def see(asked: str) -> None:
        if not asked.startswith((f"{url}/", "blob:", "about:")):
            troubles.append(f"request to {asked}")

    context.on("console", hear)
    context.on("weberror", lambda error: troubles.append(f"uncaught: {error.error}"))
    context.on("request", lambda request: see(request.url))
    yield SluicePage(page=context.new_page(), url=url, troubles=troubles)
    context.close()

"""The page of a dataset whose summary a test has made, and what a viewer does with its charts."""

from __future__ import annotations

import json
from contextlib import contextmanager
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote, urlencode

from playwright.sync_api import expect

from infra.local import aws

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from playwright.sync_api import Locator, Page

    from infra.local.stack import Stack

DAY = 86_400  # seconds
DAG = "covid_us_daily"
FIRST = date(2020, 3, 1)
MEASURE = {"name": "cases", "unit": "", "cumulative": True}
WARMTH = {"name": "warmth", "unit": "°C", "cumulative": False}
# Calls a function of a module. Python knows no undefined.
CALL = """async ([module, name, values]) => {
  const plain = (value) => value === undefined ? "undefined"
    : Array.isArray(value) ? value.map(plain)
    : value && typeof value === "object"
      ? Object.fromEntries(Object.entries(value).map(([name, part]) => [name, plain(part)]))
    : value;
  return plain((await import(`/sluice/static/${module}.js`))[name](...values));
}"""


FOLLOW = """(hash) => {
  document.querySelectorAll("h1").forEach((title) => { title.dataset.old = "yes"; });
  location.hash = hash;
}"""


class Charts:
    """The page of a dataset whose summary a test has made."""

    def __init__(self, page: Page, stack: Stack) -> None:
        self.page = page
        self._opened = 0
        self._keys: set[str] = set()
        self._bucket = stack.running.outputs["LakeBucket"]
        self._s3 = aws.client("s3", stack.running.endpoint)

    def publish(
        self,
        points: dict[str, Any],
        *measures: dict[str, Any],
        group: str | None = None,
        sink: str = "tried.charts",
        key: Sequence[str] = ("date",),
        **more: Any,
    ) -> None:
        """Leave a summary as runs do."""
        axes = {"date": "date", "measures": list(measures) or [MEASURE], "group": group}
        head = {"version": 1, "sink": sink, "written_at": "2026-11-27T10:00:00Z"}
        about: dict[str, Any] = {
            "revision": 1,
            "dag_id": DAG,
            "pipeline": "github_csv_to_postgres",
            "title": "Tried",
            "description": "Made by a test.",
            "schedule": None,
            "due": None,
            "key": list(key),
            "runs": [],
            "rejects": [],
            "open_rejects": {"total": 0, "by_code": []},
            "rules": [],
        }
        self._put(sink, "charts", {**head, **axes, "points": points, "cut": None, **more})
        self._put(sink, "sinks", {**head, **about, "chart": axes})

    def forget(self) -> None:
        """Take away the summaries, which the page of their DAG would show to other tests."""
        for key in sorted(self._keys):
            self._s3.delete_object(Bucket=self._bucket, Key=key)

    def _put(self, sink: str, kind: str, value: dict[str, Any]) -> None:
        key = f"page/v1/{kind}/{quote(sink, safe='')}.json"
        self._keys.add(key)
        self._s3.put_object(Bucket=self._bucket, Key=key, Body=json.dumps(value))

    def open(self, *, sink: str = "tried.charts", **choice: Any) -> None:
        """Follow the link to a view; no address is that of the view before."""
        self._opened += 1
        choice |= {"dag": DAG, "sink": sink, "opened": self._opened}
        self.page.evaluate(FOLLOW, f"#dataset?{urlencode(choice, doseq=True)}")
        expect(self.page.locator("h1:not([data-old])")).to_be_visible()

    def chosen(self) -> dict[str, list[str]]:
        """What the address says is chosen."""
        found = parse_qs(self.page.url.partition("#dataset?")[2])
        return {
            name: texts for name, texts in found.items() if name not in ("dag", "sink", "opened")
        }

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


def days(count: int, *, without: tuple[int, ...] = ()) -> list[str]:
    return [(FIRST + timedelta(d)).isoformat() for d in range(count) if d not in without]


def of(names: list[str], **measures: list[Any]) -> dict[str, Any]:
    return {"date": names, "values": measures}


def states(*names: str, count: int = 10) -> dict[str, Any]:
    """Each has a hundred more than the one before."""
    return {
        name: of(days(count), cases=[100 * place + day for day in range(count)])
        for place, name in enumerate(names, 1)
    }

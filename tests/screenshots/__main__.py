"""Takes the pictures of the page in docs/pictures: `make screenshots`.

A stack of its own runs a few DAGs on the data that ships with the project; then Chromium takes a
picture of each view within Airflow, light and dark.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from playwright.sync_api import Error as PageError
from playwright.sync_api import expect

from infra.common.errors import StackError
from infra.common.paths import REPOSITORY
from infra.common.watch_run import follow, wait_for_dag
from infra.local import stack as stacks
from infra.local.airflow.settings import Options
from tests.support.chromium import MISSING, find_chromium, started_chromium
from tests.support.png import read_png, to_palette

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playwright.sync_api import Browser, Frame, Page

PICTURES: Final = REPOSITORY / "docs" / "pictures"
# What is run, in this order: the state of which moment.
RUNS: Final = (
    ("covid_us_daily", "2020-12-03T08:30:00Z"),
    ("covid_us_daily", "2020-12-04T08:30:00Z"),
    ("covid_us_daily", "2020-12-05T08:30:00Z"),
    ("covid_us_states_daily", "2020-12-05T08:30:00Z"),
    ("weather_hourly", ""),
)
DAILY: Final = {"dag": "covid_us_daily", "sink": "covid.us_daily"}
ROW: Final = {"date": "2020-11-30"}
VIEWS: Final = ("overview", "dataset", "quality", "trace")
WINDOW: Final = {"width": 1280, "height": 800}
_PATIENCE_MS: Final = 120_000


def main() -> int:
    """Take all pictures; returns the exit code."""
    program = find_chromium()
    if not program:
        print(f"screenshots: {MISSING}", file=sys.stderr)  # noqa: T201 -- of a command
        return 1
    try:
        with (
            tempfile.TemporaryDirectory(prefix="sluice-screenshots-") as root,
            stacks.started(Path(root), Options(ui_port=None), say=say) as stack,
            started_chromium(program) as browser,
        ):
            expect.set_options(timeout=_PATIENCE_MS)
            run_all(stack)
            take_all(browser, stack.running.ui_url, PICTURES)
    except (StackError, PageError, AssertionError) as error:
        print(f"screenshots: {error}", file=sys.stderr)  # noqa: T201 -- as above
        return 1
    return 0


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 -- of a command


def run_all(stack: stacks.Stack) -> None:
    """Run the DAGs whose data is shown.

    Raises:
        StackError: one does not succeed.
    """
    for dag_id, as_of in RUNS:
        wait_for_dag(stack.api, dag_id, None)
        run_id = stack.api.trigger(dag_id, {"as_of": as_of} if as_of else {})
        if not follow(stack.api, dag_id, run_id, say):
            raise StackError(f"{dag_id} {run_id} failed")


def take_all(browser: Browser, url: str, folder: Path, *, views: Sequence[str] = VIEWS) -> None:
    """Take a picture of each view, light and dark."""
    folder.mkdir(parents=True, exist_ok=True)
    for scheme in ("light", "dark"):
        context = browser.new_context(viewport=WINDOW, color_scheme=scheme)  # type: ignore[arg-type] # one of two
        context.set_default_timeout(_PATIENCE_MS)
        # Airflow's editor comes from the internet, which is not everywhere.
        context.route(lambda asked: not asked.startswith(url), lambda route: route.abort())
        page = context.new_page()
        page.goto(f"{url}/plugin/sluice")
        frame = _frame_of(page)
        for view in views:
            _open(frame, view)
            content = to_palette(read_png(page.screenshot()))
            path = folder / f"{view}-{scheme}.png"
            path.write_bytes(content)
            say(f"{path}  {len(content) / 1000:.0f} kB")
        context.close()


def _frame_of(page: Page) -> Frame:
    element = page.locator("iframe").element_handle()
    frame = element.content_frame() if element else None
    if frame is None:
        raise StackError("Airflow shows no frame with the page")
    expect(frame.get_by_role("heading", level=1)).to_be_visible()
    return frame


def _open(frame: Frame, view: str) -> None:
    values = {} if view == "overview" else {**DAILY}
    if view == "trace":
        values["key"] = json.dumps(ROW)
    frame.evaluate("hash => { location.hash = hash; }", f"{view}?{urlencode(values)}")
    expect(frame.locator("#view[aria-busy]")).to_have_count(0)
    if view == "overview":
        expect(frame.get_by_role("heading", name="Overview")).to_be_visible()
    if view == "dataset":
        expect(frame.locator(".chart canvas").first).to_be_visible()
    if view == "trace":
        frame.get_by_role("button", name="Ask").click()
        expect(frame.locator("#answer h2")).to_be_visible()


if __name__ == "__main__":
    sys.exit(main())

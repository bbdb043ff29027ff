"""Texts that are markup, scripts, formulas or no text at all are shown as text, and do nothing."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from include.core.aws.objects import ObjectStore
from include.core.summaries.summary import key_of
from tests.browser.sluice_page import VIEWS, SluicePage, sluice_page
from tests.support.hostile_summary import TEXTS, write_hostile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

    from infra.local.stack import Stack

DAG = "covid_us_daily"
SHOWN = 20  # characters that each place of the page shows at least
# What the page never makes, and what would run or load something.
FOREIGN = (
    "#view script, #view style, #view img, #view iframe, #view object, #view embed, #view base, "
    '#view [onerror], #view [onload], #view [onmouseover], [href^="javascript:" i]'
)
BLOCKED = """
() => new Promise(done => {
  const blocked = [];
  document.addEventListener("securitypolicyviolation", event => {
    blocked.push(event.effectiveDirective);
    if (blocked.length === 3) done(blocked.sort());
  });
  const script = document.createElement("script");
  script.textContent = "window.hacked = true";
  const image = document.createElement("img");
  image.src = "https://example.com/picture.png";
  const button = document.createElement("button");
  button.setAttribute("onclick", "window.hacked = true");
  document.body.append(script, image, button);
  button.click();
})
"""


@pytest.fixture(scope="module")
def hostile(stack: Stack) -> Iterator[dict[str, str]]:
    """Sinks with hostile texts, by the name of the text."""
    client = stack.emulator.client("s3")
    store = ObjectStore(client=client, bucket=stack.running.outputs["LakeBucket"])
    sinks = {name: f"hostile.{text[:100]}" for name, text in TEXTS.items()}
    for name, sink in sinks.items():
        write_hostile(store, TEXTS[name], sink=sink, dag_id=DAG)
    yield sinks
    for sink in sinks.values():
        for kind in ("sinks", "charts", "values"):
            client.delete_object(Bucket=store.bucket, Key=key_of(kind, sink))


@pytest.fixture
def sluice(browser: Browser, hostile: dict[str, str], warm_ui: str) -> Iterator[SluicePage]:
    """The page; at its end no script of a text has run, and nothing was asked of another host."""
    assert hostile
    with sluice_page(browser, warm_ui) as page:
        yield page
        assert page.page.evaluate("window.hacked") is None
        assert page.troubles == []


@pytest.mark.thorough(usual=15)
@pytest.mark.parametrize("view", [view for view in VIEWS if view != "overview"])
@pytest.mark.parametrize("name", TEXTS)
def test_text_is_text_in_each_view_of_a_dataset(
    sluice: SluicePage, hostile: dict[str, str], name: str, view: str
) -> None:
    sluice.open(view, dag=DAG, sink=hostile[name])
    if view == "quality":
        sluice.page.get_by_role("button", name="Show values").click()
        expect(sluice.page.get_by_role("button", name="Hide values")).to_be_visible()
    assert TEXTS[name][:SHOWN] in sluice.page.evaluate("document.body.textContent")
    expect(sluice.page.locator(FOREIGN)).to_have_count(0)
    assert not sluice.is_wider_than_window()


def test_texts_are_text_on_the_overview(sluice: SluicePage, hostile: dict[str, str]) -> None:
    sluice.open()
    shown = sluice.page.evaluate("document.body.textContent")
    for name in hostile:
        assert TEXTS[name][:SHOWN] in shown, name
    expect(sluice.page.locator(FOREIGN)).to_have_count(0)
    assert not sluice.is_wider_than_window()


def test_table_file_has_no_formula(
    sluice: SluicePage, hostile: dict[str, str], tmp_path: Path
) -> None:
    sluice.open("dataset", dag=DAG, sink=hostile["formula"])
    with sluice.page.expect_download() as download:
        sluice.page.get_by_role("button", name="(CSV)").first.click()
    path = tmp_path / "table.csv"
    download.value.save_as(path)
    rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"))))
    assert any("HYPERLINK" in cell for row in rows for cell in row)
    assert [cell for row in rows for cell in row if cell.startswith(("=", "+", "@", "\t"))] == []


def test_policy_blocks_scripts_of_the_page_and_pictures_of_others(
    browser: Browser, warm_ui: str
) -> None:
    with sluice_page(browser, warm_ui) as sluice:
        failed: list[tuple[str, str | None]] = []
        sluice.page.on("requestfailed", lambda asked: failed.append((asked.url, asked.failure)))
        sluice.open()
        blocked = sluice.page.evaluate(BLOCKED)
        assert blocked == ["img-src", "script-src-attr", "script-src-elem"]
        assert sluice.page.evaluate("window.hacked") is None
        # The browser has refused to ask for it.
        assert failed == [("https://example.com/picture.png", "csp")]


@pytest.mark.parametrize(
    "path", ["", "static/main.js", "static/none", "api/overview", "api/dags/none/summary?sink=a"]
)
def test_every_answer_has_the_policy(browser: Browser, warm_ui: str, path: str) -> None:
    with sluice_page(browser, warm_ui) as sluice:
        answer = sluice.page.request.get(f"{warm_ui}/sluice/{path}")
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "'unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"

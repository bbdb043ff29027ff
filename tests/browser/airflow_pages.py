"""Airflow's pages as people use them, and where on them things stand."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page


@dataclass(frozen=True, kw_only=True)
class TriggerForm:
    """The form that starts a run by hand.

    Attributes:
        page: where it is open.
        dialog: the form.
    """

    page: Page
    dialog: Locator

    def field(self, title: str) -> Locator:
        """A parameter with its title, input and description."""
        groups = self.dialog.get_by_role("region").get_by_role("group")
        return groups.filter(has_text=re.compile(f"^{re.escape(title)}"))

    def fill_as_of(self, moment: str) -> None:
        """Choose a moment, such as 2020-12-04T08:30, in the time zone of the browser."""
        self.field("As of").locator("input").fill(moment)

    def fill_text(self, title: str, text: str) -> None:
        self.field(title).get_by_role("textbox").fill(text)

    def switch_on(self, title: str) -> None:
        self.field(title).locator("label").filter(has_text=title).click()
        expect(self.field(title).get_by_role("checkbox")).to_be_checked()

    def trigger(self) -> str:
        """Start the run; its id."""
        self.dialog.get_by_role("button", name="Trigger", exact=True).click()
        self.page.wait_for_url("**/runs/*")
        return unquote(urlsplit(self.page.url).path.rsplit("/", 1)[-1])


@dataclass(frozen=True, kw_only=True)
class AirflowPages:
    """The UI of one stack.

    Attributes:
        page: the browser's tab.
        url: where the UI answers.
    """

    page: Page
    url: str

    def open_dag(self, dag_id: str) -> None:
        self.page.goto(f"{self.url}/dags/{dag_id}")

    def open_run(self, dag_id: str, run_id: str) -> None:
        self.page.goto(f"{self.url}/dags/{dag_id}/runs/{run_id}")

    def open_task(self, dag_id: str, run_id: str, task_id: str, tab: str = "") -> None:
        self.page.goto(f"{self.url}/dags/{dag_id}/runs/{run_id}/tasks/{task_id}/{tab}")

    def open_runbook(self, dag_id: str) -> Locator:
        self.open_dag(dag_id)
        self.page.get_by_role("button", name="Dag Docs").click()
        return self.page.get_by_role("dialog")

    def open_form(self, dag_id: str) -> TriggerForm:
        self.open_dag(dag_id)
        self.page.get_by_role("button", name="Trigger").click()
        return TriggerForm(page=self.page, dialog=self.page.get_by_role("dialog"))

    def tasks_of_run(self) -> Locator:
        """The rows of a run's task instances, on the run's page."""
        return self.page.get_by_role("row").filter(has=self.page.get_by_role("link"))

    def xcom(self, key: str) -> Locator:
        """The value of one key, on a task's XCom page."""
        cell = self.page.get_by_test_id("table-cell-key").get_by_text(key, exact=True)
        row = self.page.get_by_role("row").filter(has=cell)
        return row.get_by_test_id("table-cell-Value")

    def count(self, key: str) -> Locator:
        """A number of XCom, without the buttons beside it."""
        return self.xcom(key).get_by_role("paragraph")

    def copied(self, value: Locator) -> Any:
        """What the button beside a value of XCom copies, read as JSON."""
        value.get_by_role("button", name="Copy to clipboard").click()
        expect(value.get_by_role("button", name="Copied to clipboard")).to_be_visible()
        return json.loads(self.page.evaluate("navigator.clipboard.readText()"))

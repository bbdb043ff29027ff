"""The question whether rows may go, as a person meets it in Airflow's UI, and answers it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

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
    from pathlib import Path

    from tests.browser.airflow_pages import AirflowPages
    from tests.support.scheduled_runs import ScheduledRuns

SUBJECT = "covid.us_daily: may 5 of 10 rows go? (2020-12-22T08:30:00Z)"


def test_question_is_found_read_and_answered_where_airflow_lists_what_people_must_do(
    pages: AirflowPages, runs: ScheduledRuns, tmp_path: Path
) -> None:
    root = tmp_path / "github"
    publish(root, 21)
    page = pages.page
    with other_github(runs.stack, root), asking_dag(runs) as dag:
        runs.forget(TABLE, dag)
        for day in (21, 22):
            assert runs.trigger(dag, as_of=morning(day))[1] == "success"
        asked, _ = RequiredActions(runs).wait_for()
        page.goto(f"{pages.url}/required_actions")
        expect(page.get_by_role("link", name=SUBJECT)).to_be_visible()
        # Where the notice leads.
        page.goto(f"{pages.url}/dags/{QUESTIONS_DAG}/runs/{asked}/required_actions")
        page.get_by_role("link", name=SUBJECT).click()
        for count in ("rows of the snapshot before:", "gone:", "new:"):
            expect(page.get_by_text(count)).to_be_visible()
        expect(page.get_by_text('{"date": "2020-11-06"}')).to_be_visible()
        expect(page.get_by_text('{"date": "2020-11-10"}')).to_be_visible()
        expect(
            page.get_by_text("the snapshot is loaded, and the 5 rows are deleted")
        ).to_be_visible()
        expect(page.get_by_text("Without an answer within")).to_be_visible()
        expect(page.get_by_role("link", name="The run that asks")).to_be_visible()
        page.get_by_role("button", name="Approve").click()
        assert runs.wait(QUESTIONS_DAG, asked) == "success"
        assert runs.wait(dag, f"approved__{asked}") == "success"
    assert runs.query(f"select count(*) from {TABLE}") == [(5,)]

"""Files that land in S3, on Airflow's pages: the runs that they start, and those by hand."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from infra.local import aws

if TYPE_CHECKING:
    from infra.local.stack import Stack
    from tests.browser.airflow_pages import AirflowPages
    from tests.support.scheduled_runs import ScheduledRuns

DAG = "csv_upload_to_sqs"
KEY = "uploads/sqs/by hand.csv"
PATIENCE_SECONDS = 120
HELD = "select run_id, attempts from ops.arrival where key = %s and state = 'done'"


def land(stack: Stack, runs: ScheduledRuns) -> str:
    """Upload a file and wait for the run that it starts; that run's id."""
    s3 = aws.client("s3", stack.running.endpoint)
    bucket = stack.running.outputs["LandingBucket"]
    s3.put_object(Bucket=bucket, Key=KEY, Body=b"id,name\n1,a\n2,b\n")
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not runs.query("select 1 from pg_tables where tablename = 'arrival'"):
        assert time.monotonic() < deadline, "no run has begun"
        time.sleep(0.5)
    while not (found := runs.query(HELD, KEY)):
        assert time.monotonic() < deadline, "the file is not done"
        time.sleep(0.5)
    return str(found[0][0])


def test_form_asks_for_a_file_or_a_prefix_and_marks_no_box_as_required(pages: AirflowPages) -> None:
    form = pages.open_form(DAG)
    for title in ("Bucket", "Key", "Version", "Prefix"):
        expect(form.field(title).get_by_role("textbox")).to_have_value("")
    expect(form.field("Key")).to_contain_text("One file, such as uploads/sqs/orders.csv.")
    expect(form.field("Process again").get_by_role("checkbox")).to_be_checked()
    expect(form.dialog.get_by_text("*", exact=True)).to_have_count(0)


def test_file_that_landed_is_processed_again_by_hand_from_the_form(
    pages: AirflowPages, runs: ScheduledRuns
) -> None:
    first = land(runs.stack, runs)
    assert runs.wait(DAG, first) == "success"
    pages.open_run(DAG, first)
    expect(pages.tasks_of_run().filter(has_text="Success")).to_have_count(4)
    expect(pages.tasks_of_run().filter(has_text=KEY)).to_have_count(1)

    form = pages.open_form(DAG)
    form.fill_text("Key", KEY)
    again = form.trigger()
    assert runs.wait(DAG, again) == "success"
    expect(pages.tasks_of_run().filter(has_text="Success")).to_have_count(4)
    assert runs.query(HELD, KEY) == [(again, 2)]
    ledger = "select status, read, delivered from ops.run where run_id = any(%s)"
    assert runs.query(ledger, [first, again]) == [("success", 2, 2)] * 2
    expect(pages.tasks_of_run().filter(has_text="announce")).to_contain_text("2 read, 2 delivered")


def test_page_of_the_queue_shows_the_way_from_the_files_that_land(
    pages: AirflowPages, runs: ScheduledRuns
) -> None:
    assets = runs.stack.api.call("GET", "/assets")["assets"]
    (queue,) = (asset for asset in assets if asset["name"].startswith("sqs:"))
    pages.page.goto(f"{pages.url}/assets/{queue['id']}")
    for name in (f"{DAG}_arrivals", DAG, queue["name"]):
        node = pages.page.locator(".react-flow__node").get_by_text(name, exact=True)
        expect(node.first).to_be_visible()

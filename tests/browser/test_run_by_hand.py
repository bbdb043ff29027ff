"""A run by hand, from the form to what it leaves on Airflow's pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect

from infra.common.airflow_rest import now
from infra.local import outcome
from tests.support.updates import entered

if TYPE_CHECKING:
    from tests.browser.airflow_pages import AirflowPages
    from tests.support.scheduled_runs import ScheduledRuns

DAG = "covid_us_daily"
STATES = "covid_us_states_daily"
NOTICE_SECONDS = 120


def what_the_warehouse_holds(runs: ScheduledRuns) -> dict[str, list[Any]]:
    """Every row with the transaction that wrote it."""
    tables = ("covid.us_daily", "ops.run", "ops.rejected_row", "ops.outbox", "ops.sink")
    return {table: runs.query(f"select xmin::text, t::text from {table} t") for table in tables}


def test_form_says_what_can_be_asked_for(pages: AirflowPages) -> None:
    form = pages.open_form(DAG)
    as_of = form.field("As of")
    expect(as_of.locator("input")).to_have_attribute("type", "datetime-local")
    expect(as_of.locator("input")).to_have_value("")
    expect(as_of).to_contain_text(
        "as they stood at this moment, in the time zone at the bottom left"
    )
    expect(form.field("Fetch again").get_by_role("checkbox")).not_to_be_checked()
    expect(form.field("Fetch again")).to_contain_text("replace it in the archive")
    expect(form.field("Dry run").get_by_role("checkbox")).not_to_be_checked()
    expect(form.field("Dry run")).to_contain_text("Write nothing.")


def test_dry_run_writes_nothing_and_shows_downloads_by_source_counts_and_changes(
    pages: AirflowPages, runs: ScheduledRuns
) -> None:
    assert runs.trigger(DAG, as_of="2020-12-03T08:30:00Z")[1] == "success"
    held = what_the_warehouse_holds(runs)

    form = pages.open_form(DAG)
    form.fill_as_of("2020-12-04T03:30")
    form.switch_on("Dry run")
    run_id = form.trigger()
    assert runs.wait(DAG, run_id) == "success"
    expect(pages.tasks_of_run().filter(has_text="Success")).to_have_count(6)
    downloads = pages.tasks_of_run().filter(has_text="download")
    expect(downloads).to_have_count(2)
    for source in ("us", "combined"):
        named = pages.page.get_by_text(source, exact=True)
        expect(downloads.filter(has=named)).to_contain_text("Success")

    assert what_the_warehouse_holds(runs) == held
    expect(pages.tasks_of_run().filter(has_text="announce")).to_contain_text("no update")
    assert runs.updates(DAG, run_id) == []
    pages.open_task(DAG, run_id, "upsert", "xcom")
    for key, count in {"read": 59, "rejected": 1, "superseded": 0, "deleted": 0}.items():
        expect(pages.count(key)).to_have_text(str(count))
    assert "As of:       2020-12-04T08:30:00Z" in pages.copied(pages.xcom("notice"))["body"]
    logs = runs.stack.layout.logs / "airflow" / f"dag_id={DAG}" / f"run_id={run_id}"
    log = (logs / "task_id=upsert" / "attempt=1.log").read_text()
    changes: dict[str, list[Any]] = {"insert": [], "update": []}
    for change in pages.copied(pages.xcom("preview")):
        changes.setdefault(change["operation"], []).append((change["before"], change["after"]))
    expect(pages.count("inserted")).to_have_text(str(len(changes["insert"])))
    expect(pages.count("updated")).to_have_text(str(len(changes["update"])))
    assert [before for before, _ in changes["insert"]] == [None]
    assert len(changes["update"]) > 1
    for before, after in changes["update"]:
        assert before.keys() == after.keys()
        assert before["date"] == after["date"]
        assert before != after
        assert str(before["cases"]) not in log


def test_run_of_an_untouched_form_loads_the_newest_and_is_told_of(
    pages: AirflowPages, runs: ScheduledRuns
) -> None:
    since = now()
    run_id = pages.open_form(STATES).trigger()
    assert runs.wait(STATES, run_id) == "success"
    expect(pages.tasks_of_run().filter(has_text="Success")).to_have_count(5)
    update = entered(runs.query, STATES, run_id)
    last = pages.tasks_of_run().filter(has_text="announce")
    expect(last).to_contain_text(f"{update['read']} read, {update['inserted']} inserted")
    assert runs.updates(STATES, run_id) == [update]
    ((as_of, inserted),) = runs.query(
        "select as_of, inserted from ops.run where run_id = %s", run_id
    )
    assert since.replace(microsecond=0) <= as_of <= now()
    assert runs.query("select count(*) from covid.us_states_daily") == [(inserted,)]
    told = outcome.notice(runs.stack.running, run_id, since, seconds=NOTICE_SECONDS)
    assert f"{inserted} rows changed" in told
    assert "status=success" in told

"""What people and filters get to read of a load."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from include.core.runs.ledger import Counts, Details
from include.core.runs.notices import RunFacts
from include.pipelines.github_csv_to_postgres.notices import success_notice

if TYPE_CHECKING:
    from include.core.runs.outbox import Notice

FACTS = RunFacts(
    dag_id="covid_us_daily",
    run_id="manual__2020-12-01T10:00:00+00:00",
    dataset="covid_us_daily",
    as_of=datetime(2020, 12, 1, 8, 30, tzinfo=timezone.utc),
    ui_url="http://localhost:8080/",
)
COUNTS = Counts(
    read=10, rejected=2, duplicate=1, inserted=3, updated=2, unchanged=1, superseded=1, deleted=4
)


def success(*, counts: Counts = COUNTS, dry_run: bool = False, **details: Any) -> Notice:
    return success_notice(
        FACTS,
        counts=counts,
        details=Details(**details),
        duration=timedelta(seconds=12),
        dry_run=dry_run,
    )


def test_body_has_moment_counts_duration_link_and_rerun_command() -> None:
    body = success(rejects_by_code={"null": 2}, warnings=["recovered fell"]).body
    for line in (
        "As of:       2020-12-01T08:30:00Z",
        "Duration:    12 s",
        "Rows read:   10",
        "  inserted:   3",
        "Deleted:     4",
        "  - null: 2",
        "  - recovered fell",
        "http://localhost:8080/dags/covid_us_daily/runs/manual__2020-12-01T10%3A00%3A00%2B00%3A00",
        """airflow dags trigger covid_us_daily --conf '{"as_of": "2020-12-01T08:30:00Z"}'""",
    ):
        assert line in body


def test_subject_says_what_changed_was_rejected_and_warned_of() -> None:
    subject = success(warnings=["one"]).subject
    assert subject == "Sluice covid_us_daily: 9 rows changed, 2 rejected, 1 warning"


def test_attributes_are_those_that_filter_policies_match() -> None:
    assert success().attributes == {
        "dag_id": "covid_us_daily",
        "dataset": "covid_us_daily",
        "status": "success",
        "run_id": "manual__2020-12-01T10:00:00+00:00",
    }


def test_dry_run_is_called_one() -> None:
    notice = success(dry_run=True)
    assert notice.attributes["status"] == "dry_run"
    assert "would change" in notice.subject
    assert "nothing was written" in notice.body

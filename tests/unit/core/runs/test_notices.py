"""What people get to read of a run that failed, and what every notice keeps to."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

from hypothesis import example, given
from hypothesis import strategies as st

from include.core.runs.notices import RunFacts, failure_notice, format_moment

FACTS = RunFacts(
    dag_id="covid_us_daily",
    run_id="manual__2020-12-01T10:00:00+00:00",
    dataset="covid_us_daily",
    as_of=datetime(2020, 12, 1, 8, 30, tzinfo=timezone.utc),
    ui_url="http://localhost:8080/",
)


def test_moment_of_another_zone_is_written_in_utc() -> None:
    zone = timezone(timedelta(hours=-5))
    assert format_moment(datetime(2020, 12, 31, 20, 0, tzinfo=zone)) == "2021-01-01T01:00:00Z"


@given(task=st.text(max_size=120))
@example("two\nlines\rof\r\nthree")
@example("\x1b[31mred\x1b[0m")
@example("tâche \x7f\x85\u2028")
def test_subject_is_what_sns_takes_for_any_text(task: str) -> None:
    subject = failure_notice(FACTS, task=task, cause="c", log_url="http://log").subject
    assert re.fullmatch(r"[!-~][ -~]{0,98}", subject)
    whole = f"Sluice FAILED covid_us_daily: {task}"
    assert len(subject) == min(len(whole), 99)
    for found, char in zip(subject, whole, strict=False):
        assert found == (char if " " <= char <= "~" else " " if char.isspace() else "?")


def test_lines_to_copy_are_the_last_of_a_notice() -> None:
    below = "one\n\n  two\n"
    notice = failure_notice(FACTS, task="t", cause="c", log_url="http://log", below=below)
    assert notice.body.endswith(f"\n\n{below}")


def test_failure_names_task_cause_log_and_rerun_command() -> None:
    notice = failure_notice(FACTS, task="download [1]", cause="GitHub is out", log_url="http://log")
    assert notice.attributes["status"] == "failed"
    for text in ("download [1]", "GitHub is out", "http://log", "airflow dags trigger"):
        assert text in notice.body

"""What the notice of an upload run says of doing it again."""

from __future__ import annotations

import json
import shlex
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from include.core.arrivals.notices import end_notice, rerun_conf
from include.core.runs.ledger import Counts, Details
from include.core.runs.notices import RunFacts, failure_notice

DAG = "csv_upload_to_sqs"
FILES = [(f"uploads/sqs/it's {number}.csv", f"v{number}") for number in range(25)]
NAMED = [{"key": key, "version_id": version_id} for key, version_id in FILES]


def facts(conf: dict[str, Any] | None) -> RunFacts:
    return RunFacts(
        dag_id=DAG,
        run_id="r",
        dataset=DAG,
        as_of=datetime(2026, 11, 21, tzinfo=timezone.utc),
        ui_url="http://ui",
        conf=conf,
    )


@pytest.mark.parametrize(
    ("number", "conf"),
    [
        (0, {}),
        (1, NAMED[0]),
        (2, {"objects": NAMED[:2]}),
        (20, {"objects": NAMED[:20]}),
        (21, {"objects": NAMED[:20]}),
    ],
)
def test_one_file_is_named_by_its_key_and_several_as_objects(
    number: int, conf: dict[str, Any]
) -> None:
    assert rerun_conf(FILES[:number]) == conf


@pytest.mark.parametrize("number", [1, 2])
def test_notices_have_the_command_that_does_the_same_files_again(number: int) -> None:
    conf = rerun_conf(FILES[:number])
    notice = failure_notice(facts(conf), task="settle", cause="c", log_url="http://log")
    (line,) = (line for line in notice.body.splitlines() if line.startswith("Run again:"))
    *command, given = shlex.split(line.removeprefix("Run again:"))
    assert command == ["airflow", "dags", "trigger", DAG, "--conf"]
    assert json.loads(given) == conf


def test_run_without_a_file_has_nothing_that_could_be_run_again() -> None:
    notice = end_notice(
        facts(rerun_conf([])),
        counts=Counts(read=0),
        details=Details(),
        duration=timedelta(seconds=1),
        status="skipped",
    )
    assert "http://ui/dags/csv_upload_to_sqs/runs/r" in notice.body
    assert "Run again" not in notice.body


def test_run_that_was_given_no_files_is_done_again_by_its_moment() -> None:
    assert facts(None).rerun_command.endswith("""--conf '{"as_of": "2026-11-21T00:00:00Z"}'""")


@pytest.mark.parametrize(
    ("delivered", "speed", "text"),
    [
        (0, 0, ""),
        (2, 0, ""),
        (999, 333, ""),
        (1000, 0, ""),
        (1000, 333, ", 333 rows/s"),
    ],
)
def test_notice_has_the_speed_of_files_with_rows_enough_to_have_one(
    delivered: int, speed: int, text: str
) -> None:
    file = {
        "file": "uploads/sqs/a.csv",
        "version_id": "v",
        "read": delivered,
        "delivered": delivered,
        "rows_per_second": speed,
    }
    notice = end_notice(
        facts(None),
        counts=Counts(read=delivered, delivered=delivered),
        details=Details(sources=[file]),
        duration=timedelta(seconds=1),
        status="success",
    )
    (line,) = (line for line in notice.body.splitlines() if "a.csv" in line)
    assert line.endswith(f"{delivered} delivered, 0 rejected{text}")

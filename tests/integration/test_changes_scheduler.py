"""Exports that land in S3, through both pipelines of the real stack into their target."""

from __future__ import annotations

import gzip
import time
from typing import TYPE_CHECKING, Any

import psycopg2
import pytest

from tests.support.scheduled_runs import PATIENCE_SECONDS, ScheduledRuns

if TYPE_CHECKING:
    from infra.local.stack import Stack

STATE = "select state from ops.export where tenant = 'walk' and version = %s"
ROWS = "select pk, c1, c2, c3 from exports.walk__test_table order by pk"
LEDGER = """
    select read, inserted, updated, unchanged, deleted from ops.run
    where sink = 'exports.walk__test_table' order by finished_at
"""
VERSIONS = {
    "v1": "1;a;b;c\n2;a;b;c\n3;;;\n",
    "v2": "1;a;b;c\n2;x;b;c\n4;;;\n",
    "v3": "4;;;\n",
}


@pytest.fixture
def runs(stack: Stack) -> ScheduledRuns:
    return ScheduledRuns(stack)


@pytest.mark.thorough
def test_three_exports_one_after_another_leave_the_rows_of_the_last(
    runs: ScheduledRuns, capsys: pytest.CaptureFixture[str]
) -> None:
    seconds = []
    for version, text in VERSIONS.items():
        began = time.monotonic()
        land(runs, version, text)
        while state_of(runs, version) != [("applied",)]:
            assert time.monotonic() - began < PATIENCE_SECONDS, state_of(runs, version)
            time.sleep(0.1)
        seconds.append(time.monotonic() - began)
        found: Any = [";".join(cell or "" for cell in row) for row in runs.query(ROWS)]
        assert found == text.splitlines()
    assert runs.query(LEDGER) == [(3, 3, 0, 0, 0), (3, 1, 1, 1, 1), (1, 0, 0, 1, 2)]
    with capsys.disabled():
        listed = ", ".join(f"{each:.1f}" for each in seconds)
        print(f" [copied to applied in {listed} s] ", end="")  # noqa: T201 -- to be read


def state_of(runs: ScheduledRuns, version: str) -> list[tuple[Any, ...]]:
    """How far an export has come; the first task of a new database migrates it."""
    try:
        return runs.query(STATE, version)
    except psycopg2.errors.UndefinedTable:
        return []


def land(runs: ScheduledRuns, version: str, text: str) -> None:
    """Copy an export to where it lands."""
    runs.stack.emulator.client("s3").put_object(
        Bucket=runs.stack.running.outputs["LandingBucket"],
        Key=f"exports/walk/test_table/{version}/part.csv.gz",
        Body=gzip.compress(text.encode()),
    )

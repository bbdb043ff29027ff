"""A row of the overview has what is shown of a sink, and no more."""

from __future__ import annotations

from typing import Any

import pytest
from sluice_page.overview import row_of

COUNTS = ("inserted", "updated", "unchanged", "superseded", "delivered", "deleted", "rejected")
BARS = ("status", "finished_at", "read")


def summary(runs: int) -> dict[str, Any]:
    names = ("run_id", "question", "cause", "as_of", *COUNTS, *BARS)
    return {
        **dict.fromkeys(("sink", "dag_id", "pipeline", "title", "written_at"), "x"),
        **dict.fromkeys(("schedule", "due", "chart")),
        "open_rejects": {"total": 0},
        "rejects": [],
        "rules": [],
        "runs": [dict.fromkeys(names, age) for age in range(runs)],
    }


@pytest.mark.parametrize(("runs", "bars"), [(0, 0), (1, 1), (30, 30), (31, 30)])
def test_newest_run_is_told_and_of_the_others_what_their_bars_show(runs: int, bars: int) -> None:
    row = row_of(summary(runs))
    assert row is not None
    newest = {key: list(range(min(runs, 1))) for key in ("run_id", "question", *COUNTS)}
    assert row["runs"] == {**newest, **{key: list(range(bars)) for key in BARS}}

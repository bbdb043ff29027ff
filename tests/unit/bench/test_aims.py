"""What is made of measurements: ratios, verdicts, and aims that only some runs have."""

from __future__ import annotations

import pytest

from tests.bench import end_report
from tests.bench.aims import Aim, ratio
from tests.bench.end_rounds import DLT, DLT_KEYED, FLOOR, LOAD, SAME_ROWS, SLUICE
from tests.bench.lab import Measurement


def took(*seconds: float) -> list[Measurement]:
    return [Measurement(seconds=one, peak_mb=100, wal_mb=0, answer={}) for one in seconds]


def test_ratio_is_the_median_of_the_rounds_and_not_that_of_the_medians() -> None:
    assert ratio(took(2, 30, 4), took(1, 10, 4)) == 2
    # Measured in the first round alone.
    assert ratio(took(5), took(1, 10, 4)) == 5


@pytest.mark.parametrize(("seconds", "verdict"), [(2, "reached"), (2.01, "missed")])
def test_aim_ends_in_its_verdict(seconds: float, verdict: str) -> None:
    assert str(Aim(title="a way", reached=seconds, most=2, unit="s")).endswith(f" {verdict}")


def test_other_tools_are_an_aim_where_they_were_measured() -> None:
    found = {
        FLOOR: took(1),
        f"{SLUICE}: {LOAD}": took(1.5),
        f"{SLUICE}: {SAME_ROWS}": took(1),
    }
    (alone,) = end_report.aims({10: found}, rows=10)
    assert str(alone).endswith("reached")
    for name, seconds in ((DLT, (2.9, 2.9)), (DLT_KEYED, (3.1, 3.1))):
        found[f"{name}: {LOAD}"], found[f"{name}: {SAME_ROWS}"] = map(took, seconds)
    verdicts = [str(aim).rsplit(" ", 1)[1] for aim in end_report.aims({10: found}, rows=10)]
    assert verdicts == ["reached", "missed", "reached", "missed", "reached"]

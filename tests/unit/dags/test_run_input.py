"""What a run is asked to do, and the moment it loads."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from include.errors import RunInputError
from wiring.run_input import PARAMS, RunInput, resolve

DATE = datetime(2020, 11, 30, 8, 30, tzinfo=timezone.utc)


@dataclass
class Run:
    """As much of Airflow's dag_run as is looked at."""

    run_type: str = "manual"
    logical_date: datetime | None = DATE
    run_after: datetime = DATE + timedelta(hours=1)
    start_date: datetime | None = DATE + timedelta(hours=2)
    conf: dict[str, Any] = field(default_factory=dict)


def asked(run: Run, **given: Any) -> RunInput:
    run.conf = given
    return resolve(params={"as_of": None, "refetch": False, "dry_run": False, **given}, run=run)


@pytest.mark.parametrize("run_type", ["scheduled", "backfill"])
def test_scheduled_and_backfilled_runs_load_their_logical_date(run_type: str) -> None:
    run = Run(run_type=run_type, logical_date=DATE.replace(microsecond=17))
    assert asked(run)["as_of"] == "2020-11-30T08:30:00+00:00"


def test_manual_run_loads_its_parameter() -> None:
    assert asked(Run(), as_of="2020-12-24T01:00:00Z")["as_of"] == "2020-12-24T01:00:00+00:00"


def test_moment_with_an_offset_is_the_same_moment_in_utc() -> None:
    assert asked(Run(), as_of="2020-12-24T01:00:00+02:00")["as_of"] == "2020-12-23T23:00:00+00:00"


def test_moment_without_an_offset_is_utc() -> None:
    assert asked(Run(), as_of="2020-12-24T01:00:00")["as_of"] == "2020-12-24T01:00:00+00:00"


def test_manual_run_without_parameter_or_logical_date_loads_when_it_was_asked_for() -> None:
    assert asked(Run(logical_date=None))["as_of"] == "2020-11-30T09:30:00+00:00"


@pytest.mark.parametrize("text", ["2020-02-29T23:59:59Z", "2020-12-31T23:59:59Z"])
def test_leap_day_and_end_of_year_are_moments(text: str) -> None:
    assert asked(Run(), as_of=text)["as_of"] == text.replace("Z", "+00:00")


def test_moment_in_the_future_is_refused() -> None:
    tomorrow = datetime.now(timezone.utc) + timedelta(days=1)
    with pytest.raises(RunInputError, match="in the future"):
        asked(Run(), as_of=tomorrow.isoformat())


@pytest.mark.parametrize(
    ("given", "message"),
    [
        pytest.param({"asof": "2020-11-30"}, "Unknown parameters: asof", id="unknown-name"),
        pytest.param({"as_of": 20201130}, "must be a date and time", id="as-of-no-text"),
        pytest.param({"as_of": "yesterday"}, "not a date and time", id="as-of-no-date"),
        pytest.param({"as_of": "2021-02-29T00:00:00Z"}, "not a date", id="no-such-day"),
        pytest.param({"refetch": "yes"}, "refetch must be true or false", id="refetch-no-bool"),
        pytest.param({"dry_run": 1}, "dry_run must be true or false", id="dry-run-no-bool"),
    ],
)
def test_wrong_input_is_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(RunInputError, match=message):
        asked(Run(), **given)


@pytest.mark.parametrize(
    ("name", "value"), [("as_of", "soon"), ("as_of", 3), ("refetch", "x"), ("dry_run", 1)]
)
def test_form_refuses_wrong_values_by_its_schema(name: str, value: Any) -> None:
    from airflow.sdk.exceptions import ParamValidationError  # noqa: PLC0415 -- after the environment

    with pytest.raises(ParamValidationError):
        PARAMS[name].resolve(value)


def test_switch_that_is_given_as_null_is_off() -> None:
    asked_for = asked(Run(), refetch=None, dry_run=None)
    assert (asked_for["refetch"], asked_for["dry_run"]) == (False, False)


@pytest.mark.parametrize("name", PARAMS)
def test_no_box_of_the_form_is_required(name: str) -> None:
    assert "null" in PARAMS[name].schema["type"]


DIGEST = "0123456789abcdef" * 4


def asked_of_asking(**given: Any) -> RunInput:
    """What a run of a dataset is asked that has a person decide."""
    run = Run(conf=given)
    params = {"as_of": None, "refetch": False, "dry_run": False, "approved": None, **given}
    return resolve(params=params, run=run, asks=True)


def test_answer_names_the_snapshot_what_was_said_and_by_whom() -> None:
    assert asked_of_asking()["decision"] is None
    assert asked_of_asking(approved=DIGEST, decided_by="ann")["decision"] == {
        "snapshot": DIGEST,
        "approved": True,
        "decided_by": "ann",
    }
    assert asked_of_asking(refused=DIGEST, decided_by=None)["decision"] == {
        "snapshot": DIGEST,
        "approved": False,
        "decided_by": None,
    }


def test_approval_by_hand_is_that_of_whoever_started_the_run() -> None:
    decision = asked_of_asking(approved=DIGEST, refetch=True)["decision"]
    assert decision is not None
    assert decision["decided_by"] == "whoever started the run"


@pytest.mark.parametrize("digest", ["", "abc", DIGEST[1:], DIGEST.upper(), DIGEST + "0", 7])
def test_answer_about_what_is_no_digest_is_refused(digest: Any) -> None:
    with pytest.raises(RunInputError, match="64 hexadecimal digits"):
        asked_of_asking(approved=digest)


@pytest.mark.parametrize("other", [{"refused": DIGEST}, {"dry_run": True}])
def test_approval_excludes_refusal_and_dry_run(other: dict[str, Any]) -> None:
    with pytest.raises(RunInputError, match="exclude each other"):
        asked_of_asking(approved=DIGEST, **other)


@pytest.mark.parametrize("name", ["approved", "refused", "decided_by"])
def test_dataset_that_asks_nobody_takes_no_answer(name: str) -> None:
    with pytest.raises(RunInputError, match=f"Unknown parameters: {name}. Known are as_of"):
        asked(Run(), **{name: DIGEST})

"""When the alarms that wait for a sign of life would tell."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from tests.unit.infra_aws.alarms import Silence, alarms

if TYPE_CHECKING:
    from tests.unit.infra_aws.templates import Template

LAST = datetime(2024, 2, 28, 8, 31, tzinfo=timezone.utc)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture(params=["covid_us_daily", "covid_us_states_daily"])
def daily(request: pytest.FixtureRequest, platform: Template) -> Silence:
    return Silence.of(alarms(platform)[f"{request.param}-quiet"])


def test_daily_dag_that_stopped_is_told_of_after_26_hours_and_not_after_25(daily: Silence) -> None:
    assert not daily.tells([LAST], LAST + 25 * HOUR)
    assert not daily.tells([LAST], LAST + 26 * HOUR - MINUTE)
    assert daily.tells([LAST], LAST + 26 * HOUR)


def test_daily_dag_that_failed_once_is_told_of_until_it_succeeds_again(daily: Silence) -> None:
    seen = [LAST, LAST + 48 * HOUR]
    told = [hour for hour in range(1, 72) if daily.tells(seen, LAST + hour * HOUR)]
    assert told == list(range(26, 49))


def test_daily_dag_may_be_up_to_an_hour_later_on_any_day(daily: Silence) -> None:
    late = [0, 60, 0, 25, 60, 60, 0, 60]
    seen = [LAST + day * 24 * HOUR + minutes * MINUTE for day, minutes in enumerate(late)]
    moments = [LAST + step * 5 * MINUTE for step in range(1, 8 * 24 * 12)]
    assert [moment for moment in moments if daily.tells(seen, moment)] == []


def test_dag_that_has_never_run_is_told_of_at_once_until_its_first_success(daily: Silence) -> None:
    assert daily.tells([], LAST)
    assert not daily.tells([LAST], LAST + MINUTE)


def test_sweep_may_fail_for_two_hours(platform: Template) -> None:
    sweep = Silence.of(alarms(platform)["sweep_arrivals-quiet"])
    assert not sweep.tells([LAST], LAST + 2 * HOUR - MINUTE)
    assert sweep.tells([LAST], LAST + 2 * HOUR)


@pytest.fixture
def hourly(platform: Template) -> Silence:
    return Silence.of(alarms(platform)["weather_hourly-no-good-hour"])


def test_three_hours_without_a_good_one_are_told_of_half_an_hour_after_the_third(
    hourly: Silence,
) -> None:
    assert not hourly.tells([LAST], LAST + 3 * HOUR + 29 * MINUTE)
    assert hourly.tells([LAST], LAST + 3 * HOUR + 30 * MINUTE)


def test_two_hours_may_be_missed_if_the_third_is_good(hourly: Silence) -> None:
    seen = [LAST + 3 * hours * HOUR for hours in range(9)]
    # An hour counts at its own time, a while after which it is published.
    moments = [LAST + minutes * MINUTE for minutes in range(24 * 60)]
    published = 29 * MINUTE
    told = [at for at in moments if hourly.tells([h for h in seen if h + published <= at], at)]
    assert [at for at in told if at >= LAST + published] == []


def test_hour_that_is_refilled_ends_the_alarm(hourly: Silence) -> None:
    now = LAST + 6 * HOUR
    assert hourly.tells([LAST], now)
    assert not hourly.tells([LAST, now - 2 * HOUR], now)


@pytest.mark.parametrize("program", ["scheduler", "triggerer"])
def test_program_of_airflow_may_be_silent_for_15_minutes(platform: Template, program: str) -> None:
    beats = Silence.of(alarms(platform)[f"{program}-heartbeat"])
    assert not beats.tells([LAST], LAST + 14 * MINUTE)
    assert beats.tells([LAST], LAST + 15 * MINUTE)


def test_metric_that_cloudwatch_has_never_seen_is_silence_too(platform: Template) -> None:
    for alarm in alarms(platform).values():
        if "Metrics" in alarm:
            assert alarm["TreatMissingData"] == "breaching"

"""Hours of an API into the lake, in one process over real HTTP, S3, Glue and Postgres."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from include.contracts import ApiField, Column, RejectLimit
from include.datasets import weather_hourly
from include.errors import CredentialsRefusedError, InputFileError, RejectLimitError
from infra.local.stand_ins.api import ApiStandIn, Reply
from infra.local.stand_ins.api_faults import Fault
from tests.integration.api_places import api, payments, weather
from tests.support.api_runs import KEY, ApiPlace, hour

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["api", "payments", "weather"]

EIGHT, NINE, TEN = hour("2020-12-05T08"), hour("2020-12-05T09"), hour("2020-12-05T10")
CITIES = len(weather_hourly.DATASET.calls)
ATTEMPTS = weather_hourly.DATASET.attempts


def ledger(place: ApiPlace, run_id: str = "run") -> tuple[Any, ...]:
    ((*found,),) = place.query(
        "select status, read, rejected, inserted, updated, unchanged, deleted from ops.run "
        "where run_id = %s",
        [run_id],
    )
    return tuple(found)


def state(place: ApiPlace, as_of: Any) -> str:
    statement = "select state from ops.api_hour where as_of = %s"
    return str(place.query(statement, [as_of])[0][0])


def test_hour_is_kept_as_it_came_and_is_in_the_table(weather: ApiPlace) -> None:
    published = weather.run(EIGHT)
    assert (published["read"], published["inserted"], published["state"]) == (5, 5, "complete")
    assert weather.rows(EIGHT) == weather.expected(EIGHT)
    assert len(weather.rows(EIGHT)) == CITIES
    assert ledger(weather) == ("success", 5, 0, 5, 0, 0, 0)
    keys = weather.raw_keys(EIGHT)
    assert len(keys) == 2 * CITIES + 3
    facts = weather.store.get_json(
        weather.raw_prefix(EIGHT) + next(k for k in keys if "berlin" in k and k.endswith(".json"))
    )
    assert facts["status"] == 200
    assert facts["params"] == {"units": "metric", "id": "2950159"}


def test_hours_of_a_day_are_one_file_and_a_rerun_gives_the_same_bytes(
    weather: ApiPlace, api: ApiStandIn
) -> None:
    for number, as_of in enumerate((EIGHT, TEN, NINE)):
        api.now = as_of + timedelta(minutes=7)
        weather.run(as_of, f"run {number}")
    before = weather.published(EIGHT)
    assert weather.rows(EIGHT) == weather.expected(EIGHT, NINE, TEN)
    asked = len(api.requests)
    again = weather.run(NINE, "again")
    assert (again["inserted"], again["unchanged"]) == (0, CITIES)
    assert weather.published(EIGHT) == before
    assert len(api.requests) == asked


def test_api_that_is_down_costs_the_hour_and_no_later_one(
    weather: ApiPlace, api: ApiStandIn
) -> None:
    api.fault = Fault(kind="status", status=500)
    assert weather.run(EIGHT, "down") is None
    assert len(api.requests) == ATTEMPTS * CITIES
    assert ledger(weather, "down")[:2] == ("skipped", 0)
    assert state(weather, EIGHT) == "skipped"
    assert weather.published(EIGHT) is None
    # A run that is called again asks no more than the hour has left.
    again = replace(weather, folder=weather.folder / "again")
    assert again.run(EIGHT, "down again") is None
    assert len(api.requests) == ATTEMPTS * CITIES
    api.fault = None
    assert weather.run(NINE, "up")["inserted"] == CITIES
    assert weather.rows(NINE) == weather.expected(NINE)
    missed = weather.query("select as_of, why from ops.missed_hour order by 1")
    assert missed == [(EIGHT, "skipped")]
    assert len(weather.told) == 3


def test_three_skips_in_a_row_are_said(weather: ApiPlace, api: ApiStandIn) -> None:
    api.fault = Fault(kind="drop")
    for number, as_of in enumerate((EIGHT, NINE, TEN)):
        weather.run(as_of, f"run {number}")
    assert weather.told == [
        "Sluice SKIPPED weather_hourly: no answer",
        "Sluice SKIPPED weather_hourly: no answer",
        "Sluice SKIPPED weather_hourly: no answer, 3 hours in a row",
    ]


def test_cities_that_answered_are_kept_and_the_others_are_named(
    weather: ApiPlace, api: ApiStandIn
) -> None:
    api.fault = Fault(kind="status", status=503, match="2950159")
    published = weather.run(EIGHT)
    assert (published["state"], published["inserted"]) == ("partial", CITIES - 1)
    assert weather.query("select missing, problem from ops.api_hour") == [
        (["berlin"], "answered 503")
    ]
    ((body,),) = weather.query("select body from ops.outbox")
    assert "berlin: answered 503" in body
    api.fault = None
    # The hour of the clock has no request left for it.
    weather.query("update ops.api_call set clock_hour = clock_hour - interval '1 hour' returning 1")
    refilled = replace(weather, folder=weather.folder / "2").run(EIGHT, "refill")
    assert (refilled["state"], refilled["inserted"], refilled["unchanged"]) == (
        "complete",
        1,
        CITIES - 1,
    )


@pytest.mark.parametrize(
    "fault",
    [
        Fault(kind="drop", times=3),
        Fault(kind="html", times=3),
        Fault(kind="cut", times=3),
        Fault(kind="short", times=3),
        Fault(kind="status", status=429, retry_after=2, times=3),
        Fault(kind="status", status=500, times=3),
    ],
    ids=lambda fault: fault.kind + str(fault.status or ""),
)
def test_three_bad_answers_are_survived(weather: ApiPlace, api: ApiStandIn, fault: Fault) -> None:
    api.fault = fault
    assert weather.run(EIGHT)["inserted"] == CITIES
    assert len(api.requests) == CITIES + 3
    assert weather.rows(EIGHT) == weather.expected(EIGHT)


def test_refused_key_fails_at_once(weather: ApiPlace, api: ApiStandIn) -> None:
    api.keys = {}
    with pytest.raises(CredentialsRefusedError, match=r"answered 401\. Check the credentials"):
        weather.run(EIGHT)
    assert len(api.requests) == 1


def test_field_that_vanished_fails_the_hour_and_no_other(
    weather: ApiPlace, api: ApiStandIn
) -> None:
    weather.run(EIGHT, "first")
    api.fault = Fault(kind="missing_field")
    with pytest.raises(InputFileError):
        weather.run(NINE, "broken")
    assert [key for key in weather.raw_keys(NINE) if key.endswith(".body")]
    api.fault = None
    weather.run(TEN, "later")
    assert weather.rows(TEN) == weather.expected(EIGHT, TEN)
    assert weather.query("select as_of, why from ops.missed_hour") == [
        (NINE, "stored, and not in the table")
    ]


def test_wider_type_is_rejected_with_its_place(weather: ApiPlace, api: ApiStandIn) -> None:
    api.fault = Fault(kind="wider_type", match="2950159")
    with pytest.raises(RejectLimitError):
        weather.run(EIGHT)
    lenient = replace(
        weather,
        dataset=replace(weather.dataset, rejects=RejectLimit(rows=1)),
        folder=weather.folder / "lenient",
    )
    assert lenient.run(EIGHT, "lenient")["rejected"] == 1
    ((file, line, raw),) = lenient.query("select file, line, raw from ops.rejected_row")
    assert file in [lenient.raw_prefix(EIGHT) + key for key in lenient.raw_keys(EIGHT)]
    assert line == 1
    assert json.loads(raw)["id"] == 2950159


def test_new_fields_are_reported_once_a_day(weather: ApiPlace, api: ApiStandIn) -> None:
    api.fault = Fault(kind="extra_fields")
    told = []
    for as_of in (EIGHT, NINE, hour("2020-12-06T00")):
        weather.run(as_of, f"{as_of}")
        ((details,),) = weather.query("select details from ops.run where run_id = %s", [f"{as_of}"])
        told.append(len(details["warnings"]))
    assert told == [1, 0, 1]


def test_hour_of_the_past_is_not_asked_where_there_is_no_history(
    weather: ApiPlace, api: ApiStandIn
) -> None:
    prompt = replace(weather, late_seconds=900)
    assert prompt.run(EIGHT) is None
    assert not api.requests
    ((problem,),) = weather.query("select problem from ops.api_hour")
    assert "tells of now alone" in problem


@pytest.mark.parametrize("records", [0, 1, 99, 100, 101, 250])
def test_pages_by_cursor_give_every_record_once(
    payments: ApiPlace, api: ApiStandIn, records: int
) -> None:
    api.records = records
    published = payments.run(EIGHT)
    assert (published["read"], published["inserted"]) == (records, records)
    assert payments.rows(EIGHT) == payments.expected(EIGHT)
    moments = [row[2] for row in payments.rows(EIGHT)]
    assert all(
        EIGHT - timedelta(hours=1) <= each.replace(tzinfo=EIGHT.tzinfo) < EIGHT for each in moments
    )


def test_cursor_that_never_ends_is_stopped(payments: ApiPlace, api: ApiStandIn) -> None:
    few = replace(payments.dataset.pagination, most=5)  # type: ignore[type-var]
    endless = replace(payments, dataset=replace(payments.dataset, pagination=few))
    api.fault = Fault(kind="endless")
    assert endless.run(EIGHT) is None
    assert len(api.requests) == 5
    ((problem,),) = payments.query("select problem from ops.api_hour")
    assert "more than 5 pages" in problem


def test_key_is_nowhere(weather: ApiPlace, api: ApiStandIn) -> None:
    api.fault = Fault(kind="status", status=500, times=2)
    weather.run(EIGHT)
    api.keys = {}
    with pytest.raises(CredentialsRefusedError) as raised:
        weather.run(NINE, "refused")
    assert KEY not in repr(raised.getrepr(showlocals=False))
    s3 = weather.store.client
    for key in weather.store.keys(""):
        assert KEY.encode() not in s3.get_object(Bucket=weather.lake, Key=key)["Body"].read()
        assert KEY not in json.dumps(s3.head_object(Bucket=weather.lake, Key=key)["Metadata"])
    for table in ("run", "outbox", "api_call", "api_hour", "rejected_row"):
        assert KEY not in str(weather.query(f"select t::text from ops.{table} as t"))
    for path in weather.folder.rglob("*"):
        assert path.is_dir() or KEY.encode() not in path.read_bytes()


def test_answer_that_repeats_the_key_is_not_kept(weather: ApiPlace, api: ApiStandIn) -> None:
    # A city's name is in every answer about it.
    told = replace(weather, key="Berlin")
    api.keys = dict.fromkeys(api.keys, "Berlin")
    assert told.run(EIGHT)["state"] == "partial"
    assert not [key for key in told.raw_keys(EIGHT) if key.startswith("berlin")]
    ((problem,),) = told.query("select problem from ops.api_hour")
    assert "repeats the key in its answer, which is not kept" in problem


def test_hour_that_a_stricter_declaration_breaks_keeps_its_rows(
    weather: ApiPlace, api: ApiStandIn
) -> None:
    api.fault = Fault(kind="missing_field", field="visibility")
    weather.run(EIGHT, "before")
    api.fault = None
    before = weather.rows(EIGHT)
    fields = tuple(
        replace(each, column=replace(each.column, required=True))
        if each.path == "visibility"
        else each
        for each in weather.dataset.fields
    )
    stricter = replace(weather, dataset=replace(weather.dataset, fields=fields))
    stricter.run(NINE, "after")
    rows = stricter.rows(NINE)
    assert [row for row in rows if row[0].hour == 8] == before
    assert len(rows) == 2 * CITIES


def test_column_that_is_added_is_null_in_hours_that_had_it_not(
    weather: ApiPlace, api: ApiStandIn
) -> None:
    yesterday = hour("2020-12-04T23")
    weather.run(yesterday, "yesterday")
    weather.run(EIGHT, "before")
    api.fault = Fault(kind="extra_fields")
    added = ApiField(path="added_number", column=Column(name="added", type="bigint"))
    wider = replace(
        weather, dataset=replace(weather.dataset, fields=(*weather.dataset.fields, added))
    )
    assert wider.run(NINE, "after")["inserted"] == CITIES
    # The file of another day stays as it is.
    assert len(weather.rows(yesterday)) == CITIES
    assert {(row[0].hour, row[-1]) for row in wider.rows(NINE)} == {(8, None), (9, 1)}


def test_refetch_takes_the_new_answers(weather: ApiPlace, api: ApiStandIn) -> None:
    weather.run(EIGHT, "first")
    api.now = EIGHT + timedelta(minutes=40)
    asked = len(api.requests)
    again = replace(weather, folder=weather.folder / "again").run(EIGHT, "again", refetch=True)
    assert len(api.requests) == asked + CITIES
    assert again["updated"] == CITIES
    assert weather.rows(EIGHT) == weather.expected(EIGHT)
    assert len([key for key in weather.raw_keys(EIGHT) if key.endswith(".body")]) == 2 * CITIES


def test_late_hour_of_a_closed_day_is_in_that_day(weather: ApiPlace, api: ApiStandIn) -> None:
    last, first, late = hour("2020-12-31T22"), hour("2021-01-01T00"), hour("2020-12-31T23")
    for as_of in (last, first, late):
        api.now = as_of + timedelta(minutes=7)
        weather.run(as_of, f"{as_of}")
    assert weather.rows(late) == weather.expected(last, late)
    assert weather.rows(first) == weather.expected(first)


class Growing(ApiStandIn):
    """Has one payment more whenever it is asked, so that pages shift while they are read."""

    def reply(self, target: str, headers: Mapping[str, str]) -> Reply | None:
        self.records = 250 + len(self.requests)
        return super().reply(target, headers)


def test_pages_that_change_while_they_are_read_leave_each_record_once(
    payments: ApiPlace, api: ApiStandIn
) -> None:
    with Growing(api.keys) as growing:
        published = replace(payments, stand_in=growing.url).run(EIGHT)
        assert len(growing.requests) == 3
    rows = payments.rows(EIGHT)
    assert len({row[1] for row in rows}) == len(rows) == published["inserted"]
    assert published["read"] == published["inserted"] + published["duplicate"]
    assert rows == sorted({*payments.expected(EIGHT)}, key=lambda row: row[:2])

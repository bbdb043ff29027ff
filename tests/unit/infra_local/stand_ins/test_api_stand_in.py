"""The stand-in for APIs that want a key."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from datetime import datetime, timedelta, timezone
from http.client import HTTPConnection, HTTPResponse, IncompleteRead, RemoteDisconnected
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.datasets import payments_hourly, weather_hourly
from infra.common.paths import REPOSITORY
from infra.local.stand_ins import openweather, square
from infra.local.stand_ins.api import KEYS, ApiStandIn
from infra.local.stand_ins.api_faults import KINDS, Fault
from tests.support.examples import examples

if TYPE_CHECKING:
    from collections.abc import Iterator

WEATHER_KEY, PAYMENTS_KEY = "weather-canary", "payments-canary"
OF_ALL = {openweather.HOST: WEATHER_KEY, square.HOST: PAYMENTS_KEY}
WEATHER, PAYMENTS = f"/{openweather.HOST}{openweather.PATH}", f"/{square.HOST}{square.PATH}"
NOW = datetime(2020, 12, 5, 8, 7, tzinfo=timezone.utc)
HOUR = {"begin_time": "2020-12-05T07:00:00Z", "end_time": "2020-12-05T08:00:00Z"}
BERLIN = weather_hourly.CITIES["berlin"]


@pytest.fixture
def stand_in() -> Iterator[ApiStandIn]:
    with ApiStandIn(OF_ALL) as server:
        server.now = NOW
        yield server


def call(
    server: ApiStandIn | str, target: str, body: Any = None, **headers: str
) -> tuple[HTTPResponse, bytes]:
    url = server if isinstance(server, str) else server.url
    connection = HTTPConnection(urlsplit(url).netloc, timeout=5)
    try:
        sent = None if body is None else json.dumps(body)
        connection.request("GET" if body is None else "POST", target, sent, headers)
        response = connection.getresponse()
        return response, response.read()
    finally:
        connection.close()


def weather(
    server: ApiStandIn, city: str = BERLIN, key: str = WEATHER_KEY, units: str = "metric"
) -> tuple[int, Any]:
    target = f"{WEATHER}?{urlencode({'units': units, 'id': city, 'appid': key})}"
    response, body = call(server, target)
    return response.status, json.loads(body)


def payments(
    server: ApiStandIn, key: str = f"Bearer {PAYMENTS_KEY}", **query: str
) -> tuple[int, Any]:
    given = {"sort_order": "ASC", **HOUR, **query}
    response, body = call(server, f"{PAYMENTS}?{urlencode(given)}", Authorization=key)
    return response.status, json.loads(body)


def walked(server: ApiStandIn, **query: str) -> list[list[dict[str, Any]]]:
    """The pages of a list of payments."""
    pages: list[list[dict[str, Any]]] = []
    more: dict[str, str] = {}
    while not pages or more:
        status, body = payments(server, **query, **more)
        assert status == 200
        pages.append(body.get("payments", []))
        more = {"cursor": body["cursor"]} if "cursor" in body else {}
    return pages


# Keys


@pytest.mark.parametrize("key", ["", "wrong", PAYMENTS_KEY, WEATHER_KEY.upper()])
def test_weather_without_its_key_is_refused_as_openweather_does(
    stand_in: ApiStandIn, key: str
) -> None:
    status, body = weather(stand_in, key=key)
    assert (status, body["cod"]) == (401, 401)
    assert body["message"].startswith("Invalid API key")


@pytest.mark.parametrize("key", ["", PAYMENTS_KEY, f"Basic {PAYMENTS_KEY}", "Bearer wrong"])
def test_payments_without_their_key_are_refused_as_square_does(
    stand_in: ApiStandIn, key: str
) -> None:
    status, body = payments(stand_in, key=key)
    assert status == 401
    (error,) = body["errors"]
    assert (error["category"], error["code"]) == ("AUTHENTICATION_ERROR", "UNAUTHORIZED")


def test_api_without_a_key_lets_nobody_in() -> None:
    with ApiStandIn({openweather.HOST: ""}) as server:
        assert weather(server, key="")[0] == 401
        assert payments(server, key="Bearer ")[0] == 401


@pytest.mark.parametrize("kind", [None, *(kind for kind in KINDS if kind not in ("drop", "short"))])
@pytest.mark.parametrize("wrong", ["", "x"])
def test_no_key_is_in_an_answer_or_in_what_is_remembered(
    stand_in: ApiStandIn, kind: str | None, wrong: str
) -> None:
    stand_in.fault = Fault(kind=kind, pause=0.0) if kind else None
    target = f"{WEATHER}?{urlencode({'id': BERLIN, 'appid': WEATHER_KEY + wrong})}"
    bearer = f"Bearer {PAYMENTS_KEY}{wrong}"
    answers = [call(stand_in, target), call(stand_in, PAYMENTS, Authorization=bearer)]
    answers.append(call(stand_in, "/_stand_in"))
    for response, body in answers:
        assert "canary" not in f"{response.getheaders()} {body.decode()}"
    assert stand_in.requests == [f"GET {WEATHER}?id={BERLIN}", f"GET {PAYMENTS}"]


# The weather


def test_weather_has_every_field_that_the_dataset_reads(stand_in: ApiStandIn) -> None:
    optional = {"wind.gust", "rain.1h", "snow.1h"}
    wanted = {field.path for field in weather_hourly.DATASET.fields}
    seen: set[str] = set()
    for hour in range(48):
        stand_in.now = NOW + timedelta(hours=hour)
        for city in weather_hourly.CITIES.values():
            status, body = weather(stand_in, city)
            assert status == 200
            found = {path for path in wanted if _at(body, path) is not None}
            assert wanted - found <= optional
            seen |= found
            assert not {"rain", "snow"} <= body.keys()
    assert seen == wanted


def _at(record: Any, path: str) -> Any:
    for name in path.split("."):
        record = record[int(name)] if isinstance(record, list) else record.get(name, {})
    return None if record == {} else record


def test_weather_is_the_same_each_time_for_a_city_and_an_hour(stand_in: ApiStandIn) -> None:
    before = weather(stand_in)
    with ApiStandIn(OF_ALL) as another:
        another.now = NOW
        assert weather(another) == before
    stand_in.now = NOW + timedelta(hours=1)
    assert weather(stand_in)[1]["main"] != before[1]["main"]
    assert weather(stand_in, weather_hourly.CITIES["tokyo"])[1]["id"] == 1850147


@given(minutes=st.integers(0, 10**7), city=st.sampled_from(sorted(openweather.CITIES)))
@settings(max_examples=examples(50))
def test_weather_was_measured_some_minutes_ago_and_is_of_this_earth(
    minutes: int, city: str
) -> None:
    now = datetime(2020, 1, 1, tzinfo=timezone.utc) + timedelta(minutes=minutes)
    status, body = openweather.OpenWeather().answer(
        openweather.PATH, {"id": city, "units": "metric"}, now, None
    )
    assert (status, body["cod"], body["id"]) == (200, 200, int(city))
    age = now.timestamp() - body["dt"]
    assert 120 <= age < 600
    assert -40 < body["main"]["temp"] < 50
    assert body["main"]["temp_min"] < body["main"]["temp"] < body["main"]["temp_max"]
    assert 0 <= body["main"]["humidity"] <= 100
    assert 0 <= body["clouds"]["all"] <= 100


def test_whole_numbers_of_the_weather_have_no_point(stand_in: ApiStandIn) -> None:
    assert openweather.plain(4.0) == 4
    assert isinstance(openweather.plain(4.001), int)
    assert openweather.plain(4.056) == 4.06
    found = call(stand_in, f"{WEATHER}?id={BERLIN}&appid={WEATHER_KEY}")[1]
    assert not re.search(rb"\d\.0[,}]", found)


def test_weather_is_in_the_units_asked_for(stand_in: ApiStandIn) -> None:
    celsius, fahrenheit, kelvin = (
        weather(stand_in, units=units)[1]["main"]["temp"]
        for units in ("metric", "imperial", "standard")
    )
    assert fahrenheit == pytest.approx(celsius * 9 / 5 + 32, abs=0.02)
    assert kelvin == pytest.approx(celsius + 273.15, abs=0.02)


def test_unknown_city_is_404_as_openweather_does(stand_in: ApiStandIn) -> None:
    assert weather(stand_in, "1") == (404, {"cod": "404", "message": "city not found"})


# Payments


def test_payments_have_every_field_that_the_dataset_reads(stand_in: ApiStandIn) -> None:
    listed = [payment for page in walked(stand_in) for payment in page]
    assert listed
    for payment in listed:
        for field in payments_hourly.DATASET.fields:
            assert _at(payment, field.path) is not None
    assert {payment["status"] for payment in listed} <= {"COMPLETED", "FAILED"}


@pytest.mark.parametrize(
    ("records", "sizes"),
    [(0, [0]), (1, [1]), (99, [99]), (100, [100]), (101, [100, 1]), (200, [100, 100])],
)
def test_pages_have_a_cursor_unless_they_are_the_last(
    stand_in: ApiStandIn, records: int, sizes: list[int]
) -> None:
    stand_in.records = records
    pages = walked(stand_in)
    assert [len(page) for page in pages] == sizes
    assert len({payment["id"] for page in pages for payment in page}) == records


def test_hour_without_payments_is_an_empty_object(stand_in: ApiStandIn) -> None:
    stand_in.records = 0
    assert payments(stand_in) == (200, {})


@given(
    minutes=st.integers(0, 72 * 60),
    lengths=st.lists(st.integers(1, 90), min_size=1, max_size=4),
    records=st.none() | st.integers(0, 30),
)
@settings(max_examples=examples(20))
def test_ranges_side_by_side_have_each_payment_once_in_order_of_time(
    minutes: int, lengths: list[int], records: int | None
) -> None:
    begin = datetime(2020, 12, 4, tzinfo=timezone.utc) + timedelta(minutes=minutes)

    def listed(begin: datetime, end: datetime) -> list[tuple[str, str]]:
        query = {"begin_time": square.rfc3339(begin), "end_time": square.rfc3339(end)}
        found: list[tuple[str, str]] = []
        cursor = {"sort_order": "ASC"}
        while True:
            now = datetime(2020, 12, 31, tzinfo=timezone.utc)
            status, body = square.Square().answer(square.PATH, query | cursor, now, records)
            assert status == 200
            page = [(one["created_at"], one["id"]) for one in body.get("payments", [])]
            assert all(query["begin_time"] <= at < query["end_time"] for at, _ in page)
            found += page
            if "cursor" not in body:
                return found
            cursor["cursor"] = body["cursor"]

    parts, at = [], begin
    for length in lengths:
        parts += listed(at, at + timedelta(minutes=length))
        at += timedelta(minutes=length)
    assert parts == listed(begin, at)
    assert [created for created, _ in parts] == sorted(created for created, _ in parts)
    assert len({number for _, number in parts}) == len(parts)


def test_newest_payments_come_first_unless_asked_otherwise(stand_in: ApiStandIn) -> None:
    stand_in.records = 3
    oldest = payments(stand_in)[1]["payments"]
    assert payments(stand_in, sort_order="DESC")[1]["payments"] == oldest[::-1]


@pytest.mark.parametrize(("limit", "first"), [("1", 1), ("7", 7), ("0", 100), ("1000", 100)])
def test_limit_is_honoured_up_to_a_hundred(stand_in: ApiStandIn, limit: str, first: int) -> None:
    stand_in.records = 120
    assert len(payments(stand_in, limit=limit)[1]["payments"]) == first


def test_no_payment_is_newer_than_the_clock(stand_in: ApiStandIn) -> None:
    stand_in.records, stand_in.now = 60, datetime(2020, 12, 5, 7, 30, tzinfo=timezone.utc)
    (page,) = walked(stand_in)
    assert len(page) == 30


def test_cursor_of_another_query_is_refused(stand_in: ApiStandIn) -> None:
    stand_in.records = 101
    cursor = payments(stand_in)[1]["cursor"]
    for query in ({"end_time": "2020-12-05T08:00:01Z"}, {"cursor": "none"}, {"cursor": "é"}):
        status, body = payments(stand_in, **{"cursor": cursor, **query})
        assert (status, body["errors"][0]["code"]) == (400, "INVALID_CURSOR")


@pytest.mark.parametrize("time_given", ["yesterday", "2020-12-05T07:00:00"])
def test_time_that_is_none_is_refused(stand_in: ApiStandIn, time_given: str) -> None:
    assert payments(stand_in, begin_time=time_given)[0] == 400


# Faults


def test_dropped_call_has_no_answer(stand_in: ApiStandIn) -> None:
    stand_in.fault = Fault(kind="drop", times=1)
    with pytest.raises(RemoteDisconnected):
        weather(stand_in)
    assert weather(stand_in)[0] == 200


def test_status_comes_as_often_as_asked_with_the_pause_that_the_api_wants(
    stand_in: ApiStandIn,
) -> None:
    stand_in.fault = Fault(kind="status", status=429, retry_after=5, times=2)
    answers = [call(stand_in, f"{WEATHER}?id={BERLIN}&appid={WEATHER_KEY}") for _ in range(3)]
    assert [response.status for response, _ in answers] == [429, 429, 200]
    assert [response.headers["Retry-After"] for response, _ in answers] == ["5", "5", None]
    assert json.loads(answers[0][1])["cod"] == 429
    assert stand_in.fault is None


def test_fault_is_for_the_requests_that_it_names_alone(stand_in: ApiStandIn) -> None:
    stand_in.fault = Fault(kind="status", match=f"id={BERLIN}")
    tokyo = weather_hourly.CITIES["tokyo"]
    assert [weather(stand_in, city)[0] for city in (tokyo, BERLIN, tokyo)] == [200, 500, 200]


def test_page_for_people_comes_with_200(stand_in: ApiStandIn) -> None:
    stand_in.fault = Fault(kind="html")
    response, body = call(stand_in, f"{WEATHER}?id={BERLIN}&appid={WEATHER_KEY}")
    assert (response.status, response.headers["Content-Type"][:9]) == (200, "text/html")
    assert b"<html>" in body


def test_cut_json_has_the_length_that_is_announced(stand_in: ApiStandIn) -> None:
    stand_in.fault = Fault(kind="cut")
    response, body = call(stand_in, f"{WEATHER}?id={BERLIN}&appid={WEATHER_KEY}")
    assert int(response.headers["Content-Length"]) == len(body)
    with pytest.raises(json.JSONDecodeError):
        json.loads(body)


def test_short_body_is_less_than_announced(stand_in: ApiStandIn) -> None:
    stand_in.fault = Fault(kind="short")
    with pytest.raises(IncompleteRead):
        weather(stand_in)


def test_slow_answer_comes_a_byte_at_a_time(stand_in: ApiStandIn) -> None:
    stand_in.fault = Fault(kind="slow", pause=0.002)
    began = time.monotonic()
    status, body = weather(stand_in)
    assert time.monotonic() - began > 0.8
    stand_in.fault = None
    assert (status, body) == weather(stand_in)


def test_fields_are_added_go_or_change_their_type(stand_in: ApiStandIn) -> None:
    whole = weather(stand_in)[1]
    stand_in.fault = Fault(kind="extra_fields")
    assert weather(stand_in)[1].items() > whole.items()
    stand_in.fault = Fault(kind="missing_field")
    assert whole["main"].keys() - weather(stand_in)[1]["main"].keys() == {"temp"}
    stand_in.fault = Fault(kind="wider_type")
    assert weather(stand_in)[1]["main"]["temp"] == f"{whole['main']['temp']} (estimated)"
    stand_in.fault = Fault(kind="wider_type", field="name")
    assert weather(stand_in)[1]["name"] == ["Berlin"]
    stand_in.fault = Fault(kind="missing_field", field="rain.3h")
    assert weather(stand_in)[1] == whole


def test_fields_of_every_record_of_a_list_go(stand_in: ApiStandIn) -> None:
    stand_in.fault = Fault(kind="missing_field")
    listed = payments(stand_in)[1]["payments"]
    assert {"amount" in payment["amount_money"] for payment in listed} == {False}


def test_cursor_that_never_ends(stand_in: ApiStandIn) -> None:
    stand_in.fault, stand_in.records = Fault(kind="endless"), 1
    cursors: list[str] = []
    for _ in range(5):
        status, body = payments(stand_in, **({"cursor": cursors[-1]} if cursors else {}))
        assert (status, len(body["payments"])) == (200, 1)
        cursors.append(body["cursor"])
    assert len(set(cursors)) == 5


# Control


def test_clock_faults_and_records_are_set_and_shown_by_http(stand_in: ApiStandIn) -> None:
    fault = {"kind": "status", "status": 503, "times": 3, "match": BERLIN}
    told = {"now": "2020-12-05T10:07:00+01:00", "fault": fault, "records": 7}
    response, body = call(stand_in, "/_stand_in", told)
    state = json.loads(body)
    assert response.status == 200
    assert (state["now"], state["records"]) == ("2020-12-05T09:07:00Z", 7)
    assert state["fault"].items() >= fault.items()
    assert json.loads(call(stand_in, "/_stand_in")[1]) == state
    assert (weather(stand_in)[0], stand_in.fault.times if stand_in.fault else 0) == (503, 2)
    free = {"now": None, "fault": None, "records": None}
    assert json.loads(call(stand_in, "/_stand_in", free)[1]).items() > free.items()
    assert (stand_in.now, stand_in.fault, stand_in.records) == (None, None, None)


def test_real_clock_is_used_where_none_is_set(stand_in: ApiStandIn) -> None:
    stand_in.now = None
    assert 0 < time.time() - weather(stand_in)[1]["dt"] < 700


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ([], "now, fault and records"),
        ({"clock": 1}, "now, fault and records"),
        ({"now": "noon"}, "noon"),
        ({"fault": {"kind": "other"}}, "drop, slow"),
        ({"fault": {"kind": "drop", "status_code": 1}}, "an object of"),
        ({"fault": "drop"}, "an object of"),
        ({"records": "many"}, "many"),
    ],
)
def test_control_says_what_it_does_not_understand(
    stand_in: ApiStandIn, told: Any, says: str
) -> None:
    response, body = call(stand_in, "/_stand_in", told)
    assert response.status == 400
    assert says in json.loads(body)["stand_in"]
    assert (stand_in.now, stand_in.fault) == (NOW, None)


def test_unknown_host_is_named_with_those_that_are_known(stand_in: ApiStandIn) -> None:
    response, body = call(stand_in, "/example.com/a")
    assert response.status == 404
    assert openweather.HOST in body.decode()


def test_hosts_and_paths_are_those_of_the_datasets() -> None:
    for dataset, api in ((weather_hourly, openweather), (payments_hourly, square)):
        assert dataset.DATASET.url == f"https://{api.HOST}{api.PATH}"
    assert set(weather_hourly.CITIES.values()) <= set(openweather.CITIES)


# The program


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_command_needs_no_installed_package_writes_no_key_and_ends_cleanly(
    number: signal.Signals,
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-S", "-m", "infra.local.stand_ins.api", "--port", "0"],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": "", KEYS: json.dumps(OF_ALL)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout
        first = process.stdout.readline()
        url = re.search(r"http://[\d.:]+", first)
        assert url
        assert call(url[0], "/healthz")[1] == b"ok"
        answer, _ = call(url[0], f"{WEATHER}?id={BERLIN}&appid={WEATHER_KEY}")
        assert answer.status == 200
        # A request line that the server cannot read.
        with socket.create_connection(urlsplit(url[0]).netloc.split(":"), 5) as connection:  # type: ignore[arg-type] # host and port as text
            connection.sendall(f"GET /a?appid={WEATHER_KEY} b c\r\n\r\n".encode())
            with connection.makefile("rb") as answer_file:
                refused = answer_file.read().decode()
        assert "Error code: 400" in refused
        assert "canary" not in refused
        process.send_signal(number)
        assert process.wait(5) == 0
        assert "canary" not in first + process.stdout.read()
    finally:
        process.kill()
        process.communicate()

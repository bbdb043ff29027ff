from __future__ import annotations

import socket
from email.utils import formatdate
from typing import TYPE_CHECKING

import pytest

from include.core.web.client import Web
from include.errors import SourceRefusedError, SourceUnavailableError
from tests.support.fake_server import CSV, Clock, answers, cut, drop, fetch, ok, status, web_for

if TYPE_CHECKING:
    from collections.abc import Callable
    from http.server import BaseHTTPRequestHandler
    from pathlib import Path


@pytest.mark.parametrize("code", [400, 401, 403, 404, 410, 422])
def test_4xx_is_refused_without_retry(target: Path, code: int) -> None:
    with answers(status(code)) as server:
        with pytest.raises(SourceRefusedError, match=f"/file.csv answered {code}"):
            fetch(server, target, retry_seconds=300)
        assert len(server.seen) == 1


@pytest.mark.parametrize("code", [204, 206, 304])
def test_answer_without_the_whole_file_is_refused(target: Path, code: int) -> None:
    with answers(status(code)) as server, pytest.raises(SourceRefusedError, match=str(code)):
        fetch(server, target)


@pytest.mark.parametrize("code", [403, 429, 503])
def test_retry_after_in_seconds_is_waited_for(target: Path, code: int) -> None:
    clock = Clock()
    with answers(status(code, Retry_After="70"), ok) as server:
        fetch(server, target, clock=clock, retry_seconds=100)
    assert clock.waits == [70]


def test_retry_after_as_a_date_is_waited_for(target: Path) -> None:
    clock = Clock()
    date = formatdate(clock.now + 90, usegmt=True)
    with answers(status(429, Retry_After=date), ok) as server:
        fetch(server, target, clock=clock, retry_seconds=100)
    assert clock.waits == [90]


def test_retry_after_counts_from_each_answer(target: Path) -> None:
    clock = Clock()
    limit = status(429, Retry_After="70")
    with answers(limit, limit, ok) as server:
        fetch(server, target, clock=clock, retry_seconds=200)
    assert clock.waits == [70, 70]


@pytest.mark.parametrize("code", [403, 429])
def test_rate_limit_reset_is_waited_for_when_nothing_remains(target: Path, code: int) -> None:
    clock = Clock()
    reset = str(int(clock.now) + 80)
    limit = status(code, X_RateLimit_Remaining="0", X_RateLimit_Reset=reset)
    with answers(limit, ok) as server:
        fetch(server, target, clock=clock, retry_seconds=100)
    assert clock.waits == [80]


def test_403_with_requests_remaining_is_a_refusal(target: Path) -> None:
    limit = status(403, X_RateLimit_Remaining="7", X_RateLimit_Reset="1600000080")
    with answers(limit) as server, pytest.raises(SourceRefusedError):
        fetch(server, target, retry_seconds=100)


def test_rate_limit_beyond_the_budget_gives_up_at_once_and_says_when(target: Path) -> None:
    clock = Clock()
    with answers(status(429, Retry_After="3600")) as server:
        with pytest.raises(SourceUnavailableError, match="after 2020-09-13T13:26:40Z"):
            fetch(server, target, clock=clock, retry_seconds=300)
        assert len(server.seen) == 1
    assert clock.waits == []


@pytest.mark.parametrize("value", ["soon", "-5", "9" * 5000, "Tue, 99 Foo 2020 00:00:00 GMT"])
def test_retry_after_that_cannot_be_read_backs_off_as_usual(target: Path, value: str) -> None:
    with answers(status(429, Retry_After=value), ok) as server:
        assert fetch(server, target, retry_seconds=100).size_bytes == len(CSV)


def test_5xx_is_retried_with_full_jitter_within_the_budget(target: Path) -> None:
    clock = Clock()
    with answers(status(500)) as server:
        with pytest.raises(SourceUnavailableError, match=r"answered 500.*Try again later"):
            fetch(server, target, clock=clock, retry_seconds=300)
        assert len(server.seen) == len(clock.waits) + 1
    assert 240 <= sum(clock.waits) <= 300
    assert all(wait <= min(2**n, 60) for n, wait in enumerate(clock.waits))
    assert len({round(wait, 6) for wait in clock.waits}) == len(clock.waits)


@pytest.mark.parametrize("fault", [status(500), status(502), drop, cut])
def test_outage_that_passes_is_survived(
    target: Path, fault: Callable[[BaseHTTPRequestHandler], None]
) -> None:
    with answers(fault, fault, ok) as server:
        assert fetch(server, target, retry_seconds=300).size_bytes == len(CSV)
        assert len(server.seen) == 3


def test_refused_connection_is_unavailable(target: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        with pytest.raises(SourceUnavailableError, match="connection failed"):
            web_for(url).download(url, to=target, max_bytes=1)


def test_host_that_cannot_be_resolved_is_unavailable(target: Path) -> None:
    web = Web(hosts=("no-such-host.invalid",), retry_seconds=0)
    with pytest.raises(SourceUnavailableError, match="resolved"):
        web.download("https://no-such-host.invalid/", to=target, max_bytes=1)

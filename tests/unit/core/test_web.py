from __future__ import annotations

import hashlib
import socket
import threading
import time
import traceback
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

import pytest

from include.core.web import Web
from include.core.web_origins import is_public
from include.errors import ForbiddenAddressError, SourceRefusedError, SourceUnavailableError
from tests.unit.core.fake_server import FakeServer, send

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from http.server import BaseHTTPRequestHandler
    from pathlib import Path

CSV = b"date,cases\n2020-12-01,5\n"
MAX_BYTES = 1_000_000


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now, self.waits = 1_600_000_000.0, list[float]()

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


def web_for(url: str, *, clock: Clock | None = None, **options: Any) -> Web:
    clock = clock or Clock()
    return Web(
        hosts=(),
        stand_ins=(url,),
        sleep=clock.sleep,
        clock=lambda: clock.now,
        **{"request_seconds": 5, "retry_seconds": 0, **options},
    )


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Path]:
    """A file to download to; whatever a test does, nothing but a whole file stays there."""
    path = tmp_path / "file.csv"
    yield path
    assert [entry.name for entry in tmp_path.iterdir()] in ([], ["file.csv"])


def answers(*answer: Callable[[Any], None]) -> FakeServer:
    """Gives one answer after the other, and the last one from then on."""
    left = list(answer)

    def answer_next(handler: BaseHTTPRequestHandler) -> None:
        following = left.pop(0) if len(left) > 1 else left[0]
        following(handler)

    return FakeServer(answer_next)


def ok(handler: BaseHTTPRequestHandler) -> None:
    send(handler, CSV)


def status(code: int, **headers: str) -> Callable[[BaseHTTPRequestHandler], None]:
    return lambda handler: send(handler, b"secret body", status=code, **headers)


def cut(handler: BaseHTTPRequestHandler) -> None:
    send(handler, CSV[:-3], Content_Length=str(len(CSV)))


def drop(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.shutdown(socket.SHUT_RDWR)


def fetch(server: FakeServer, target: Path, **options: Any) -> Any:
    return web_for(server.url, **options).download(
        f"{server.url}/file.csv", to=target, max_bytes=MAX_BYTES
    )


def test_download_knows_size_and_sha256_of_what_it_stored(target: Path) -> None:
    with answers(ok) as server:
        got = fetch(server, target)
    assert target.read_bytes() == CSV
    assert (got.path, got.size_bytes) == (target, len(CSV))
    assert got.sha256 == hashlib.sha256(CSV).hexdigest()
    assert server.seen[0][1]["Accept-Encoding"] == "identity"


def test_empty_file_is_a_file(target: Path) -> None:
    with answers(send) as server:
        assert fetch(server, target).size_bytes == 0
    assert target.read_bytes() == b""


def test_body_of_exactly_the_limit_is_taken_and_one_byte_more_refused(target: Path) -> None:
    with answers(ok) as server:
        web = web_for(server.url)
        web.download(server.url, to=target, max_bytes=len(CSV))
        target.unlink()
        with pytest.raises(SourceRefusedError, match="limit of 23 bytes"):
            web.download(server.url, to=target, max_bytes=len(CSV) - 1)
    assert len(server.seen) == 2


def test_failed_download_leaves_the_file_of_an_earlier_one_as_it_was(target: Path) -> None:
    target.write_bytes(b"earlier")
    with answers(cut) as server, pytest.raises(SourceUnavailableError):
        fetch(server, target)
    assert target.read_bytes() == b"earlier"


# A page or a pointer instead of the file


@pytest.mark.parametrize(
    "body",
    [b"<!DOCTYPE html><p>Sign in", b"\xef\xbb\xbf\n <HTML><body>", b"<head></head>"],
)
def test_html_with_status_200_instead_of_csv_is_refused(target: Path, body: bytes) -> None:
    def page(handler: BaseHTTPRequestHandler) -> None:
        send(handler, body, Content_Type="text/plain")

    with answers(page) as server, pytest.raises(SourceRefusedError, match="HTML page"):
        fetch(server, target)
    assert len(server.seen) == 1


def test_html_content_type_instead_of_csv_is_refused(target: Path) -> None:
    def page(handler: BaseHTTPRequestHandler) -> None:
        send(handler, b"Please wait", Content_Type="Text/HTML; charset=utf-8")

    with answers(page) as server, pytest.raises(SourceRefusedError, match="HTML page"):
        fetch(server, target)


def test_html_start_that_drips_in_byte_by_byte_is_seen(target: Path) -> None:
    def page(handler: BaseHTTPRequestHandler) -> None:
        send(handler, Content_Length="6")
        for byte in b"<html>":
            handler.wfile.write(bytes([byte]))
            time.sleep(0.01)

    with answers(page) as server, pytest.raises(SourceRefusedError, match="HTML page"):
        fetch(server, target)


def test_git_lfs_pointer_is_refused(target: Path) -> None:
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"
    with (
        answers(lambda handler: send(handler, pointer)) as server,
        pytest.raises(SourceRefusedError, match="Git LFS pointer"),
    ):
        fetch(server, target)


def test_compressed_answer_that_was_not_asked_for_is_refused(target: Path) -> None:
    with (
        answers(lambda handler: send(handler, b"\x1f\x8b", Content_Encoding="gzip")) as server,
        pytest.raises(SourceRefusedError, match="compressed"),
    ):
        fetch(server, target)


# Cut, slow and endless bodies


def test_fewer_bytes_than_content_length_is_an_error_after_retries(target: Path) -> None:
    with answers(cut) as server:
        with pytest.raises(SourceUnavailableError, match="broke off"):
            fetch(server, target, retry_seconds=30)
        assert len(server.seen) > 1


def test_body_cut_once_is_fetched_again_from_its_beginning(target: Path) -> None:
    with answers(cut, ok) as server:
        assert fetch(server, target, retry_seconds=30).size_bytes == len(CSV)
    assert target.read_bytes() == CSV


def test_chunked_body_cut_before_its_end_is_an_error(target: Path) -> None:
    def chunked(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\ndate,\r\n")

    with answers(chunked) as server, pytest.raises(SourceUnavailableError):
        fetch(server, target)


def dripping(*, head: bytes, drop_of: bytes) -> Callable[[BaseHTTPRequestHandler], None]:
    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(head)
        try:
            for _ in range(200):
                handler.wfile.write(drop_of)
                time.sleep(0.05)
        except OSError:
            handler.close_connection = True  # the client has hung up, as it should

    return drip


@pytest.mark.parametrize(
    ("head", "drop_of"),
    [
        (b"HTTP/1.0 200 OK\r\nContent-Length: 9999\r\n\r\n", b"x"),
        (b"HTTP/1.0 200 OK\r\n\r\n", b"x"),
        (b"HTTP/1.0 200 OK\r\nX-Slow: ", b"x"),
        (b"HTTP", b""),
        (b"", b""),
    ],
    ids=["body with length", "body without length", "header", "stalled", "silent"],
)
def test_slow_drip_or_stall_ends_at_the_time_limit(
    target: Path, head: bytes, drop_of: bytes
) -> None:
    started = time.monotonic()
    with (
        answers(dripping(head=head, drop_of=drop_of)) as server,
        pytest.raises(SourceUnavailableError, match="ran out of time"),
    ):
        fetch(server, target, request_seconds=0.4)
    assert time.monotonic() - started < 3


def test_endless_body_ends_at_the_byte_limit_without_retry(target: Path) -> None:
    sent = 0

    def endless(handler: BaseHTTPRequestHandler) -> None:
        nonlocal sent
        handler.wfile.write(b"HTTP/1.0 200 OK\r\n\r\n")
        try:
            while sent < 100 * MAX_BYTES:
                sent += handler.wfile.write(b"x" * 65_536)
        except OSError:
            handler.close_connection = True  # the client has hung up, as it should

    with answers(endless) as server:
        with pytest.raises(SourceRefusedError, match="limit of 1000000 bytes"):
            fetch(server, target, retry_seconds=30)
        assert len(server.seen) == 1
    assert sent < 50 * MAX_BYTES


def test_announced_length_over_the_limit_is_refused_before_the_body(target: Path) -> None:
    with (
        answers(lambda handler: send(handler, Content_Length="99999999999")) as server,
        pytest.raises(SourceRefusedError, match="larger than the limit"),
    ):
        fetch(server, target)


# Refusals, rate limits and outages


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


# Addresses and redirects


def redirect(to: str, code: int = 302) -> Callable[[BaseHTTPRequestHandler], None]:
    return lambda handler: send(handler, b"moved", status=code, Location=to)


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_redirect_within_the_allow_list_is_followed(target: Path, code: int) -> None:
    with answers(redirect("/other.csv?x=1", code), ok) as server:
        assert fetch(server, target).size_bytes == len(CSV)
        assert [path for path, _ in server.seen] == ["/file.csv", "/other.csv?x=1"]


def test_five_redirects_are_followed_and_six_are_not(target: Path) -> None:
    with answers(*[redirect("/next")] * 5, ok) as server:
        fetch(server, target)
    with answers(*[redirect("/next")] * 6, ok) as server:
        with pytest.raises(SourceRefusedError, match="more than 5 times"):
            fetch(server, target)
        assert len(server.seen) == 6


def test_redirect_to_another_host_is_forbidden(target: Path) -> None:
    with answers(ok) as other, answers(redirect(f"{other.url}/file.csv")) as server:
        with pytest.raises(ForbiddenAddressError):
            fetch(server, target, retry_seconds=300)
        assert other.seen == []
        assert len(server.seen) == 1


@pytest.mark.parametrize(
    "address",
    [
        "https://example.com/",
        "//example.com/",
        "ftp://127.0.0.1/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "https://user:password@raw.example/",
        "https://example.com\\@raw.example/",
        "https://raw.example:8443/",
        "https://raw.example.:443/",
        "http://raw.example/",
        "http://[::1/",
        "http://127.0.0.1:99999/",
    ],
)
def test_redirect_to_what_is_not_allow_listed_is_forbidden(target: Path, address: str) -> None:
    with answers(redirect(address)) as server:
        web = Web(hosts=("raw.example",), stand_ins=(server.url,), retry_seconds=0)
        with pytest.raises(ForbiddenAddressError):
            web.download(server.url, to=target, max_bytes=1)


def test_redirect_to_plain_http_is_forbidden_even_on_an_allowed_host(target: Path) -> None:
    with answers(redirect("http://raw.example/")) as server:
        web = Web(hosts=("raw.example",), stand_ins=(server.url,))
        with pytest.raises(ForbiddenAddressError, match="not https"):
            web.download(server.url, to=target, max_bytes=1)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "10.1.2.3", "192.168.0.1", "169.254.169.254", "localhost"]
)
def test_redirect_to_a_private_loopback_or_link_local_address_is_forbidden(
    target: Path, host: str
) -> None:
    with answers(redirect(f"https://{host}/")) as server:
        web = Web(hosts=(host,), stand_ins=(server.url,))
        with pytest.raises(ForbiddenAddressError, match="not a public address"):
            web.download(server.url, to=target, max_bytes=1)


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("140.82.121.6", True),
        ("2606:50c0:8000::154", True),
        ("64:ff9b::8c52:7906", True),
        ("127.0.0.1", False),
        ("10.0.0.1", False),
        ("100.64.0.1", False),
        ("172.31.255.255", False),
        ("169.254.169.254", False),
        ("0.0.0.0", False),  # noqa: S104 - nothing binds to it
        ("224.0.0.1", False),
        ("240.0.0.1", False),
        ("::1", False),
        ("::", False),
        ("fe80::1%eth0", False),
        ("fd00:ec2::254", False),
        ("ff02::1", False),
        ("::ffff:169.254.169.254", False),
        ("64:ff9b::a9fe:a9fe", False),
        ("2002:7f00:1::", False),
    ],
)
def test_only_addresses_in_the_public_internet_are_public(address: str, *, public: bool) -> None:
    assert is_public(address) is public


def test_stand_in_admits_its_exact_origin_alone(target: Path) -> None:
    with answers(ok) as server:
        other_name = server.url.replace("127.0.0.1", "localhost")
        with pytest.raises(ForbiddenAddressError):
            web_for(server.url).download(other_name, to=target, max_bytes=MAX_BYTES)
        assert server.seen == []


def test_credentials_stay_with_their_origin_on_a_redirect(target: Path) -> None:
    with answers(ok) as other, answers(redirect(f"{other.url}/file.csv")) as server:
        web = Web(hosts=(), stand_ins=(server.url, other.url))
        secret = {"Authorization": "Bearer abc", "X-Api-Key": "def"}
        web.download(server.url, to=target, max_bytes=MAX_BYTES, headers=secret)
    assert secret.items() <= server.seen[0][1].items()
    assert not secret.keys() & other.seen[0][1].keys()


def test_proxies_and_netrc_of_the_environment_are_not_used(
    target: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path_factory.mktemp("home") / "netrc"
    netrc.write_text("default login ann password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    with answers(ok) as server:
        fetch(server, target)
        assert "Authorization" not in server.seen[0][1]


# JSON, and what messages may say


def test_json_is_parsed_and_its_parameters_are_sent() -> None:
    with answers(lambda handler: send(handler, b'{"a": [1, null]}')) as server:
        got = web_for(server.url).get_json(f"{server.url}/api", params={"q": "a b&c"})
        assert server.seen[0][0] == "/api?q=a+b%26c"
    assert got == {"a": [1, None]}


@pytest.mark.parametrize("body", [b"", b"<html>", b"{", b"\xff\xfe", b"[" * 200_000])
def test_answer_that_is_not_json_is_refused(body: bytes) -> None:
    with (
        answers(lambda handler: send(handler, body)) as server,
        pytest.raises(SourceRefusedError, match="not JSON"),
    ):
        web_for(server.url).get_json(server.url)


def test_json_over_its_limit_is_refused() -> None:
    with (
        answers(lambda handler: send(handler, b'"' + b"x" * 100 + b'"')) as server,
        pytest.raises(SourceRefusedError, match="limit of 50 bytes"),
    ):
        web_for(server.url).get_json(server.url, max_bytes=50)


def without_source(error: BaseException) -> str:
    """The whole traceback as a log has it, but for the lines of code that it quotes."""
    lines = "".join(traceback.format_exception(error)).splitlines()
    return "\n".join(line for line in lines if not line.startswith("    "))


@pytest.mark.parametrize(
    "answer",
    [
        status(404),
        status(500),
        status(429, Retry_After="99"),
        ok,
        cut,
        drop,
        redirect("https://evil.example/hidden?key=hidden"),
        redirect("/again?key=hidden"),
    ],
)
def test_messages_and_tracebacks_hold_no_query_header_or_content(
    answer: Callable[[BaseHTTPRequestHandler], None],
) -> None:
    errors = (SourceRefusedError, SourceUnavailableError)
    with answers(answer) as server, pytest.raises(errors) as caught:
        web_for(server.url).get_json(
            f"{server.url}/api",
            params={"key": "hidden"},
            headers={"Authorization": "Bearer hidden"},
        )
    told = without_source(caught.value)
    assert "\n" not in str(caught.value)
    for secret in ("hidden", "secret body", "2020-12-01"):
        assert secret not in told


def test_header_that_is_no_header_is_refused_without_naming_its_value() -> None:
    with answers(ok) as server, pytest.raises(SourceRefusedError) as caught:
        web_for(server.url).get_json(server.url, headers={"Authorization": "a\nhidden"})
    assert "hidden" not in without_source(caught.value)


def test_no_thread_stays_behind(target: Path) -> None:
    before = threading.active_count()
    with answers(ok) as server:
        fetch(server, target)
    deadline = time.monotonic() + 2
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert threading.active_count() == before

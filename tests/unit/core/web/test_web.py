from __future__ import annotations

import gzip
import hashlib
import threading
import time
import traceback
from typing import TYPE_CHECKING

import pytest

from include.errors import SourceRefusedError, SourceUnavailableError
from tests.support.fake_server import (
    CSV,
    MAX_BYTES,
    answers,
    cut,
    drop,
    fetch,
    ok,
    redirect,
    send,
    status,
    web_for,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from http.server import BaseHTTPRequestHandler
    from pathlib import Path


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


@pytest.mark.parametrize(
    ("path", "body", "what"),
    [
        ("/x.csv", b'{"message": "Not Found"}', 'it is a JSON answer that says "Not Found"'),
        ("/x.csv", b"PK\x03\x04" + bytes(30), "it is a ZIP archive"),
        ("/x.csv", b"<title>Slow down</title>", 'it is an HTML page titled "Slow down"'),
        ("/x.csv.gz", gzip.compress(gzip.compress(b"a,b\n")), "it is compressed twice"),
        ("/x.csv.gz", gzip.compress(b"<html>"), "it is an HTML page"),
    ],
)
def test_answer_that_is_no_csv_file_is_refused_by_what_it_is(
    target: Path, path: str, body: bytes, what: str
) -> None:
    with (
        answers(lambda handler: send(handler, body)) as server,
        pytest.raises(SourceRefusedError, match=f"{path} answered .*: {what}"),
    ):
        fetch(server, target, path)
    assert not target.exists()


def test_compressed_file_is_taken_only_where_its_address_says_so(target: Path) -> None:
    body = gzip.compress(b"a,b\n1,2\n")
    with answers(lambda handler: send(handler, body)) as server:
        with pytest.raises(SourceRefusedError, match=r"x\.csv .*: it is compressed with gzip"):
            fetch(server, target, "/x.csv")
        assert fetch(server, target, "/x.csv.gz").size_bytes == len(body)


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
    text = without_source(caught.value)
    assert "\n" not in str(caught.value)
    for secret in ("hidden", "secret body", "2020-12-01"):
        assert secret not in text


def test_address_that_refuses_connections_is_named_without_its_query() -> None:
    with answers(ok) as server:
        url = server.url
    with pytest.raises(SourceUnavailableError) as caught:
        web_for(url).get_json(f"{url}/api", params={"key": "hidden"})
    assert "hidden" not in without_source(caught.value)


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

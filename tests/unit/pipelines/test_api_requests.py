"""What an API is asked: every record of a list of any length, once, and then no more."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.contracts import Cursor, History, NextLink, PageNumbers
from include.core.web.client import Reply
from include.datasets import payments_hourly
from include.errors import SourceRefusedError
from include.pipelines.api_to_lake.requests import Request, first_request, following_request
from tests.support.examples import examples

EIGHT = datetime(2020, 12, 5, 8, tzinfo=timezone.utc)
URL = payments_hourly.DATASET.url
PAGINATIONS: dict[str, Any] = {
    "numbers": PageNumbers(parameter="page", size_parameter="size", size=3),
    "numbers from 0": PageNumbers(parameter="page", size_parameter=None, size=3, first=0),
    "cursor": Cursor(parameter="cursor", path="next.cursor"),
    "link in the answer": NextLink(path="links.next"),
    "link in a header": NextLink(),
}


def declared(pagination: Any, **others: Any) -> Any:
    return replace(payments_hourly.DATASET, pagination=pagination, records="rows", **others)


def answer(pagination: Any, request: Request, records: list[int]) -> Reply:
    """What a server of such an API answers, three records a page."""
    names = {PageNumbers: "page", Cursor: "cursor", NextLink: "from"}
    given_place = int(request.params.get(names[type(pagination)], 0))
    first = getattr(pagination, "first", 0)
    start = (given_place - first) * 3 if isinstance(pagination, PageNumbers) else given_place
    body: dict[str, Any] = {"rows": records[start : start + 3]}
    headers = {}
    if start + 3 < len(records):
        link = f"{URL}?{urlencode({**request.params, 'from': start + 3})}"
        body |= {"next": {"cursor": str(start + 3)}, "links": {"next": link}}
        headers["Link"] = f'<{URL}?from=0>; rel="first", <{link}>; rel="next"'
    return Reply(address=URL, status=200, headers=headers, body=json.dumps(body).encode())


def asked_of(dataset: Any, records: list[int]) -> list[Reply]:
    request: Request | None = first_request(dataset, dataset.calls[0], EIGHT)
    replies: list[Reply] = []
    while request is not None:
        assert request.page == len(replies) + 1
        replies.append(answer(dataset.pagination, request, records))
        request = following_request(dataset, request, replies[-1])
    return replies


@settings(max_examples=examples(50))
@given(st.sampled_from(sorted(PAGINATIONS)), st.integers(0, 30))
def test_every_record_comes_once(name: str, count: int) -> None:
    replies = asked_of(declared(PAGINATIONS[name]), [*range(count)])
    found = [row for reply in replies for row in json.loads(reply.body)["rows"]]
    assert found == [*range(count)]
    # Numbers alone do not say that a full page was the last one.
    full = count // 3 + 1 if name.startswith("numbers") else max(-(-count // 3), 1)
    assert len(replies) == full


@pytest.mark.parametrize("name", PAGINATIONS)
def test_more_pages_than_declared_are_refused(name: str) -> None:
    dataset = declared(replace(PAGINATIONS[name], most=4))
    assert len(asked_of(dataset, [*range(11)])) == 4
    with pytest.raises(SourceRefusedError, match="has more than 4 pages"):
        asked_of(dataset, [*range(13)])


def test_hour_is_asked_for_by_its_two_ends() -> None:
    history = History(params={"from": "{start}", "to": "{end}", "s": "{start_epoch}/{end_epoch}"})
    request = first_request(
        declared(None, history=history), payments_hourly.DATASET.calls[0], EIGHT
    )
    seven = int((EIGHT - timedelta(hours=1)).timestamp())
    assert request.params["from"] == "2020-12-05T07:00:00Z"
    assert request.params["to"] == "2020-12-05T08:00:00Z"
    assert request.params["s"] == f"{seven}/{seven + 3600}"


@pytest.mark.parametrize("link", [7, ["x"], {"href": "x"}])
def test_link_that_is_no_text_is_refused(link: Any) -> None:
    dataset = declared(NextLink(path="links.next"))
    body = json.dumps({"rows": [], "links": {"next": link}}).encode()
    reply = Reply(address=URL, status=200, headers={}, body=body)
    with pytest.raises(SourceRefusedError, match="no address of its next page"):
        following_request(dataset, Request(url=URL, params={}), reply)


def test_page_that_is_its_own_next_page_is_refused() -> None:
    dataset = declared(NextLink(path="next"))
    reply = Reply(address=URL, status=200, headers={}, body=json.dumps({"next": "?a=1"}).encode())
    with pytest.raises(SourceRefusedError, match="as its own next page"):
        following_request(dataset, Request(url=URL, params={"a": "1"}), reply)


@pytest.mark.parametrize("body", [b"[]", b"5", b'"text"', b"null", b'{"next": null}'])
def test_answers_without_a_cursor_are_the_last(body: bytes) -> None:
    dataset = declared(Cursor(parameter="cursor", path="next.cursor"))
    reply = Reply(address=URL, status=200, headers={}, body=body)
    assert following_request(dataset, Request(url=URL, params={}), reply) is None

"""What is asked of an API: the first page of a call, and those that follow it."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urljoin, urlsplit, urlunsplit

from requests.utils import parse_header_links

from include.contracts.apis import Cursor, NextLink, PageNumbers
from include.core.runs.notices import format_moment
from include.errors import SourceRefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from include.contracts.apis import ApiCall, ApiDataset, History
    from include.core.web.client import Reply

_HOUR = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class Request:
    """One page to ask for.

    Attributes:
        url: without its query.
        params: of the query, without the key of the API.
        page: its number, from 1.
    """

    url: str
    params: Mapping[str, str]
    page: int = 1


def first_request(dataset: ApiDataset, call: ApiCall, as_of: datetime) -> Request:
    """Write the request for the first page of a call.

    Arguments:
        dataset: the contract.
        call: one of its calls.
        as_of: the hour.
    """
    params = {**dataset.params, **call.params}
    if dataset.history:
        params |= _moments(dataset.history, as_of)
    pages = dataset.pagination
    if isinstance(pages, PageNumbers):
        params[pages.parameter] = str(pages.first)
        if pages.size_parameter:
            params[pages.size_parameter] = str(pages.size)
    return Request(url=dataset.url, params=params)


def following_request(dataset: ApiDataset, request: Request, reply: Reply) -> Request | None:
    """Write the request for the page after one, None after the last.

    Arguments:
        dataset: the contract.
        request: what was asked.
        reply: its answer, which is JSON.

    Raises:
        SourceRefusedError: there are more pages than declared, or they go in a circle.
    """
    pages = dataset.pagination
    if pages is None:
        return None
    if isinstance(pages, PageNumbers):
        full = len(_records(dataset, reply)) >= pages.size
        number = str(int(request.params[pages.parameter]) + 1)
        found = replace(request, params={**request.params, pages.parameter: number})
        following = found if full else None
    elif isinstance(pages, Cursor):
        cursor = _value_at(json.loads(reply.body), pages.path)
        found = replace(request, params={**request.params, pages.parameter: str(cursor)})
        following = found if cursor not in (None, "") else None
    else:
        following = _linked(pages, request, reply)
    if following is None:
        return None
    if following == request:
        raise SourceRefusedError(f"{reply.address} gives page {request.page} as its own next page")
    if request.page >= pages.most:
        raise SourceRefusedError(
            f"{reply.address} has more than {pages.most} pages. Raise the dataset's limit of "
            "pages if there are really so many"
        )
    return replace(following, page=request.page + 1)


def _moments(history: History, as_of: datetime) -> dict[str, str]:
    start = as_of - _HOUR
    ends = {
        "start": format_moment(start),
        "end": format_moment(as_of),
        "start_epoch": int(start.timestamp()),
        "end_epoch": int(as_of.timestamp()),
    }
    return {name: text.format(**ends) for name, text in history.params.items()}


def _records(dataset: ApiDataset, reply: Reply) -> list[Any]:
    answer = json.loads(reply.body)
    found = _value_at(answer, dataset.records) if dataset.records else answer
    return found if isinstance(found, list) else [found]


def _value_at(value: Any, path: str) -> Any:
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _linked(pages: NextLink, request: Request, reply: Reply) -> Request | None:
    if pages.path is not None:
        link = _value_at(json.loads(reply.body), pages.path)
    else:
        headers = {name.lower(): value for name, value in reply.headers.items()}
        links = parse_header_links(headers.get("link", ""))
        link = next((each["url"] for each in links if each.get("rel") == "next"), None)
    if not link:
        return None
    if not isinstance(link, str):
        raise SourceRefusedError(f"{reply.address} gives no address of its next page")
    scheme, host, path, asked, _ = urlsplit(urljoin(request.url, link))
    params = dict(parse_qsl(asked, keep_blank_values=True))
    return Request(url=urlunsplit((scheme, host, path, "", "")), params=params)
